package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/labelmap"
	"github.com/flipmeter/flipmeter/stability"
)

// ClassList tells of classes what is known: a name (or a number in words),
// a WordNet id or "", and how many there are, 0 where nobody said.
type ClassList interface {
	Name(index int32) string
	WNID(index int32) string
	Count() int
}

// Merger merges and ignores the labels of observations that were made
// elsewhere. The labels that come out have numbers of their own: the map's
// groups in the order of its file, then the other classes in the order of
// their numbers where all are known, else of their coming.
//
// Where only the best classes are known, a group's score is that of its best
// member among them, and the ranking is as long as groups are told apart: its
// members beyond can't be better. One goroutine uses a Merger; others may ask
// for names meanwhile. Where all classes are known from the beginning, streams
// may be merged side by side.
type Merger struct {
	m       *labelmap.Map
	classes ClassList
	to      map[int32]merged
	mu      sync.RWMutex // of names
	names   []string
	groups  map[int]int32   // number of a group's label
	bound   *labelmap.Bound // where all classes are known
}

// merged is what becomes of a class.
type merged struct {
	label int32 // NoLabel: ignored
	alone bool  // no other class becomes the same
}

// NewMerger prepares to merge by m.
func NewMerger(m *labelmap.Map, classes ClassList) (*Merger, error) {
	g := &Merger{m: m, classes: classes, to: make(map[int32]merged), groups: make(map[int]int32)}
	if n := classes.Count(); n > 0 {
		return g, g.bind(n)
	}
	for _, i := range m.Groups() {
		g.groups[i] = int32(len(g.names))
		g.names = append(g.names, m.Group(i))
	}
	return g, nil
}

// bind resolves all n classes at once.
func (g *Merger) bind(n int) error {
	names, wnids := make([]string, n), make([]string, n)
	for i := range n {
		names[i], wnids[i] = g.classes.Name(int32(i)), g.classes.WNID(int32(i))
	}
	bound, err := g.m.Bind(names, wnids)
	if err != nil {
		return err
	}
	members := make(map[int32]int)
	for _, to := range bound.To {
		members[to]++
	}
	for i, to := range bound.To {
		g.to[int32(i)] = merged{to, members[to] == 1}
	}
	g.mu.Lock()
	g.bound, g.names = bound, bound.Names
	g.mu.Unlock()
	return nil
}

// Name is the name of a label that comes out.
func (g *Merger) Name(label int32) string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if label >= 0 && int(label) < len(g.names) {
		return g.names[label]
	}
	return "none"
}

// Find is the label that truth calls by name: of a group by its name or id,
// or of one of its members. ok is false where the map has no such name;
// NoLabel is one that is ignored.
func (g *Merger) Find(name string) (label int32, ok bool, err error) {
	group, fate, err := g.m.Find(-1, name, name)
	switch {
	case err != nil:
		return 0, false, err
	case fate == labelmap.Ignored:
		return stability.NoLabel, true, nil
	case fate == labelmap.Kept:
		return 0, false, nil
	}
	i := slices.Index(g.names, g.m.Group(group))
	return int32(i), i >= 0, nil
}

// Label is what a class becomes; NoLabel where it is ignored.
func (g *Merger) Label(class int32) (int32, error) {
	t, err := g.target(class)
	return t.label, err
}

func (g *Merger) target(class int32) (merged, error) {
	if t, ok := g.to[class]; ok {
		return t, nil
	}
	if g.bound != nil {
		return merged{}, fmt.Errorf("label map: there is no class %d", class)
	}
	name := g.classes.Name(class)
	group, fate, err := g.m.Find(class, name, g.classes.WNID(class))
	if err != nil {
		return merged{}, err
	}
	t := merged{label: stability.NoLabel}
	switch fate {
	case labelmap.Grouped:
		t.label = g.groups[group]
	case labelmap.Kept:
		t = merged{int32(len(g.names)), true}
		g.mu.Lock()
		g.names = append(g.names, name)
		g.mu.Unlock()
	}
	g.to[class] = t
	return t, nil
}

