package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// Options say how runs are compared.
type Options struct {
	// SameContent lets sources of different hashes be compared: the user says
	// that their frames correspond one to one. Their number must agree.
	SameContent bool
	// Resamples and Seed are of the bootstrap; 0 resamples: 1,000.
	Resamples int
	Seed      uint64
	// MaxBins bounds a stream's timeline in the page; 0: 4096.
	MaxBins int
}

// Runs compares the first side with each of the others. A [Refusal] says why
// that would mean nothing.
func Runs(ctx context.Context, sides []*Side, o Options) (_ *Result, err error) {
	if len(sides) < 2 {
		return nil, errors.New("a comparison needs two runs")
	}
	c := &comparing{sides: sides, cfg: stability.DefaultConfig(), o: o}
	if o.Resamples > 0 {
		c.cfg.Resamples = o.Resamples
	}
	if o.Seed != 0 {
		c.cfg.Seed = o.Seed
	}
	for _, side := range sides[1:] {
		places, err := match(sides[0], side, o.SameContent)
		if err != nil {
			return nil, err
		}
		c.places = append(c.places, places)
	}
	defer func() {
		for _, r := range c.readers {
			err = errors.Join(err, r.close())
		}
	}()
	for _, side := range sides {
		r, err := side.open()
		if err != nil {
			return nil, err
		}
		c.readers = append(c.readers, r)
	}
	c.start()
	for i := range sides[0].Summary.Streams {
		if err := c.stream(ctx, i); err != nil {
			return nil, err
		}
	}
	return c.result(), nil
}

// comparing is a comparison while it lasts.
type comparing struct {
	sides   []*Side
	places  [][]int // of run k+1, for each of the baseline's streams
	readers []*reader
	cfg     stability.Config
	o       Options

	against []against // of each run but the baseline
	differ  [][]int64 // frames of run i and j that differ, i < j
	both    [][]int64 // frames of run i and j that have labels
	lines   []*lineup
	names   names
}

// against gathers one run against the baseline.
type against struct {
	deltas    []*stability.PairedDelta
	flips     []FlipCounts
	confusion confusion
	stretches stretches
	common    map[string]bool // labels of the baseline that the run gives, too
}

func (c *comparing) start() {
	n := len(c.sides)
	c.against = make([]against, n-1)
	c.names.index = make(map[string]int32)
	for range n {
		c.differ, c.both = append(c.differ, make([]int64, n)), append(c.both, make([]int64, n))
	}
}

// stream reads the i-th stream of the baseline and its twins in lockstep.
func (c *comparing) stream(ctx context.Context, i int) error {
	name := c.sides[0].stream(i).Stream
	for k, r := range c.readers {
		stream := name
		if k > 0 {
			stream = c.sides[k].stream(c.places[k-1][i]).Stream
		}
		if err := r.seek(stream); err != nil {
			return err
		}
	}
	for k := range c.against {
		a := &c.against[k]
		a.deltas = append(a.deltas, stability.NewPairedDelta(name, c.cfg))
		a.flips = append(a.flips, FlipCounts{})
	}
	line := newLineup(name, len(c.sides), c.o.MaxBins)
	c.lines = append(c.lines, line)
	now := make([]observed, len(c.sides))
	var number int64
	var last, interval time.Duration
	for ; ; number++ {
		if number%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		more := 0
		for k, r := range c.readers {
			ok, err := r.next(&now[k])
			if err != nil {
				return err
			}
			if ok {
				more++
			}
		}
		if more == 0 {
			break
		}
		if more < len(now) {
			return refuse("the tables of %s have different numbers of frames, and not those of their summaries: repeat the runs", name)
		}
		for k := 1; k < len(now); k++ {
			if err := corresponds(c.sides[0], c.sides[k], name, number, &now[0], &now[k], interval); err != nil {
				return err
			}
		}
		if number > 0 && now[0].at > last {
			interval = now[0].at - last
		}
		last = now[0].at
		c.frame(line, number, now)
	}
	if want := int64(c.sides[0].stream(i).Frames); number != want {
		return fmt.Errorf("%s: its table has %d frames of %s and its summary %d: repeat the run", c.sides[0].Dir, number, name, want)
	}
	for k := range c.against {
		c.against[k].stretches.end()
	}
	return nil
}

