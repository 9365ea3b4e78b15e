package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Two runs of which everything is known: the second one takes bees for cats
// now and then.
func TestKnownDifference(t *testing.T) {
	steady := strings.Repeat("bbbbbbbbbb", 40)
	wavers := strings.Repeat("bbbbbbbccb", 40)
	res := compared(t, Options{}, saveRun(t, "steady", table.CSV, film(steady)), saveRun(t, "wavers", table.CSV, film(wavers)))
	c := &res.Comparisons[0]
	if c.Pairs != 399 || c.Frames != 400 || c.Flips != (FlipCounts{Both: 0, OnlyBaseline: 0, OnlyRun: 80}) {
		t.Errorf("%d pairs, %d frames, flips %+v", c.Pairs, c.Frames, c.Flips)
	}
	if d := c.Delta.FlipFraction; math.Abs(float64(d.Value)-80.0/399) > 1e-12 || !(d.Low > 0.1 && d.High < 0.3 && d.Low < d.Value && d.Value < d.High) {
		t.Errorf("flip fraction differs by %+v", d)
	}
	// 80 ms away from a held label: a glitch, but those at the beginning are
	// held for too short a time.
	if d := c.Delta.UnexplainedFraction; !(d.Value > 0 && d.Low <= d.Value) {
		t.Errorf("unexplained fraction differs by %+v", d)
	}
	if c.LabelsDiffer.Value != 0.2 || c.Agreement.Value != 0.8 || c.Agreement.Low != 1-c.LabelsDiffer.High {
		t.Errorf("labels differ %+v, agree %+v", c.LabelsDiffer, c.Agreement)
	}
	if len(c.Disagreements) != 1 || c.Disagreements[0] != (Disagreement{"bee", "cat", 80}) {
		t.Errorf("disagreements %+v", c.Disagreements)
	}
	if len(c.Stretches) != shownParts || c.Stretches[0] != (Stretch{"film", 280, 320, 7, 2, "bee", "cat"}) {
		t.Errorf("stretches %+v", c.Stretches)
	}
	if len(c.Identity) != 0 || len(res.Notes) != 0 {
		t.Errorf("identity %+v, notes %q", c.Identity, res.Notes)
	}
}