// MergedStream is one stream whose labels are merged.
type MergedStream struct {
	merger *Merger
	obs    stability.Observation
	raw    merged // of the last picture's own label
	label  int32  // of the last picture
	probs  []float32
	top    [stability.TopK]infer.Ranked
}

// Stream begins a stream.
func (g *Merger) Stream() *MergedStream {
	return &MergedStream{merger: g, label: stability.NoLabel, raw: merged{label: stability.NoLabel}}
}

// Merge merges the labels of the stream's next observation. What it returns
// is valid until the next call.
func (s *MergedStream) Merge(o *stability.Observation, probs []float32) (*stability.Observation, []float32, error) {
	g := s.merger
	s.obs = *o
	out := &s.obs
	if o.Label == stability.NoLabel {
		return out, nil, nil
	}
	switch {
	case len(probs) == 0 && g.m.Sums():
		return nil, nil, errors.New("label map: sums of scores need the probabilities of all classes: use scores: max")
	case len(probs) > 0 && g.bound == nil && len(g.to) > 0:
		return nil, nil, errors.New("label map: all probabilities are known here, and were not in a file before: give the names of all classes with --labels")
	case len(probs) > 0 && g.bound == nil:
		if err := g.bind(len(probs)); err != nil {
			return nil, nil, err
		}
	}
	raw, err := g.target(o.Label)
	if err != nil {
		return nil, nil, err
	}
	if len(probs) > 0 {
		s.vector(out, probs)
		probs = s.probs
	} else if err := g.ranking(out, o, raw); err != nil {
		return nil, nil, err
	}
	s.prevScore(out, o, probs)
	if !o.Repeat && out.Label != stability.NoLabel {
		s.raw, s.label = raw, out.Label
	}
	return out, probs, nil
}

// vector merges the probabilities of all classes.
func (s *MergedStream) vector(out *stability.Observation, probs []float32) {
	if s.probs == nil {
		s.probs = make([]float32, len(s.merger.bound.Names))
	}
	s.merger.bound.Apply(probs, s.probs)
	out.N = infer.TopK(s.probs, s.top[:])
	for i := range out.N {
		out.Top[i] = stability.Ranked(s.top[i])
	}
	out.TopComplete = len(s.probs) <= stability.TopK
	out.Label, out.Score = out.Top[0].Index, out.Top[0].Score
}

// ranking merges the best classes, or the label alone.
func (g *Merger) ranking(out, o *stability.Observation, raw merged) error {
	if o.N == 0 {
		if out.Label = raw.label; out.Label == stability.NoLabel {
			out.Score = nan32
		}
		return nil
	}
	n := 0
next:
	for _, r := range o.Top[:o.N] {
		t, err := g.target(r.Index)
		if err != nil {
			return err
		}
		if t.label == stability.NoLabel {
			continue
		}
		for i := range n {
			if out.Top[i].Index == t.label {
				continue next // a better member was there
			}
		}
		out.Top[n] = stability.Ranked{Index: t.label, Score: r.Score}
		n++
	}
	out.N, out.Label, out.Score = n, stability.NoLabel, nan32
	if n > 0 {
		out.Label, out.Score = out.Top[0].Index, out.Top[0].Score
		if raw.label == out.Label && o.Score == o.Score {
			out.Score = o.Score
		}
	}
	return nil
}

// prevScore finds this observation's score of the label before: in the
// vector, in the ranking, or in what the input says of the class before, if
// that is all there is to its label.
func (s *MergedStream) prevScore(out, o *stability.Observation, probs []float32) {
	out.PrevLabelScore = nan32
	switch {
	case s.label == stability.NoLabel || o.Repeat:
		return
	case len(probs) > 0:
		out.PrevLabelScore = probs[s.label]
		return
	}
	for _, r := range out.Top[:out.N] {
		if r.Index == s.label {
			out.PrevLabelScore = r.Score
			return
		}
	}
	if s.raw.alone && s.raw.label == s.label {
		out.PrevLabelScore = o.PrevLabelScore
	}
}
