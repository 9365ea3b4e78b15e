package compare

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// fakeStream is a stream of a run that the tests make up.
type fakeStream struct {
	name, source, sha string
	labels            string // a letter a frame; '.' is a repeated picture
	score             float64
	fps               float64
	gaps, cuts        map[int]bool
	shift             time.Duration // of every time
	untimed           bool
	identity          func(id *report.Identity)
	incomplete        bool
	epochs            []int // frames at which the source was opened anew
}

var classes = []string{"ape", "bee", "cat", "dog", "elk"}

// observations of the stream; scores of the label, the rest shared evenly.
func (s *fakeStream) observations() []stability.Observation {
	if s.fps == 0 {
		s.fps = 25
	}
	if s.score == 0 {
		s.score = 0.8
	}
	var out []stability.Observation
	epoch, seq := uint64(1000), uint64(0)
	last := int32(-1)
	nan := float32(math.NaN())
	for i, c := range s.labels {
		o := stability.Observation{
			Seq: seq, Epoch: epoch, HasPTS: !s.untimed, PTS: time.Duration(float64(i)/s.fps*1e9) + s.shift,
			Label: c - 'a', Score: float32(s.score), PrevLabelScore: nan, Change: int32(i % 3), ChangeMax: 1,
			Cut: s.cuts[i], Repeat: c == '.',
		}
		for _, at := range s.epochs {
			if at == i {
				epoch++
				o.Epoch, seq = epoch, 0
				o.Seq = 0
			}
		}
		if o.Repeat {
			o.Label = last
		}
		if s.gaps[i] {
			o.Break = stability.ReasonGap
		}
		if last >= 0 && !o.Repeat {
			o.PrevLabelScore = float32(s.score)
			if o.Label != last {
				o.PrevLabelScore = float32((1 - s.score) / 4)
			}
		}
		last = o.Label
		seq++
		out = append(out, o)
	}
	return out
}

// saveRun writes a run as analyze does, and opens it as a side.
func saveRun(t testing.TB, name string, format table.Format, streams ...fakeStream) *Side {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	r, err := report.NewRun(report.Config{Dir: dir, Tables: format})
	if err != nil {
		t.Fatal(err)
	}
	var out report.Outcome
	var results []stability.Result
	for i := range streams {
		s := &streams[i]
		id := report.Identity{Model: "net", Provider: "cpu", Precision: "fp32", Preprocessing: report.Preprocessing{Width: 224, Filter: "area", Stride: 1}}
		if s.identity != nil {
			s.identity(&id)
		}
		rec, err := r.Stream(report.StreamConfig{
			Name: s.name, Source: report.Source{Name: s.source, SHA256: s.sha}, Identity: id,
			Label: func(i int32) string { return classes[i] },
		})
		if err != nil {
			t.Fatal(err)
		}
		tr := stability.NewTracker(stability.DefaultConfig())
		var u stability.Update
		send := func(o *stability.Observation) {
			if err := rec.Record(context.Background(), &event.Event{Observation: o, Update: u}); err != nil {
				t.Fatal(err)
			}
		}
		for _, o := range s.observations() {
			tr.Observe(&o, &u)
			send(&o)
		}
		tr.Flush(&u)
		send(nil)
		res := tr.Result(s.name)
		results = append(results, res)
		out.Streams = append(out.Streams, report.StreamOutcome{Summary: res.Summary, Complete: !s.incomplete, Why: "it was cut off"})
	}
	total := stability.Combine(results, 200, 1)
	out.Macro, out.Micro = total.Macro, total.Micro
	if _, err := r.Finish(context.Background(), out); err != nil {
		t.Fatal(err)
	}
	side, err := Open(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return side
}

// film is a stream of that name from that file.
func film(labels string) fakeStream {
	return fakeStream{name: "film", source: "film.mp4", sha: "abc", labels: labels}
}

func compared(t testing.TB, o Options, sides ...*Side) *Result {
	t.Helper()
	res, err := Runs(context.Background(), sides, o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// randomLabels are runs of letters, as a classifier gives them; some pictures
// repeat.
func randomLabels(rng *rand.Rand, n int, flip float64) string {
	var b strings.Builder
	label := byte('a')
	for i := range n {
		if rng.Float64() < flip {
			label = 'a' + byte(rng.IntN(5))
		}
		if i > 0 && rng.IntN(40) == 0 {
			b.WriteByte('.')
			continue
		}
		b.WriteByte(label)
	}
	return b.String()
}
