package pipeline

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/labelmap"
	"github.com/flipmeter/flipmeter/stability"
)

// classList is a list of names; closed says that there are no more.
type classList struct {
	names  []string
	closed bool
}

func (c classList) Name(i int32) string {
	if int(i) < len(c.names) {
		return c.names[i]
	}
	return fmt.Sprint("class ", i)
}

func (c classList) WNID(int32) string { return "" }

func (c classList) Count() int {
	if c.closed {
		return len(c.names)
	}
	return 0
}

const pets = `
groups:
  - {name: cat, members: [tabby, persian]}
  - {name: dog, members: [poodle, pug, 6]}
ignore: [nothing]
`

var petNames = []string{"nothing", "tabby", "poodle", "persian", "pug", "tree", "husky", "car"}

func newMerger(t *testing.T, text string, closed bool) *Merger {
	t.Helper()
	m, err := labelmap.Parse("map.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewMerger(m, classList{petNames, closed})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// ranked is an observation with its best classes as "1:0.5 3:0.25".
func ranked(t *testing.T, text string) *stability.Observation {
	t.Helper()
	o := &stability.Observation{Label: stability.NoLabel, Score: nan32, PrevLabelScore: nan32, Change: -1}
	for _, word := range strings.Fields(text) {
		var r stability.Ranked
		if _, err := fmt.Sscanf(word, "%d:%g", &r.Index, &r.Score); err != nil {
			t.Fatal(err)
		}
		o.Top[o.N] = r
		o.N++
	}
	if o.N > 0 {
		o.Label, o.Score = o.Top[0].Index, o.Top[0].Score
	}
	return o
}

func words(g *Merger, o *stability.Observation) string {
	s := fmt.Sprintf("%s %.4g <%.4g", g.Name(o.Label), o.Score, o.PrevLabelScore)
	for _, r := range o.Top[:o.N] {
		s += fmt.Sprintf(" %s:%.4g", g.Name(r.Index), r.Score)
	}
	return s
}

func TestMergeRankings(t *testing.T) {
	for _, closed := range []bool{false, true} {
		g := newMerger(t, pets, closed)
		s := g.Stream()
		for _, c := range []struct{ in, want string }{
			{"1:0.5 3:0.25 2:0.125 5:0.0625 4:0.03125", "cat 0.5 <NaN cat:0.5 dog:0.125 tree:0.0625"},
			{"3:0.5 0:0.25 5:0.125", "cat 0.5 <0.5 cat:0.5 tree:0.125"},       // a synonym is no flip
			{"0:0.5 4:0.25 6:0.125 5:0.1", "dog 0.25 <NaN dog:0.25 tree:0.1"}, // ignored: the next one
			{"0:1", "none NaN <NaN"},                               // none is left: a lost frame
			{"5:0.5 2:0.25", "tree 0.5 <0.25 tree:0.5 dog:0.25"},   // of the last label before
			{"7:0.75 1:0.125", "car 0.75 <NaN car:0.75 cat:0.125"}, // nothing is known of tree
			{"5:0.5 3:0.25", "tree 0.5 <0.0625 tree:0.5 cat:0.25"}, // the input says it of the car
			{"", "none NaN <NaN"},
		} {
			o := ranked(t, c.in)
			if strings.HasPrefix(c.in, "5:0.5 3") {
				o.PrevLabelScore = 0.0625
			}
			out, _, err := s.Merge(o, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := words(g, out); got != c.want {
				t.Errorf("closed %v: %s:\n got %s\nwant %s", closed, c.in, got, c.want)
			}
		}
	}
}

func TestMergeLabelsAlone(t *testing.T) {
	g := newMerger(t, pets, false)
	s := g.Stream()
	var got []string
	for _, label := range []int32{1, 3, 0, 6, 7, 1, stability.NoLabel} {
		out, _, err := s.Merge(&stability.Observation{Label: label, Score: nan32}, nil)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, g.Name(out.Label))
	}
	if w := strings.Join(got, " "); w != "cat cat none dog car cat none" {
		t.Error(w)
	}
}

// TestMergeVectors holds the merging of whole vectors against adding up or
// comparing by hand, and against a classifier that answers in groups.
func TestMergeVectors(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, scores := range []string{"max", "sum"} {
		g := newMerger(t, "scores: "+scores+pets, true)
		s := g.Stream()
		prev := stability.NoLabel
		for range 500 {
			probs := make([]float32, len(petNames))
			for i := range probs {
				probs[i] = rng.Float32()
			}
			if err := infer.Softmax(probs); err != nil {
				t.Fatal(err)
			}
			var o stability.Observation
			o.Label, o.PrevLabelScore = 5, nan32
			out, merged, err := s.Merge(&o, probs)
			if err != nil {
				t.Fatal(err)
			}
			group := func(classes ...int) (v float32) {
				for _, c := range classes {
					if scores == "sum" {
						v += probs[c]
					} else {
						v = max(v, probs[c])
					}
				}
				return v
			}
			want := []float32{group(1, 3), group(2, 4, 6), probs[5], probs[7]} // cat, dog, tree, car
			best := 0
			for i, v := range want {
				if d := v - merged[i]; d > 1e-6 || d < -1e-6 {
					t.Fatalf("%s: got %v, want %v", scores, merged, want)
				}
				if v > want[best] {
					best = i
				}
			}
			if out.Label != int32(best) || out.N != 4 || !out.TopComplete || prev != stability.NoLabel && out.PrevLabelScore != merged[prev] {
				t.Fatalf("%s: %+v of %v", scores, out, want)
			}
			prev = out.Label
		}
	}
	if _, _, err := newMerger(t, "scores: sum"+pets, false).Stream().Merge(ranked(t, "1:0.5"), nil); err == nil || !strings.Contains(err.Error(), "sums of scores need") {
		t.Errorf("a sum over a part: %v", err)
	}
}
