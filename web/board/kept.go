package board

import (
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// kept is a flip as it is held: about 300 bytes, and whatever a flip has in
// words is found again when it is shown. With two hundred flips of each of a
// thousand cameras that is what most of the memory is for.
type kept struct {
	key          flipKey
	at           time.Time
	order        time.Duration // see Flip.Order
	before       time.Duration // held; as hasHeld says
	after        time.Duration
	cells        *cellSet    // nil: unknown or none
	crop         *[4]float64 // nil: unknown; flips share it
	from, to     stability.Ranked
	top, topPrev ranking
	revision     int32
	kind         stability.Kind
	still        stability.Tri
	flags        keptFlags
}

// flipKey tells a flip from all others of its camera.
type flipKey struct {
	track      string
	epoch, seq uint64
}

func keyOf(track string, f *stability.Flip) flipKey { return flipKey{track, f.Epoch, f.Seq} }

type keptFlags uint8

const (
	keptHeld keptFlags = 1 << iota
	keptUnexplained
	keptDecided
	keptNearCut
	keptPictures
)

func (f keptFlags) has(x keptFlags) bool { return f&x != 0 }

func (f *keptFlags) set(x keptFlags, on bool) {
	*f &^= x
	if on {
		*f |= x
	}
}

// ranking is a ranking of at most TopK classes.
type ranking struct {
	classes [stability.TopK]stability.Ranked
	n       int32
}

func rankingOf(top []stability.Ranked) (r ranking) {
	r.n = int32(copy(r.classes[:], top))
	return r
}

func (r *ranking) list() []stability.Ranked { return r.classes[:r.n] }

// cellSet says which cells of a change map changed.
type cellSet [32 * 32 / 64]uint64

func cellSetOf(cells []uint16) *cellSet {
	if len(cells) == 0 {
		return nil
	}
	var s cellSet
	for _, c := range cells {
		s[c/64%uint16(len(s))] |= 1 << (c % 64)
	}
	return &s
}

// list gives them in ascending order.
func (s *cellSet) list() []uint16 {
	out := []uint16{}
	if s == nil {
		return out
	}
	for i, word := range s {
		for bit := range 64 {
			if word&(1<<bit) != 0 {
				out = append(out, uint16(i*64+bit))
			}
		}
	}
	return out
}

// keep makes of an event what is held of its flip, but for what revise fills in.
func keep(at time.Time, ev *event.Event, crop *[4]float64) kept {
	s := &ev.FlipAt
	k := kept{
		key: keyOf(ev.Track, s), at: at.UTC(), crop: crop, cells: cellSetOf(ev.ChangedCells),
		from: stability.Ranked{Index: s.From, Score: s.FromScore}, to: stability.Ranked{Index: s.To, Score: s.ToScore},
		topPrev: rankingOf(ev.PrevTop), kind: stability.KindPending,
	}
	if o := ev.Observation; o != nil {
		k.top = rankingOf(o.Top[:o.N])
	}
	return k
}

// show is the flip as pages get it.
func (l *Listener) show(k *kept) Flip {
	f := Flip{
		ID: l.flipID(k.key), Revision: int(k.revision), Camera: l.info.Name, Track: k.key.track, At: k.at, Order: k.order.Microseconds(),
		From: l.label(k.from.Index, k.from.Score), To: l.label(k.to.Index, k.to.Score), Kind: k.kind.String(),
		Unexplained: k.flags.has(keptUnexplained), Decided: k.flags.has(keptDecided), NearCut: k.flags.has(keptNearCut),
		TopBefore: l.ranking(k.topPrev.list()), TopAfter: l.ranking(k.top.list()), Cells: k.cells.list(), Crop: []float64{},
		Pictures: k.flags.has(keptPictures),
	}
	if k.still != stability.Unknown {
		still := k.still == stability.True
		f.Still = &still
	}
	if k.flags.has(keptHeld) {
		f.HeldBeforeMs, f.HeldAfterMs = alerts.Known(float64(k.before)/1e6), alerts.Known(float64(k.after)/1e6)
	}
	if k.crop != nil {
		f.Crop = append(f.Crop, k.crop[:]...)
	}
	return f
}

// flips holds the newest flips of a camera.
type flips struct {
	list  []kept // a ring once it is full
	first int    // in list; the oldest
}

// add gives the place of a new flip; the oldest gives way to it where there
// are so many.
func (s *flips) add(k kept, limit int) *kept {
	if len(s.list) < limit {
		if len(s.list) == cap(s.list) { // append would make room for more than the limit
			grown := make([]kept, len(s.list), min(max(8, 2*len(s.list)), limit))
			copy(grown, s.list)
			s.list = grown
		}
		s.list = append(s.list, k)
		return &s.list[len(s.list)-1]
	}
	at := s.first
	s.list[at], s.first = k, (s.first+1)%len(s.list)
	return &s.list[at]
}

// newest is the i-th newest, from 0 on.
func (s *flips) newest(i int) *kept {
	return &s.list[(s.first+len(s.list)-1-i)%len(s.list)]
}

// find is nil if the flip is not kept any more.
func (s *flips) find(key flipKey) *kept {
	for i := range s.list {
		if k := s.newest(i); k.key == key {
			return k
		}
	}
	return nil
}

// segment is a Segment as it is held: 40 bytes.
type segment struct {
	fromMs, toMs int64
	score        float64 // NaN: unknown
	index        int32
	gap          stability.Reason // that is to be shown
}

func (l *Listener) stretch(s *segment) Segment {
	out := Segment{FromMs: s.fromMs, ToMs: s.toMs, Index: s.index, Score: alerts.Known(s.score)}
	if s.gap != stability.ReasonNone {
		out.Gap = s.gap.String()
	}
	if s.index >= 0 {
		out.Label = l.info.Label(s.index)
	}
	return out
}
