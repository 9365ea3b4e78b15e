package report

import (
	"cmp"
	"slices"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/stability"
)

// DefaultMaxPictures is the number of flips of a page that are shown with
// pictures.
//
// The rule of the choice: four fifths of the places are for flips that are
// glitches or unexplained, the rest and what these leave free is for the
// others. Where there are more than places, every second is kept, or every
// fourth, eighth …, in the order of the video. So the choice spreads over
// the whole run, needs bounded memory, and depends on the flips alone.
const DefaultMaxPictures = 120

// maxPendingThumbs is how many flips of unknown kind keep uncompressed
// pictures; more are compressed at once.
const maxPendingThumbs = 32

// shownFlip is a flip with what the page shows of it.
type shownFlip struct {
	flip        stability.Flip
	number      int64 // of its observation in the timeline
	top         []stability.Ranked
	prevTop     []stability.Ranked
	cells       []uint16
	prev, cur   *frame.Thumb // until compressed
	prevJPEG    []byte       // nil without a picture
	curJPEG     []byte
	aspect      float64 // width / height of the pictures
	ordinal     uint64
	prioritised bool
}

func newShownFlip(ev *event.Event, number int64) *shownFlip {
	s := &shownFlip{
		flip: ev.FlipAt, number: number,
		prevTop: slices.Clone(ev.PrevTop),
		cells:   slices.Clone(ev.ChangedCells),
		prev:    ev.Prev.Retain(), cur: ev.Cur.Retain(),
	}
	if o := ev.Observation; o != nil {
		s.top = slices.Clone(o.Top[:o.N])
	}
	return s
}

// compress turns the thumbs into JPEGs and gives them back.
func (s *shownFlip) compress() {
	if s.prev != nil {
		s.aspect = float64(s.prev.Width) / float64(s.prev.Height)
		s.prevJPEG = s.prev.JPEG()
	}
	if s.cur != nil {
		s.aspect = float64(s.cur.Width) / float64(s.cur.Height)
		s.curJPEG = s.cur.JPEG()
	}
	s.release()
}

func (s *shownFlip) release() {
	s.prev.Release()
	s.cur.Release()
	s.prev, s.cur = nil, nil
}

// reservoir keeps every 2^shift-th of the flips that it is offered, the
// smallest shift that fits its limit.
type reservoir struct {
	limit int
	shift uint
	seen  uint64
	items []*shownFlip
}

// offer takes the flip, or gives its thumbs back.
func (r *reservoir) offer(s *shownFlip) {
	s.ordinal = r.seen
	r.seen++
	if r.limit == 0 || !r.keeps(s) {
		s.release()
		return
	}
	s.compress()
	r.items = append(r.items, s)
	r.shrink(r.limit)
}

func (r *reservoir) keeps(s *shownFlip) bool { return s.ordinal&(1<<r.shift-1) == 0 }

func (r *reservoir) shrink(limit int) {
	r.limit = limit
	for len(r.items) > limit {
		r.shift++
		r.items = slices.DeleteFunc(r.items, func(s *shownFlip) bool {
			return limit == 0 || !r.keeps(s)
		})
	}
}

// gallery chooses the flips that are shown with pictures.
type gallery struct {
	first, rest reservoir
	pending     []*shownFlip
}

func newGallery(limit int) *gallery {
	g := &gallery{}
	g.shrink(limit)
	return g
}

// shrink lowers the number of places; it never grows.
func (g *gallery) shrink(limit int) {
	g.first.shrink(limit - limit/5)
	g.rest.shrink(limit)
}

func (g *gallery) add(s *shownFlip) {
	if s.flip.Final { // without times nothing more becomes known
		g.decide(s)
		return
	}
	g.pending = append(g.pending, s)
	for _, old := range g.pending[:max(0, len(g.pending)-maxPendingThumbs)] {
		old.compress()
	}
}

// late tells the kind of a flip that was added before.
func (g *gallery) late(f *stability.Flip) {
	for i, s := range g.pending {
		if s.flip.Epoch == f.Epoch && s.flip.Seq == f.Seq {
			s.flip = *f
			if f.Final {
				g.pending = slices.Delete(g.pending, i, i+1)
				g.decide(s)
			}
			return
		}
	}
}

func (g *gallery) decide(s *shownFlip) {
	if s.flip.Unexplained || s.flip.Kind == stability.KindGlitch {
		s.prioritised = true
		g.first.offer(s)
		return
	}
	g.rest.offer(s)
}

// close decides about what is still pending.
func (g *gallery) close() {
	for _, s := range g.pending {
		g.decide(s)
	}
	g.pending = nil
}

func (g *gallery) release() {
	for _, s := range g.pending {
		s.release()
	}
	g.pending = nil
}

// chosen are the flips to show, those that are glitches or unexplained
// first, each group in the order of the video, and how the groups were
// thinned: every how many-th was kept of each.
func (g *gallery) chosen(limit int) (flips []*shownFlip, everyFirst, everyRest int) {
	g.shrink(limit)
	g.rest.shrink(min(limit, limit-len(g.first.items)))
	flips = append(slices.Clone(g.first.items), g.rest.items...)
	slices.SortFunc(flips, func(a, b *shownFlip) int {
		if a.prioritised != b.prioritised {
			if a.prioritised {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.number, b.number)
	})
	return flips, 1 << g.first.shift, 1 << g.rest.shift
}
