package labels

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// maxStreams bounds the streams of one file: all of them are open at once, and
// each takes some hundred kilobytes of whoever measures it.
const maxStreams = 4096

// cells are what one row says, before it is checked. A format's reader fills
// in the columns that there are, and commits.
type cells struct {
	stream       []byte
	epoch, seq   uint64
	pts          float64 // in the column's unit; NaN where empty
	ptsEstimated bool
	index        int32 // -1 where empty
	allowed      int32 // label of a set of classes by number, 0 where there is none
	name         []byte
	score, prev  float64 // NaN where empty
	topIndex     []int32
	topScore     []float64
	change       int32 // -1 where empty
	changeMax    float64
	repeat, cut  bool
	reason       []byte
	probs        []float32 // all, or none
}

// rows turns cells into observations, in place.
type rows struct {
	set     columnSet
	classes *Classes
	cfg     *Config
	logits  bool
	into    *Batch
	cells

	names   []string // of the streams
	ids     map[string]int32
	last    int32 // stream of the row before
	tracks  []track
	learned struct { // label of the row before
		name  []byte
		index int32
		ok    bool
	}
	text   []byte // of setClasses
	vector int    // length of the vectors of probabilities; 0 before the first
	rules  sequenceRules
	// begun is set once there was a row, untimed where its time is empty: then
	// all are.
	begun, untimed bool
	unit           string // what Batch.Line counts: "line" or "row"
}

func newRows(set columnSet, cfg *Config) (*rows, error) {
	r := &rows{
		set: set, classes: cfg.Classes, cfg: cfg, logits: cfg.Logits, ids: make(map[string]int32), last: -1, unit: "line",
		rules: sequenceRules{fps: cfg.FPS, stride: uint64(max(1, cfg.Stride))},
	}
	r.clear()
	if set.has(colStream) {
		return r, nil
	}
	_, err := r.stream(nil)
	return r, err
}

// clear empties the cells that a reader may leave out in a row.
func (r *rows) clear() {
	c := &r.cells
	c.pts, c.score, c.prev, c.changeMax = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	c.index, c.allowed, c.change = -1, 0, -1
	c.stream, c.name, c.reason = nil, nil, nil
	c.epoch, c.seq, c.ptsEstimated, c.repeat, c.cut = 0, 0, false, false, false
	c.topIndex, c.topScore, c.probs = c.topIndex[:0], c.topScore[:0], c.probs[:0]
}

// stream is the number of a stream, a new one if need be.
func (r *rows) stream(name []byte) (int32, error) {
	if r.last >= 0 && r.names[r.last] == string(name) {
		return r.last, nil
	}
	id, ok := r.ids[string(name)]
	if !ok {
		if len(r.names) == maxStreams {
			return 0, fmt.Errorf("more than %d different streams: is that a column of streams?", maxStreams)
		}
		if r.set.has(colStream) {
			if len(name) == 0 {
				return 0, fmt.Errorf("the cell of column stream is empty")
			}
			if err := checkName(name); err != nil {
				return 0, fmt.Errorf("column stream: %w", err)
			}
		}
		if r.cfg.OnStream != nil {
			if err := r.cfg.OnStream(string(name)); err != nil {
				return 0, err
			}
		}
		id = int32(len(r.names))
		r.names = append(r.names, string(name))
		r.ids[string(name)] = id
		r.tracks = append(r.tracks, track{})
	}
	r.last = id
	return id, nil
}

// commit checks the row and writes it into the batch.
func (r *rows) commit(line int64) error {
	b := r.into
	id := r.last
	if r.set.has(colStream) {
		var err error
		if id, err = r.stream(r.cells.stream); err != nil {
			return err
		}
	}
	o := &b.Obs[b.N]
	if err := r.label(o); err != nil {
		return err
	}
	if r.set&scoreColumns != 0 {
		if err := r.scores(o); err != nil {
			return err
		}
	}
	o.Repeat, o.Cut = r.repeat, r.cut
	o.Change, o.ChangeMax = r.change, float32(r.changeMax)
	o.Break = stability.ReasonNone
	if len(r.reason) > 0 {
		reason, ok := stability.ParseReason(string(r.reason))
		if !ok {
			return fmt.Errorf("column break: %s is none of gap, reconnect, size, model, time, cut", quote(r.reason))
		}
		o.Break = reason
	}
	o.Epoch, o.Seq, o.PTSEstimated = r.epoch, r.seq, r.ptsEstimated
	if err := r.sequence(id, o, line); err != nil {
		return err
	}
	b.Line[b.N], b.Stream[b.N] = line, id
	b.N++
	return nil
}

