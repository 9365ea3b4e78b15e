package compare

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// names gives every label a number that all runs share.
type names struct {
	all   []string
	index map[string]int32
}

// noName is the number of a frame without a label.
const noName = -1

func (n *names) of(o *observed) int32 {
	label := o.label
	if !o.named {
		if o.index == stability.NoLabel {
			return noName
		}
		label = strconv.Itoa(int(o.index))
	}
	i, ok := n.index[label]
	if !ok {
		i = int32(len(n.all))
		n.index[label] = i
		n.all = append(n.all, label)
	}
	return i
}

func nameOf(all []string, i int32) string {
	if i == noName {
		return "no label"
	}
	return all[i]
}

// confusion counts which label of the baseline stands against which of the
// run; what comes after the first 65,536 pairs is not told apart.
type confusion struct{ counts map[[2]int32]int64 }

const (
	maxConfusion = 1 << 16
	shownPairs   = 12
	shownParts   = 12
)

func (c *confusion) add(base, run int32) {
	if c.counts == nil {
		c.counts = make(map[[2]int32]int64)
	}
	key := [2]int32{base, run}
	if _, ok := c.counts[key]; ok || len(c.counts) < maxConfusion {
		c.counts[key]++
	}
}

func (c *confusion) top(all []string) []Disagreement {
	out := []Disagreement{}
	for key, n := range c.counts {
		out = append(out, Disagreement{nameOf(all, key[0]), nameOf(all, key[1]), report.Count(n)})
	}
	slices.SortFunc(out, func(a, b Disagreement) int {
		return cmp.Or(cmp.Compare(b.Frames, a.Frames), cmp.Compare(a.Baseline, b.Baseline), cmp.Compare(a.Run, b.Run))
	})
	return out[:min(shownPairs, len(out))]
}

// stretches keeps the longest rows of frames on which the labels differ.
type stretches struct {
	kept []stretch // longest first
	open *stretch
}

type stretch struct {
	stream        string
	from, to      time.Duration
	timed         bool
	first, frames int64
	base, run     map[int32]int64
}

func (s *stretches) add(stream string, number int64, at time.Duration, timed, differ bool, base, run int32) {
	if s.open != nil && s.open.stream != stream {
		s.end()
	}
	if !differ {
		s.end()
		return
	}
	if s.open == nil {
		s.open = &stretch{stream: stream, from: at, timed: timed, first: number,
			base: make(map[int32]int64), run: make(map[int32]int64)}
	}
	o := s.open
	o.to = at
	o.frames++
	o.base[base]++
	o.run[run]++
}

// end closes the open stretch and keeps it if it is among the longest. Of
// equally long ones the earlier stays.
func (s *stretches) end() {
	if s.open == nil {
		return
	}
	o := *s.open
	s.open = nil
	i := len(s.kept)
	for i > 0 && s.kept[i-1].frames < o.frames {
		i--
	}
	if i < shownParts {
		s.kept = slices.Insert(s.kept, i, o)
		s.kept = s.kept[:min(shownParts, len(s.kept))]
	}
}

func (s *stretches) top(all []string) []Stretch {
	out := []Stretch{}
	for i := range s.kept {
		k := &s.kept[i]
		x := Stretch{Stream: k.stream, FromMs: unknown(), ToMs: unknown(), Frame: report.Count(k.first), Frames: report.Count(k.frames),
			Baseline: nameOf(all, most(k.base)), Run: nameOf(all, most(k.run))}
		if k.timed {
			x.FromMs, x.ToMs = report.Number(float64(k.from)/1e6), report.Number(float64(k.to)/1e6)
		}
		out = append(out, x)
	}
	return out
}

// most is the most frequent label; of equally frequent ones the one that came
// first.
func most(counts map[int32]int64) int32 {
	best, n := int32(noName), int64(0)
	for label, k := range counts {
		if k > n || k == n && label < best {
			best, n = label, k
		}
	}
	return best
}
