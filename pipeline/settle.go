package pipeline

import (
	"context"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
)

// settler takes records in the stream's order, waits until it is known
// whether a cut lies before each (the adaptive detector looks two pictures
// ahead), and then tracks them and tells the outputs.
type settler struct {
	follow *follower
	cuts   *scene.Cuts

	queue []*settling // in order; the head is the oldest
	asked int         // index of the next picture given to cuts
	spare []*record

	prev *record // last one that is no repeated picture

	pictureEvery time.Duration // see Config
	pictureAt    time.Duration // of the last picture that was told without a flip
	pictured     bool
}

type settling struct {
	r       *record
	index   int // of the picture in cuts; repeated pictures have none
	decided bool
}

func newSettler(cfg Config, deps Deps) *settler {
	s := &settler{follow: newFollower(cfg, deps.Recorders, deps.Listeners), pictureEvery: cfg.PictureEvery}
	mode := cfg.Cuts
	if deps.ThumbPicture == NoPicture {
		mode = scene.ModeOff
	}
	s.cuts = scene.NewCuts(mode, s.decide)
	return s
}

func (s *settler) newRecord() *record {
	if n := len(s.spare); n > 0 {
		r := s.spare[n-1]
		s.spare = s.spare[:n-1]
		*r = record{cells: r.cells[:0], traced: r.traced[:0], probs: r.probs[:0]}
		return r
	}
	return new(record)
}

func (s *settler) recycle(r *record) {
	r.thumb.Release()
	r.thumb = nil
	s.spare = append(s.spare, r)
}

// push takes ownership of r.
func (s *settler) push(ctx context.Context, r *record) error {
	q := &settling{r: r, decided: r.obs.Repeat}
	s.queue = append(s.queue, q)
	if !r.obs.Repeat {
		q.index = s.asked
		s.asked++
		if math.IsNaN(r.content) {
			s.cuts.First()
		} else {
			s.cuts.Push(r.content)
		}
	}
	return s.drain(ctx)
}

func (s *settler) decide(index int, cut bool) {
	for _, q := range s.queue {
		if !q.r.obs.Repeat && q.index == index {
			q.decided, q.r.obs.Cut = true, cut
			return
		}
	}
}

func (s *settler) drain(ctx context.Context) error {
	for len(s.queue) > 0 && s.queue[0].decided {
		r := s.queue[0].r
		s.queue = append(s.queue[:0], s.queue[1:]...)
		if err := s.emit(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// finish decides what is left at the stream's end and sends what the tracker
// finds out only then.
func (s *settler) finish(ctx context.Context) error {
	s.cuts.Flush()
	if err := s.drain(ctx); err != nil {
		return err
	}
	return s.follow.finish(ctx)
}

func (s *settler) emit(ctx context.Context, r *record) error {
	ev := s.follow.track(&r.obs, r.probs, r.at)
	ev.Traced = r.traced
	if ev.Flip {
		ev.Prev, ev.Cur = s.prev.thumb, r.thumb
		ev.PrevTop = s.prev.obs.Top[:s.prev.obs.N]
		ev.ChangedCells = r.cells
	} else if s.pictureIsDue(&r.obs) {
		ev.Cur = r.thumb
	}
	if err := s.follow.send(ctx); err != nil {
		return err
	}
	if r.obs.Repeat {
		s.recycle(r)
		return nil
	}
	if s.prev != nil {
		s.recycle(s.prev)
	}
	s.prev = r
	if s.follow.windowsAreDue(&r.obs) {
		return s.follow.sendWindows(ctx, false)
	}
	return nil
}

// pictureIsDue says whether this frame's picture is told without a flip.
func (s *settler) pictureIsDue(o *stability.Observation) bool {
	if s.pictureEvery <= 0 || o.Repeat || s.pictured && o.PTS >= s.pictureAt && o.PTS-s.pictureAt < s.pictureEvery {
		return false
	}
	s.pictured, s.pictureAt = true, o.PTS
	return true
}

// close gives back the thumbs that are still held.
func (s *settler) close() {
	for _, q := range s.queue {
		q.r.thumb.Release()
	}
	s.queue = nil
	if s.prev != nil {
		s.prev.thumb.Release()
		s.prev = nil
	}
}
