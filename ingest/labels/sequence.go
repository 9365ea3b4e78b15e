package labels

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// sequenceRules say how rows without times or numbers follow one another.
type sequenceRules struct {
	fps    float64 // 0: no times but the table's
	stride uint64  // by how much seq goes on from frame to frame
}

// track is where a stream stands.
type track struct {
	rows       int64
	line       int64 // of the row before
	epoch, seq uint64
	firstSeq   uint64
	firstPTS   time.Duration
	label      int32 // of the last picture; NoLabel where there was none
	ranks      int   // length of the stream's rankings; 0 before the first
}

// sequence puts the row behind those of its stream that came before, and
// fills in what follows from them.
//
// A row's place is its epoch and seq; both must go up. Without seq, rows are
// numbered. Where the table doesn't say itself why a pair is missing (column
// break), a jump of seq by more than the stride is a gap. Times count from
// the stream's first row.
func (r *rows) sequence(id int32, o *stability.Observation, line int64) error {
	t := &r.tracks[id]
	first := t.rows == 0
	if !r.set.has(colSeq) {
		o.Seq = uint64(t.rows)
		if r.set.has(colEpoch) && !first && o.Epoch < t.epoch {
			return r.disorder(id, "epoch", o.Epoch, t.epoch, t.line)
		}
	} else if !first {
		switch {
		case o.Epoch < t.epoch:
			return r.disorder(id, "epoch", o.Epoch, t.epoch, t.line)
		case o.Epoch > t.epoch:
			t.firstSeq = o.Seq
		case o.Seq == t.seq:
			return fmt.Errorf("%sseq %d is there twice, first in %s", r.of(id), o.Seq, r.at(t.line))
		case o.Seq < t.seq:
			return r.disorder(id, "seq", o.Seq, t.seq, t.line)
		case !r.set.has(colBreak) && o.Seq-t.seq > r.rules.stride:
			o.Break = stability.ReasonGap
		}
	}
	if first {
		t.firstSeq, t.label = o.Seq, stability.NoLabel
	}
	if err := r.time(o, t, first); err != nil {
		return err
	}
	if o.N > 0 && !r.set.probs() {
		if t.ranks > 0 && o.N != t.ranks {
			return fmt.Errorf("%s%d ranked classes, after rankings of %d: give as many in every row", r.of(id), o.N, t.ranks)
		}
		t.ranks = o.N
	}
	if !o.Repeat && o.Label != stability.NoLabel {
		if p := r.into.RowProbs(r.into.N); p != nil && t.label != stability.NoLabel && o.PrevLabelScore != o.PrevLabelScore {
			o.PrevLabelScore = p[t.label]
		}
		t.label = o.Label
	}
	t.rows++
	t.line, t.epoch, t.seq = line, o.Epoch, o.Seq
	return nil
}

// time fills in the row's time.
func (r *rows) time(o *stability.Observation, t *track, first bool) error {
	timed := r.set.timed()
	if timed && !r.begun && r.pts != r.pts {
		r.untimed = true // a table whose times are not known has the column, too
	}
	r.begun = true
	if timed && r.untimed && r.pts == r.pts {
		return errors.New("there is a time, but none in the first row: give a time in every row, or in none")
	}
	switch {
	case timed && !r.untimed:
		d, err := r.duration()
		if err != nil {
			return err
		}
		if first {
			t.firstPTS = d
		}
		o.PTS, o.HasPTS = d-t.firstPTS, true
	case r.rules.fps > 0:
		s := float64(o.Seq-t.firstSeq) / r.rules.fps
		if s > 9e9 {
			return fmt.Errorf("seq %d lies centuries behind the first", o.Seq)
		}
		o.PTS, o.HasPTS = time.Duration(math.Round(s*float64(time.Second))), true
	default:
		o.PTS, o.HasPTS = 0, false
	}
	return nil
}

func (r *rows) disorder(id int32, what string, now, before uint64, line int64) error {
	return fmt.Errorf("%srows are out of order: %s %d after %d (%s): sort the table by stream, epoch and seq", r.of(id), what, now, before, r.at(line))
}

// of names a stream where there may be several.
func (r *rows) of(id int32) string {
	if !r.set.has(colStream) {
		return ""
	}
	return fmt.Sprintf("stream %q: ", r.names[id])
}

func (r *rows) at(line int64) string { return fmt.Sprintf("%s %d", r.unit, line) }