func TestARunAgainstItselfDiffersInNothing(t *testing.T) {
	labels := randomLabels(rand.New(rand.NewPCG(1, 2)), 700, 0.1)
	res := compared(t, Options{}, saveRun(t, "one", table.Parquet, film(labels)), saveRun(t, "two", table.JSONL, film(labels)))
	c := &res.Comparisons[0]
	for name, d := range map[string]report.Interval{
		"flip fraction": c.Delta.FlipFraction, "unexplained": c.Delta.UnexplainedFraction,
		"decided": c.Delta.Decided.FlipFraction, "mac": c.Delta.MAC, "labels": c.LabelsDiffer,
	} {
		if d.Value != 0 || d.Low > 0 || d.High <= 0 || d.High > 0.03 {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if c.Flips.OnlyBaseline != 0 || c.Flips.OnlyRun != 0 || c.Flips.Both == 0 || len(c.Stretches)+len(c.Disagreements) != 0 || res.LabelsDiffer[0][1] != 0 {
		t.Errorf("%+v", c)
	}
}

func TestSidesThatChangePlacesChangeTheSign(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	a, b := film(randomLabels(rng, 900, 0.05)), film(randomLabels(rng, 900, 0.2))
	b.labels = strings.ReplaceAll(b.labels, ".", "a")
	x, y := saveRun(t, "x", table.CSV, a), saveRun(t, "y", table.CSV, b)
	there, back := compared(t, Options{}, x, y).Comparisons[0], compared(t, Options{}, y, x).Comparisons[0]
	turned := func(a, b report.Interval) bool {
		return math.Abs(float64(a.Value+b.Value)) < 1e-12 && math.Abs(float64(a.Low+b.High)) < 1e-9 && a.Value != 0
	}
	if !turned(there.Delta.FlipFraction, back.Delta.FlipFraction) || !turned(there.Delta.MAC, back.Delta.MAC) || there.LabelsDiffer != back.LabelsDiffer {
		t.Errorf("there %+v, back %+v", there.Measured, back.Measured)
	}
	if there.Flips.OnlyRun != back.Flips.OnlyBaseline || there.Flips.Both != back.Flips.Both {
		t.Errorf("there %+v, back %+v", there.Flips, back.Flips)
	}
}

// What is read from the tables is what the trackers said, whatever the format:
// gaps, cuts, repeated pictures and reopenings included.
func TestTablesSayWhatTheTrackersSaid(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for trial := range 12 {
		marks := func(n int) map[int]bool {
			m := map[int]bool{}
			for range 6 {
				m[1+rng.IntN(n-1)] = true
			}
			return m
		}
		a, b := film(randomLabels(rng, 600, 0.1)), film("")
		// Pictures repeat where they do, whoever classifies them.
		b.labels = strings.Map(func(r rune) rune {
			if r == '.' || rng.IntN(4) > 0 {
				return r
			}
			return 'a' + rune(rng.IntN(5))
		}, a.labels)
		a.gaps, a.cuts, b.cuts = marks(600), marks(600), marks(600)
		b.gaps, a.epochs, b.epochs, b.score = a.gaps, []int{250}, []int{250}, 0.4
		want := stability.NewPairedDelta("film", stability.DefaultConfig())
		fa, fb := facts(a), facts(b)
		for i := range fa {
			if fa[i].repeat {
				continue
			}
			want.AddFrame(fa[i].at, true, fa[i].fact, fb[i].fact, stability.TriOf(fa[i].label != fb[i].label))
		}
		d := want.Delta()
		format := []table.Format{table.Parquet, table.CSV, table.JSONL}[trial%3]
		got := compared(t, Options{}, saveRun(t, "a", format, a), saveRun(t, "b", format, b)).Comparisons[0].PerStream[0].Measured
		if exp := report.DeltaOf(d); !equalDeltas(got.Delta, exp) || int64(got.Pairs) != d.Pairs {
			t.Errorf("trial %d: got %+v, want %+v", trial, got, exp)
		}
	}
}

// equalDeltas allows for the times' rounding to the table's milliseconds, and
// for nothing known on either side.
func equalDeltas(a, b report.Delta) bool {
	same := func(x, y report.Number) bool {
		return math.Abs(float64(x-y)) < 1e-7 || !x.Known() && !y.Known()
	}
	all := func(x, y report.Interval) bool {
		return same(x.Value, y.Value) && same(x.Low, y.Low) && same(x.High, y.High)
	}
	return all(a.FlipFraction, b.FlipFraction) && all(a.UnexplainedFraction, b.UnexplainedFraction) &&
		all(a.Decided.FlipFraction, b.Decided.FlipFraction) && all(a.MAC, b.MAC)
}

type toldFact struct {
	fact   stability.PairFact
	at     time.Duration
	repeat bool
	label  int32
}

// facts are what a tracker says of each frame in the end.
func facts(s fakeStream) []toldFact {
	tr := stability.NewTracker(stability.DefaultConfig())
	var u stability.Update
	var out []toldFact
	flipAt := map[[2]uint64]int{}
	late := func() {
		for _, f := range u.Late {
			out[flipAt[[2]uint64{f.Epoch, f.Seq}]].fact.Unexplained = stability.TriOf(f.Unexplained)
		}
	}
	score := float32(0)
	for i, o := range s.observations() {
		tr.Observe(&o, &u)
		f := toldFact{fact: stability.PairFact{Pair: u.Pair, Flip: u.Flip, Decided: u.Decided, Change: math.NaN()}, at: o.PTS, repeat: o.Repeat, label: o.Label}
		if u.Pair {
			f.fact.Unexplained = stability.False
			f.fact.Change = math.Abs(float64(o.PrevLabelScore) - float64(score))
		}
		if !o.Repeat {
			score = o.Score
		}
		out = append(out, f)
		if u.Flip {
			flipAt[[2]uint64{o.Epoch, o.Seq}] = i
		}
		late()
	}
	tr.Flush(&u)
	late()
	return out
}

func TestSeveralStreamsAreMatched(t *testing.T) {
	street := fakeStream{name: "street", source: "street.avi", sha: "def", labels: strings.Repeat("aaab", 80)}
	calm := fakeStream{name: "street", source: "street.avi", sha: "def", labels: strings.Repeat("a", 320)}
	a := saveRun(t, "a", table.Parquet, film(strings.Repeat("b", 300)), street)
	renamed := film(strings.Repeat("b", 300))
	renamed.name = "copy of film"
	b := saveRun(t, "b", table.Parquet, calm, renamed) // in another order, one under another name
	c := compared(t, Options{}, a, b).Comparisons[0]
	if len(c.PerStream) != 2 || c.PerStream[0].Stream != "film" || c.PerStream[0].Delta.FlipFraction.Value != 0 {
		t.Fatalf("%+v", c.PerStream)
	}
	if s := c.PerStream[1]; s.Stream != "street" || s.Delta.FlipFraction.Value != -159.0/319 {
		t.Errorf("%+v", s)
	}
	if want := -159.0 / (319 + 299); math.Abs(float64(c.Delta.FlipFraction.Value)-want) > 1e-12 {
		t.Errorf("pooled %v, want %v", c.Delta.FlipFraction.Value, want)
	}
	if want := -159.0 / 319 / 2; math.Abs(float64(c.macro.FlipFraction.Value)-want) > 1e-12 {
		t.Errorf("averaged %v, want %v", c.macro.FlipFraction.Value, want)
	}
}

func TestRefusals(t *testing.T) {
	labels := strings.Repeat("abbbbb", 20)
	for want, change := range map[string]func(s *fakeStream, o *Options){
		"which is another file: give --same-content":              func(s *fakeStream, _ *Options) { s.source, s.sha = "other.mp4", "xyz" },
		"has another name and no known hash: give --same-content": func(s *fakeStream, _ *Options) { s.source, s.sha = "other.mp4", "" },
		"b of stride 5: their neighbours are differently far apart": func(s *fakeStream, _ *Options) {
			s.identity = func(id *report.Identity) { id.Preprocessing.Stride = 5 }
		},
		"a has 120 frames of film, b has 100 (b is incomplete)":           func(s *fakeStream, _ *Options) { s.labels, s.incomplete = labels[:100], true },
		"a has 120 frames of film, b has 119":                             func(s *fakeStream, o *Options) { s.sha, s.labels, o.SameContent = "xyz", labels[:119], true },
		"frame 0 of film is at 0.000 s in a and at 2.000 s in b":          func(s *fakeStream, _ *Options) { s.shift = 2 * time.Second },
		"frame 1 of film is at 0.040 s in a and at 0.100 s in b":          func(s *fakeStream, _ *Options) { s.fps = 10 },
		"frame 50 of film is number 50 of opening 0 in a and number 0 of": func(s *fakeStream, _ *Options) { s.epochs = []int{50} },
	} {
		a, b := film(labels), film(labels)
		var o Options
		change(&b, &o)
		_, err := Runs(context.Background(), []*Side{saveRun(t, "a", table.CSV, a), saveRun(t, "b", table.CSV, b)}, o)
		var refusal *Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	one, two := film(labels), film(labels)
	two.name, two.source, two.sha = "more", "more.mp4", "m"
	_, err := Runs(context.Background(), []*Side{saveRun(t, "a", table.CSV, one, two), saveRun(t, "b", table.CSV, one)}, Options{})
	if err == nil || !strings.Contains(err.Error(), "a has the stream more, b has none from that source") {
		t.Errorf("got %v", err)
	}
	_, err = Runs(context.Background(), []*Side{saveRun(t, "b", table.CSV, one), saveRun(t, "a", table.CSV, one, two)}, Options{})
	if err == nil || !strings.Contains(err.Error(), "a has the stream more, b has none from that source") {
		t.Errorf("got %v", err)
	}
}

// What is comparable although something differs is compared, and says so.
func TestDifferencesAreShown(t *testing.T) {
	labels := strings.Repeat("abbbbb", 60)
	a, b := film(labels), film(labels)
	b.sha, b.source = "xyz", "other.mp4"
	b.identity = func(id *report.Identity) { id.Preprocessing.Filter, id.Model = "linear", "other" }
	res := compared(t, Options{SameContent: true}, saveRun(t, "a", table.CSV, a), saveRun(t, "b", table.CSV, b))
	want := []Difference{{"model", "net", "other"}, {"preprocessing.filter", "area", "linear"}}
	if got := res.Comparisons[0].Identity; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(res.Notes) != 1 || !strings.Contains(res.Notes[0], "--same-content") {
		t.Errorf("notes %q", res.Notes)
	}
	var text bytes.Buffer
	if err := res.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"preprocessing.filter: area in a, linear in b", "are different files"} {
		if !strings.Contains(text.String(), s) {
			t.Errorf("the text does not say %q:\n%s", s, text.String())
		}
	}
	// Without times nothing is known of kinds, but the rest is compared.
	b = film(labels)
	b.untimed = true
	d := compared(t, Options{}, saveRun(t, "a", table.CSV, film(labels)), saveRun(t, "b", table.CSV, b)).Comparisons[0].Delta
	if d.FlipFraction.Value != 0 || d.UnexplainedFraction.Value.Known() {
		t.Errorf("%+v", d)
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	empty := t.TempDir()
	for want, dir := range map[string]func() string{
		"holds no summary.json: name an output folder": func() string { return empty },
		"summary.json is damaged": func() string {
			d := t.TempDir()
			_ = os.WriteFile(filepath.Join(d, "summary.json"), []byte("{"), 0o666)
			return d
		},
		`has the schema "x/v9"`: func() string {
			d := t.TempDir()
			_ = os.WriteFile(filepath.Join(d, "summary.json"), []byte(`{"schema":"x/v9"}`), 0o666)
			return d
		},
		"without --tables none": func() string {
			d := saveRun(t, "a", table.CSV, film("aab")).Dir
			_ = os.Remove(filepath.Join(d, "frames.csv"))
			return d
		},
		"holds both frames.parquet and frames.csv": func() string {
			d := saveRun(t, "a", table.CSV, film("aab")).Dir
			_ = os.WriteFile(filepath.Join(d, "frames.parquet"), nil, 0o666)
			return d
		},
	} {
		if _, err := Open(dir(), "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	// Tables that belong to another run are found out.
	a, b := saveRun(t, "a", table.CSV, film("aabaaa")), saveRun(t, "b", table.CSV, film("aabaaa"))
	other := saveRun(t, "c", table.CSV, film("aaaaba"))
	data, _ := os.ReadFile(other.flips)
	_ = os.WriteFile(b.flips, data, 0o666)
	if _, err := Runs(context.Background(), []*Side{a, b}, Options{}); err == nil || !strings.Contains(err.Error(), "not of the same run") {
		t.Errorf("got %v", err)
	}
	short := saveRun(t, "d", table.CSV, film("aabaa"))
	data, _ = os.ReadFile(short.frames)
	for _, s := range []*Side{a, other} {
		_ = os.WriteFile(s.frames, data, 0o666)
		_ = os.Remove(s.flips)
		s.flips = ""
	}
	if _, err := Runs(context.Background(), []*Side{a, other}, Options{}); err == nil || !strings.Contains(err.Error(), "its table has 5 frames of film and its summary 6") {
		t.Errorf("got %v", err)
	}
}

func TestAddDelta(t *testing.T) {
	labels := strings.Repeat("abbbbb", 60)
	base := saveRun(t, "the baseline", table.CSV, film(strings.Repeat("b", 360)))
	now := film(labels)
	now.identity = func(id *report.Identity) { id.Preprocessing.Filter, id.ModelSHA256 = "linear", "new" }
	run := saveRun(t, "this run", table.CSV, now)
	err := AddDelta(context.Background(), base, run, []string{"model"}, false)
	if err == nil || !strings.Contains(err.Error(), "preprocessing.filter of film is area in the baseline and linear in this run: give --allow-identity preprocessing") {
		t.Errorf("got %v", err)
	}
	if run.Summary.Streams[0].Delta != nil {
		t.Error("a refused comparison left a delta")
	}
	if err := AddDelta(context.Background(), base, run, []string{"model", "preprocessing"}, false); err != nil {
		t.Fatal(err)
	}
	s := run.Summary
	for _, d := range []*report.Delta{s.Streams[0].Delta, s.Total.Macro.Delta, s.Total.Micro.Delta} {
		if d == nil || math.Abs(float64(d.FlipFraction.Value)-119.0/359) > 1e-12 {
			t.Errorf("delta %+v", d)
		}
	}
}

// The shape of compare.json, its figures, and the terminal's text.
func TestGolden(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	a, b, c := film(randomLabels(rng, 320, 0.05)), film(""), film("")
	b.labels = strings.Map(func(r rune) rune {
		if r != '.' && rng.IntN(10) == 0 {
			return 'd'
		}
		return r
	}, a.labels)
	c.labels = strings.Map(func(r rune) rune {
		if r == '.' {
			return r
		}
		return 'b'
	}, a.labels)
	b.identity = func(id *report.Identity) { id.Precision = "bf16" }
	c.identity = func(id *report.Identity) { id.Model = "constant" }
	res := compared(t, Options{Resamples: 200}, saveRun(t, "fp32", table.CSV, a), saveRun(t, "bf16", table.CSV, b), saveRun(t, "constant", table.CSV, c))
	var doc, text bytes.Buffer
	if err := errors.Join(res.WriteJSON(&doc), res.WriteText(&text)); err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(doc.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	back.Runs = nil // whose shape is that of summary.json
	var short bytes.Buffer
	if err := back.WriteJSON(&short); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"compare.json": short.Bytes(), "compare.txt": text.Bytes()} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := errors.Join(os.MkdirAll("testdata", 0o777), os.WriteFile(path, got, 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v: run the test with -update", err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs; run with -update and look at the difference. Got:\n%s", path, got)
		}
	}
}

// A timeline of any length stays bounded, and loses no flip.
func TestLineupIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	l := newLineup("film", 2, 64)
	flips, differs := int32(0), int32(0)
	for i := range 5000 {
		now := []observed{{label: "a", named: true}, {label: []string{"a", "b", "c"}[rng.IntN(3)], named: true}}
		now[1].fact = stability.PairFact{Pair: true, Flip: rng.IntN(5) == 0}
		if now[1].fact.Flip {
			flips++
		}
		if now[1].label != "a" {
			differs++
		}
		l.add(time.Duration(i)*time.Second, true, now, []int32{0, int32(now[1].label[0] - 'a')})
	}
	l.shrink(40)
	var n, f, d, labels int32
	for i := range l.bins {
		b := &l.bins[i]
		n, f, d = n+b.n, f+b.sides[1].flips, d+b.sides[1].differ
		for _, c := range b.sides[1].labels {
			labels += c.n
		}
	}
	if len(l.bins) > 40 || n != 5000 || f != flips || d != differs || labels != 5000 {
		t.Errorf("%d bins, %d frames, %d flips of %d, %d differ of %d, %d labels", len(l.bins), n, f, flips, d, differs, labels)
	}
}