// label finds out the row's label.
func (r *rows) label(o *stability.Observation) error {
	o.Label, o.N, o.TopComplete = stability.NoLabel, 0, false
	switch {
	case r.allowed < 0:
		o.Label = r.allowed
		return nil
	case r.set.probs():
		return r.labelOfVector(o)
	case len(r.topIndex) > 0:
		if err := r.ranking(o); err != nil {
			return err
		}
		if r.index >= 0 && r.index != o.Label {
			return fmt.Errorf("column top5_index: the best class is %d, but label_index is %d", o.Label, r.index)
		}
		return r.classes.numbered(o.Label, r.name, r.cfg.Turn)
	case r.index >= 0:
		o.Label = r.index
		l := &r.learned
		if l.ok && l.index == r.index && bytes.Equal(l.name, r.name) {
			return nil
		}
		l.name, l.index, l.ok = append(l.name[:0], r.name...), r.index, true
		return r.classes.numbered(r.index, r.name, r.cfg.Turn)
	case len(r.name) == 0:
		return nil
	case r.set.indexed():
		// Numbers are the file's way: here one is missing.
		i, ok := r.classes.Find(string(r.name))
		if !ok && r.cfg.Turn != nil {
			if err := r.cfg.Turn(); err != nil {
				return err
			}
			i, ok = r.classes.Find(string(r.name))
		}
		if !ok {
			return fmt.Errorf("label %s has no number in this row", quote(r.name))
		}
		o.Label = i
		return nil
	}
	l := &r.learned
	if !l.ok || !bytes.Equal(l.name, r.name) {
		i, err := r.cfg.labelOfName(r.name)
		if err != nil {
			return err
		}
		l.name, l.index, l.ok = append(l.name[:0], r.name...), i, true
	}
	o.Label = l.index
	return nil
}

// ranking takes the best classes with their scores.
func (r *rows) ranking(o *stability.Observation) error {
	if n := len(r.topScore); n > 0 && n != len(r.topIndex) {
		return fmt.Errorf("top5_index has %d classes, top5_score %d scores: one score belongs to each class", len(r.topIndex), n)
	}
	o.N = min(len(r.topIndex), stability.TopK)
	for i := range o.N {
		index, score := r.topIndex[i], math.NaN()
		for _, other := range r.topIndex[:i] {
			if other == index {
				return fmt.Errorf("column top5_index: class %d is ranked twice", index)
			}
		}
		if len(r.topScore) > 0 {
			score = r.topScore[i]
			if !validProb(score) {
				return fmt.Errorf("column top5_score: %v is no probability, a number from 0 to 1", score)
			}
			if i > 0 && score > r.topScore[i-1] {
				return fmt.Errorf("column top5_score: %v after %v: the best class comes first", score, r.topScore[i-1])
			}
		}
		if err := r.classes.numbered(index, nil, nil); err != nil {
			return err
		}
		o.Top[i] = stability.Ranked{Index: index, Score: float32(score)}
	}
	o.Label = o.Top[0].Index
	o.TopComplete = o.N == r.classes.Count()
	return nil
}

// scoreColumns are the columns that tell a score.
const scoreColumns = 1<<colScore | 1<<colPrevLabelScore | 1<<colTop5Score | 1<<colProbs | 1<<colProb

// scores takes the score of the label and that of the label before.
func (r *rows) scores(o *stability.Observation) error {
	for _, s := range [...]struct {
		name  string
		value float64
		into  *float32
	}{{"score", r.score, &o.Score}, {"prev_label_score", r.prev, &o.PrevLabelScore}} {
		if s.value == s.value && !validProb(s.value) {
			return fmt.Errorf("column %s: %v is no probability, a number from 0 to 1", s.name, s.value)
		}
		*s.into = float32(s.value)
	}
	if o.Label == stability.NoLabel && r.score == r.score {
		return fmt.Errorf("column score: there is a score, but no label")
	}
	if o.N > 0 && o.Score != o.Score {
		o.Score = o.Top[0].Score
	}
	return nil
}

// duration is a time in a column's unit.
func (r *rows) duration() (time.Duration, error) {
	unit, name := float64(time.Millisecond), colPTSMs
	if r.set.has(colPTSS) {
		unit, name = float64(time.Second), colPTSS
	}
	d := r.pts * unit
	switch {
	case r.pts != r.pts:
		return 0, fmt.Errorf("the cell of column %s is empty: give a time in every row, or in none", name)
	case math.Abs(d) > 4e18:
		return 0, fmt.Errorf("column %s: %v lies centuries away", name, r.pts)
	}
	return time.Duration(math.Round(d)), nil
}