// frame takes what all runs say of one frame.
func (c *comparing) frame(line *lineup, number int64, now []observed) {
	base := &now[0]
	at, timed := base.at, base.timed
	labels := make([]int32, len(now))
	repeated := true
	for k := range now {
		labels[k] = c.names.of(&now[k])
		repeated = repeated && now[k].repeat
		if !timed && now[k].timed {
			at, timed = now[k].at, true
		}
	}
	line.add(at, timed, now, labels)
	for i := range now {
		for j := i + 1; j < len(now); j++ {
			if d := differ(&now[i], &now[j]); d != stability.Unknown {
				c.both[i][j]++
				if d == stability.True {
					c.differ[i][j]++
				}
			}
		}
	}
	for k := range c.against {
		a, run := &c.against[k], &now[k+1]
		d := differ(base, run)
		if d == stability.True {
			a.confusion.add(labels[0], labels[k+1])
		}
		if d == stability.False {
			a.saw(base.label)
		}
		a.stretches.add(line.stream, number, at, timed, d == stability.True, labels[0], labels[k+1])
		if repeated {
			continue
		}
		n := len(a.deltas) - 1
		a.deltas[n].AddFrame(at, timed, base.fact, run.fact, d)
		if base.fact.Pair && run.fact.Pair {
			f := &a.flips[n]
			switch {
			case base.fact.Flip && run.fact.Flip:
				f.Both++
			case base.fact.Flip:
				f.OnlyBaseline++
			case run.fact.Flip:
				f.OnlyRun++
			}
		}
	}
}

// saw remembers that both runs give a label; one is enough to know that they
// speak the same language.
func (a *against) saw(label string) {
	if len(a.common) == 0 {
		a.common = map[string]bool{label: true}
	}
}

// differ compares two labels: by name where both have one, else by number.
func differ(a, b *observed) stability.Tri {
	switch {
	case a.named && b.named:
		return stability.TriOf(a.label != b.label)
	case a.index != stability.NoLabel && b.index != stability.NoLabel:
		return stability.TriOf(a.index != b.index)
	}
	return stability.Unknown
}

func (c *comparing) result() *Result {
	res := &Result{Schema: Schema, SameContent: c.o.SameContent, Comparisons: []Comparison{}, Notes: []string{}, lines: c.lines, labels: c.names.all}
	for _, s := range c.sides {
		res.Runs = append(res.Runs, Run{Name: s.Name, Streams: s.Summary.Streams, Total: s.Summary.Total, Complete: s.Summary.Complete})
	}
	for k := range c.against {
		res.Comparisons = append(res.Comparisons, c.comparison(k))
	}
	res.LabelsDiffer = make([][]report.Number, len(c.sides))
	for i := range c.sides {
		for j := range c.sides {
			v := report.Number(0)
			if i != j {
				x, y := min(i, j), max(i, j)
				v = report.Number(math.NaN())
				if n := c.both[x][y]; n > 0 {
					v = report.Number(float64(c.differ[x][y]) / float64(n))
				}
			}
			res.LabelsDiffer[i] = append(res.LabelsDiffer[i], v)
		}
	}
	res.Notes = append(res.Notes, c.notes(res)...)
	return res
}

func (c *comparing) comparison(k int) Comparison {
	a, base, run := &c.against[k], c.sides[0], c.sides[k+1]
	out := Comparison{
		Baseline: base.Name, Run: run.Name, Identity: []Difference{},
		Disagreements: a.confusion.top(c.names.all), Stretches: a.stretches.top(c.names.all),
	}
	var flips FlipCounts
	for i := range a.deltas {
		f := a.flips[i]
		flips.Both += f.Both
		flips.OnlyBaseline += f.OnlyBaseline
		flips.OnlyRun += f.OnlyRun
		out.PerStream = append(out.PerStream, StreamComparison{base.stream(i).Stream, measured(a.deltas[i].Delta(), f)})
		seen := make(map[Difference]bool)
		for _, d := range out.Identity {
			seen[d] = true
		}
		for _, d := range Identities(base.stream(i).Identity, run.stream(c.places[k][i]).Identity) {
			if !seen[d] {
				out.Identity = append(out.Identity, d)
			}
		}
	}
	micro, macro := stability.CombineDeltas(a.deltas, c.cfg.Resamples, c.cfg.Seed)
	out.Measured, out.macro, out.places = measured(micro, flips), report.DeltaOf(macro), c.places[k]
	return out
}

// notes are what must not be overlooked.
func (c *comparing) notes(res *Result) []string {
	var out []string
	for i, s := range c.sides {
		if !s.Summary.Complete {
			out = append(out, fmt.Sprintf("%s is incomplete: the figures hold for what was read.", s.Name))
		}
		if s.flips == "" {
			out = append(out, fmt.Sprintf("%s has no table of flips, so its unexplained flips can't be told apart.", s.Name))
		}
		if i == 0 {
			continue
		}
		cmp := &res.Comparisons[i-1]
		if cmp.Frames > 0 && len(c.against[i-1].common) == 0 {
			out = append(out, fmt.Sprintf("%s and %s agree on no frame at all: do their labels come from the same list?", cmp.Baseline, cmp.Run))
		}
		for n, j := range c.places[i-1] {
			b, r := c.sides[0].stream(n).Source, s.stream(j).Source
			switch {
			case b.SHA256 == nil || r.SHA256 == nil:
				out = append(out, fmt.Sprintf("The hash of %s is not known on both sides: it is taken for the same source by its name.", b.Name))
			case *b.SHA256 != *r.SHA256:
				out = append(out, fmt.Sprintf("%s and %s are different files; that their frames correspond is what --same-content says.", b.Name, r.Name))
			}
		}
	}
	return out
}
