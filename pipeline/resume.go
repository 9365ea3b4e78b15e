package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/ingest"
)

// readJournal hands the journal's records on instead of classifying their
// frames again. The source passes over those frames, except where pictures
// are needed: on both sides of a label change, for the thumbnails, and from
// the last new picture on, for the comparison with the first frame that is
// really new.
func (s *Stream) readJournal(ctx context.Context, w *window) error {
	j := s.deps.Journal
	if j == nil || j.records == 0 {
		return nil
	}
	it, h, err := openRecords(j.path)
	if err != nil || h == nil {
		return errors.Join(errors.New("the journal changed while it was open"), err)
	}
	defer it.close()

	var cur, next record
	if !it.next(&cur) {
		return errors.New("the journal changed while it was open")
	}
	prevLabel, first := int32(0), true
	for i := int64(0); i < j.records; i++ {
		more := i+1 < j.records && it.next(&next)
		// A repeated picture between the two sides of a change would hide
		// the side before it, so it counts as a change to come.
		changed := !first && cur.obs.Label != prevLabel
		changes := more && (next.obs.Label != cur.obs.Label || next.obs.Repeat)
		sl, ok := takeFree(ctx, w)
		if !ok {
			return context.Cause(ctx)
		}
		sl.primed = changed || changes || i >= j.lastNew
		if err := s.passOver(ctx, sl, &cur); err != nil {
			w.free <- sl
			return err
		}
		sl.replay = cur.clone()
		w.submit(sl, true)
		prevLabel, first = cur.obs.Label, false
		cur, next = next, cur
	}
	return nil
}

// passOver moves the source one frame on: with its pictures if the slot is to
// be primed, as cheaply as it can otherwise.
func (s *Stream) passOver(ctx context.Context, sl *slot, r *record) error {
	skipper, can := s.deps.Source.(ingest.Skipper)
	var err error
	if sl.primed || !can {
		err = s.deps.Source.Read(ctx, &sl.frame)
		sl.primed = err == nil
		if err == nil && (sl.frame.Seq != r.obs.Seq || sl.frame.PTS != r.obs.PTS) {
			err = fmt.Errorf("frame %d at %v is frame %d at %v in the journal", sl.frame.Seq, sl.frame.PTS, r.obs.Seq, r.obs.PTS)
		}
	} else {
		err = skipper.Skip(ctx, 1)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		return fmt.Errorf("the source is not the one that the journal was written for (remove the journal to start anew): %w", err)
	}
}

// clone copies the record for its way through the stages.
func (r *record) clone() *record {
	c := *r
	c.cells = append([]uint16(nil), r.cells...)
	c.traced = append([]float32(nil), r.traced...)
	c.probs = append([]float32(nil), r.probs...)
	return &c
}
