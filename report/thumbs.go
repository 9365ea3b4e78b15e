package report

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
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

const jpegQuality = 78

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

// compress turns the thumbs into JPEGs and gives them back. c is used for
// pictures that two flips share.
func (s *shownFlip) compress(c *jpegCache) (err error) {
	defer s.release()
	if s.prev != nil {
		s.aspect = float64(s.prev.Width) / float64(s.prev.Height)
		if s.prevJPEG, err = c.encode(s.prev, s.flip.Epoch); err != nil {
			return err
		}
	}
	if s.cur != nil {
		s.aspect = float64(s.cur.Width) / float64(s.cur.Height)
		s.curJPEG, err = c.encode(s.cur, s.flip.Epoch)
	}
	return err
}

func (s *shownFlip) release() {
	s.prev.Release()
	s.cur.Release()
	s.prev, s.cur = nil, nil
}

// jpegCache compresses pictures and remembers the last one: where flips
// follow one another, the picture after one is the picture before the next.
type jpegCache struct {
	epoch, seq uint64
	bytes      []byte
	img        *image.YCbCr
	buf        bytes.Buffer
}

func (c *jpegCache) encode(t *frame.Thumb, epoch uint64) ([]byte, error) {
	if c.bytes != nil && c.epoch == epoch && c.seq == t.Seq {
		return c.bytes, nil
	}
	p := &t.Picture
	if p.Channels != 3 || len(p.Pix) != p.Width*p.Height*3 || p.Width == 0 {
		return nil, fmt.Errorf("BUG: thumbnail of %d×%d×%d has %d bytes", p.Width, p.Height, p.Channels, len(p.Pix))
	}
	c.convert(p)
	c.buf.Reset()
	if err := jpeg.Encode(&c.buf, c.img, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("compress thumbnail: %w", err)
	}
	c.epoch, c.seq, c.bytes = epoch, t.Seq, bytes.Clone(c.buf.Bytes())
	return c.bytes, nil
}

// convert makes c.img of a picture. The encoder is twice as fast with it as
// with RGB.
func (c *jpegCache) convert(p *frame.Picture) {
	bounds := image.Rect(0, 0, p.Width, p.Height)
	if c.img == nil || c.img.Rect != bounds {
		c.img = image.NewYCbCr(bounds, image.YCbCrSubsampleRatio420)
	}
	for y := range p.Height {
		row := p.Pix[y*p.Width*3:]
		for x := range p.Width {
			yy, cb, cr := color.RGBToYCbCr(row[x*3], row[x*3+1], row[x*3+2])
			c.img.Y[y*c.img.YStride+x] = yy
			if (x|y)&1 == 0 { // one of four
				at := y/2*c.img.CStride + x/2
				c.img.Cb[at], c.img.Cr[at] = cb, cr
			}
		}
	}
}

// reservoir keeps every 2^shift-th of the flips that it is offered, the
// smallest shift that fits its limit.
type reservoir struct {
	limit int
	cache *jpegCache
	shift uint
	seen  uint64
	items []*shownFlip
}

// offer takes the flip, or gives its thumbs back.
func (r *reservoir) offer(s *shownFlip) error {
	s.ordinal = r.seen
	r.seen++
	if r.limit == 0 || !r.keeps(s) {
		s.release()
		return nil
	}
	if err := s.compress(r.cache); err != nil {
		return err
	}
	r.items = append(r.items, s)
	r.shrink(r.limit)
	return nil
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
	cache       *jpegCache
}

func newGallery(limit int) *gallery {
	cache := &jpegCache{}
	g := &gallery{first: reservoir{cache: cache}, rest: reservoir{cache: cache}, cache: cache}
	g.shrink(limit)
	return g
}

// shrink lowers the number of places; it never grows.
func (g *gallery) shrink(limit int) {
	g.first.shrink(limit - limit/5)
	g.rest.shrink(limit)
}

func (g *gallery) add(s *shownFlip) error {
	g.pending = append(g.pending, s)
	for _, old := range g.pending[:max(0, len(g.pending)-maxPendingThumbs)] {
		if err := old.compress(g.cache); err != nil {
			return err
		}
	}
	return nil
}

// late tells the kind of a flip that was added before.
func (g *gallery) late(f *stability.Flip) error {
	for i, s := range g.pending {
		if s.flip.Epoch == f.Epoch && s.flip.Seq == f.Seq {
			s.flip = *f
			if !f.Final {
				return nil
			}
			g.pending = slices.Delete(g.pending, i, i+1)
			return g.decide(s)
		}
	}
	return nil
}

func (g *gallery) decide(s *shownFlip) error {
	if s.flip.Unexplained || s.flip.Kind == stability.KindGlitch {
		s.prioritised = true
		return g.first.offer(s)
	}
	return g.rest.offer(s)
}

// close decides about what is still pending.
func (g *gallery) close() error {
	var first error
	for _, s := range g.pending {
		if err := g.decide(s); err != nil && first == nil {
			first = err
		}
	}
	g.pending = nil
	return first
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
