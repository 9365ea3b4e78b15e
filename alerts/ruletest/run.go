package ruletest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/stability"
)

// Result is what became of one test.
type Result struct {
	Name string
	// Diffs are the lines that tell expected from found; empty if the test
	// passed.
	Diffs []string
}

// Passed says whether everything was as expected.
func (r *Result) Passed() bool { return len(r.Diffs) == 0 }

// Run runs all tests of a file that Load has read.
func (f *File) Run() []Result {
	out := make([]Result, len(f.Tests))
	for i := range f.Tests {
		t := &f.Tests[i]
		rules := t.Rules
		if rules == nil {
			rules = f.Rules
		}
		out[i] = Result{Name: t.Name, Diffs: t.compare(t.play(rules))}
	}
	return out
}

// found is what a sequence led to.
type found struct {
	flips      []stability.Flip // in order, the last revision of each
	cutChanges int
	labels     []string
	moments    []moment
}

// play runs the sequence.
func (t *Test) play(rules []alerts.Rule) *found {
	frames, err := parseSequence(t.Sequence)
	if err != nil {
		panic("BUG: a test that was not validated: " + err.Error())
	}
	engine, err := alerts.NewEngine(alerts.Config{Rules: rules})
	if err != nil {
		panic("BUG: a test that was not validated: " + err.Error())
	}
	p := &player{
		test: t, engine: engine, windows: engine.Windows(), every: orDefault(t.Every, defaultEvery),
		index: map[string]int32{}, known: map[uint64]int{},
	}
	p.tracker = stability.NewTracker(t.config(p.windows))
	frameTime := float64(time.Second) / orDefault(t.FPS, defaultFPS)
	var last time.Duration
	for i := range frames {
		last = time.Duration(math.Round(float64(i) * frameTime))
		p.frame(uint64(i), last, &frames[i])
	}
	p.tracker.Flush(&p.update)
	p.take()
	for at := p.next; at <= last+t.DownFor; at += p.every {
		p.note(p.engine.Tick(at, nil))
	}
	return &p.found
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

type player struct {
	found
	test    *Test
	engine  *alerts.Engine
	windows []time.Duration
	every   time.Duration
	next    time.Duration // when the rules look again
	tracker *stability.Tracker
	update  stability.Update
	window  stability.Window
	index   map[string]int32 // of labels
	known   map[uint64]int   // where in flips one lies
	prev    stability.Observation
}

func (p *player) frame(seq uint64, pts time.Duration, f *frame) {
	o := p.observation(seq, pts, f)
	p.tracker.Observe(&o, &p.update)
	p.prev = o
	if p.update.Flip {
		p.known[p.update.FlipAt.Seq] = len(p.flips)
		p.flips = append(p.flips, p.update.FlipAt)
	}
	if p.update.CutChange {
		p.cutChanges++
	}
	p.take()
	if pts < p.next {
		return
	}
	for p.next <= pts {
		p.next += p.every
	}
	for _, width := range p.windows {
		p.tracker.Snapshot(width, &p.window)
		p.note(p.engine.Observe(pts, p.test.Name, &p.window))
	}
	p.note(p.engine.Tick(pts, map[string]alerts.Health{p.test.Name: {Up: true}}))
}

// take keeps the last revision of each flip.
func (p *player) take() {
	for _, f := range p.update.Late {
		p.flips[p.known[f.Seq]] = f
	}
}

func (p *player) note(transitions []alerts.Transition) {
	for _, t := range transitions {
		p.moments = append(p.moments, moment{at: t.At, rule: t.Rule.Name, to: t.To})
	}
}

func (p *player) observation(seq uint64, pts time.Duration, f *frame) stability.Observation {
	if f.repeat {
		o := p.prev
		o.Seq, o.PTS, o.Repeat, o.Break, o.Cut = seq, pts, true, stability.ReasonNone, false
		return o
	}
	label, ok := p.index[f.label]
	if !ok {
		label = int32(len(p.labels))
		p.index[f.label] = label
		p.labels = append(p.labels, f.label)
	}
	score := f.score
	if score < 0 {
		score = orDefault(p.test.Score, defaultScore)
	}
	o := stability.Observation{
		Seq: seq, PTS: pts, HasPTS: true, Break: f.brk, Label: label, Score: float32(score),
		PrevLabelScore: float32(math.NaN()), Change: -1,
	}
	o.Top[0], o.N = stability.Ranked{Index: label, Score: float32(score)}, 1
	if f.brk == stability.ReasonCut {
		o.Break, o.Cut = stability.ReasonNone, true
	}
	if still := p.test.Still; still != nil {
		o.Change = 0
		if !*still {
			const some = 100 // cells, of 1,024
			o.Change, o.ChangeMax = some, some
		}
	}
	return o
}

// compare gives the lines that tell what differs.
func (t *Test) compare(got *found) []string {
	var out []string
	count := func(what string, want *int, got int) {
		if want != nil && *want != got {
			out = append(out, fmt.Sprintf("%s: want %d, got %d", what, *want, got))
		}
	}
	decided, unexplained, kinds := 0, 0, map[string]int{}
	var list []string
	for _, f := range got.flips {
		kinds[f.Kind.String()]++
		if f.Decided {
			decided++
		}
		if f.Unexplained {
			unexplained++
		}
		list = append(list, fmt.Sprintf("%d %s>%s %s", f.Seq, got.labels[f.From], got.labels[f.To], f.Kind))
	}
	e := &t.Expect
	count("flips", e.Flips, len(got.flips))
	count("decided_flips", e.DecidedFlips, decided)
	count("unexplained", e.Unexplained, unexplained)
	count("cut_changes", e.CutChanges, got.cutChanges)
	if e.Kinds != nil {
		for _, k := range []stability.Kind{stability.KindGlitch, stability.KindTransition, stability.KindChurn, stability.KindCensored} {
			want := e.Kinds[k.String()]
			count("kinds."+k.String(), &want, kinds[k.String()])
		}
	}
	if e.List != nil {
		out = append(out, diff("list", *e.List, list)...)
	}
	if e.Alerts != nil {
		want, have := t.alignMoments(got.moments)
		out = append(out, diff("alerts", want, have)...)
	}
	return out
}

// alignMoments writes expected and found transitions so that equal ones
// have equal texts: a time that is right to half a frame is taken over.
func (t *Test) alignMoments(got []moment) (want, have []string) {
	tolerance := time.Duration(float64(time.Second) / orDefault(t.FPS, defaultFPS) / 2)
	var expected []moment
	for _, text := range *t.Expect.Alerts {
		m, err := parseMoment(text)
		if err != nil {
			panic("BUG: a test that was not validated: " + err.Error())
		}
		expected = append(expected, m)
	}
	if !slices.ContainsFunc(expected, moment.quiet) {
		got = slices.DeleteFunc(slices.Clone(got), moment.quiet)
	}
	for _, g := range got {
		for i := range expected {
			if e := &expected[i]; e.rule == g.rule && e.to == g.to && (e.at-g.at).Abs() <= tolerance {
				e.at = g.at
			}
		}
		have = append(have, g.String())
	}
	for _, e := range expected {
		want = append(want, e.String())
	}
	return want, have
}
