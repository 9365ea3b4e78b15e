package labels

import (
	"errors"
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// TruthTrack is the truth of one stream: which label holds from which frame
// on. It takes memory for every change of the truth, not for every frame. One
// goroutine uses it.
//
// A frame's truth is the newest row at or before it: by seq where both the
// truth and the labels have that, else by time where both have that, else by
// the place in the file. So a truth may also have rows for changes only.
type TruthTrack struct {
	name string // of the file, for messages
	runs []truthRun
	sets stability.TruthSets // those of the runs' labels that are sets
	rows int64
	// Of the newest row.
	lastSeq uint64
	lastPTS time.Duration
	// The longest step from row to row: how long the last row holds.
	stepSeq uint64
	stepPTS time.Duration
	facts   Facts

	by     alignment
	at     int // run of the frame before
	asked  int64
	newest frameKey // of the frame before
	step   uint64   // largest of seq from frame to frame
}

type alignment uint8

const (
	byRow alignment = iota
	bySeq
	byTime
)

var alignmentWords = [...]string{"row", "seq", "time"}

// truthRun is where a label begins.
type truthRun struct {
	row   int64
	seq   uint64
	pts   time.Duration
	label int32
}

type frameKey struct {
	seq uint64
	pts time.Duration
	row int64
}

// timeSlack is by how much a time may be early: tables round.
const timeSlack = time.Millisecond

// maxTruthRuns bounds the changes of a stream's truth.
const maxTruthRuns = 1 << 24

// add appends a row.
func (t *TruthTrack) add(o *stability.Observation) error {
	if n := len(t.runs); n == 0 || t.runs[n-1].label != o.Label {
		if n == maxTruthRuns {
			return fmt.Errorf("the truth changes more than %d times", maxTruthRuns)
		}
		t.runs = append(t.runs, truthRun{t.rows, o.Seq, o.PTS, o.Label})
	}
	if t.rows > 0 {
		if o.HasPTS && o.PTS <= t.lastPTS {
			return errors.New("the times of the truth don't increase")
		}
		t.stepSeq, t.stepPTS = max(t.stepSeq, o.Seq-t.lastSeq), max(t.stepPTS, o.PTS-t.lastPTS)
	}
	t.rows++
	t.lastSeq, t.lastPTS = o.Seq, o.PTS
	return nil
}

// Align says what is known of the frames that will be asked for: whether
// their numbers and times mean something.
func (t *TruthTrack) Align(seqs, times bool) {
	switch {
	case t.facts.Seqs && seqs:
		t.by = bySeq
	case t.facts.Times && times && !t.facts.Seqs:
		t.by = byTime
	default:
		t.by = byRow
	}
}

// At is the true label of the stream's next frame: NoLabel where the truth
// has a row without a label. A frame before the truth begins, or after it
// ends, is an error: truth and labels are then of different footage.
func (t *TruthTrack) At(o *stability.Observation) (int32, error) {
	key := frameKey{o.Seq, o.PTS, t.asked}
	if t.asked > 0 {
		t.step = max(t.step, o.Seq-t.newest.seq)
	}
	if t.asked == 0 && t.after(key, &t.runs[0]) {
		return 0, fmt.Errorf("%s: the truth begins at %s, after the first frame (%s)", t.name, t.words(frameKey{t.runs[0].seq, t.runs[0].pts, t.runs[0].row}), t.words(key))
	}
	t.asked++
	t.newest = key
	if t.over(key) {
		return 0, fmt.Errorf("%s: the truth ends at %s, before this frame (%s)", t.name, t.words(frameKey{t.lastSeq, t.lastPTS, t.rows - 1}), t.words(key))
	}
	for t.at > 0 && t.after(key, &t.runs[t.at]) {
		t.at-- // time went back
	}
	for t.at+1 < len(t.runs) && !t.after(key, &t.runs[t.at+1]) {
		t.at++
	}
	return t.runs[t.at].label, nil
}

// after says whether a run begins after the frame.
func (t *TruthTrack) after(k frameKey, r *truthRun) bool {
	switch t.by {
	case bySeq:
		return r.seq > k.seq
	case byTime:
		return r.pts > k.pts+timeSlack
	}
	return r.row > k.row
}

// over says whether the truth has ended before the frame.
func (t *TruthTrack) over(k frameKey) bool {
	switch t.by {
	case bySeq:
		return k.seq > t.lastSeq && k.seq-t.lastSeq >= max(1, t.stepSeq)
	case byTime:
		return k.pts > t.lastPTS+max(t.stepPTS, timeSlack)
	}
	return k.row >= t.rows
}

// End is told when the stream was read to its end: a truth that goes on by
// more than a step is of something else.
func (t *TruthTrack) End() error {
	var more bool
	switch t.by {
	case bySeq:
		more = t.lastSeq > t.newest.seq && t.lastSeq-t.newest.seq >= max(1, t.step)
	case byTime:
		// The frames' own step isn't known; a truth of changes may end early.
		more = t.lastPTS > t.newest.pts+time.Second
	default:
		more = t.rows > t.asked
	}
	if !more {
		return nil
	}
	return fmt.Errorf("%s: the truth goes on until %s, but the labels end at %s: they are of different length", t.name,
		t.words(frameKey{t.lastSeq, t.lastPTS, t.rows - 1}), t.words(t.newest))
}

func (t *TruthTrack) words(k frameKey) string {
	switch t.by {
	case bySeq:
		return fmt.Sprintf("seq %d", k.seq)
	case byTime:
		return k.pts.String()
	}
	return fmt.Sprintf("row %d", k.row+1)
}

// Sets are the sets of labels that At tells by number, where frames have
// several true labels.
func (t *TruthTrack) Sets() *stability.TruthSets { return &t.sets }

// By says in a word how frames find their truth: row, seq or time.
func (t *TruthTrack) By() string { return alignmentWords[t.by] }
