package pipeline

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/stability"
)

// record is everything that is kept of one frame once it is classified and
// compared with the one before: what the later stages need, and what the
// journal stores. Whether a cut lies before it is decided later.
type record struct {
	obs     stability.Observation
	median  float32  // of the change map's differences; NaN without a comparison
	content float64  // score of the cut detector; NaN without a comparison
	cells   []uint16 // changed cells, kept only where the label changed
	traced  []float32
	probs   []float32    // of all classes, kept only for smoothers that need them
	thumb   *frame.Thumb // never stored
	at      time.Time
}

var errShortRecord = errors.New("record is too short")

const recordFlags = 1 << 3

// append encodes the record, without its thumb, in little-endian order.
func (r *record) append(b []byte) []byte {
	le := binary.LittleEndian
	o := &r.obs
	var flags byte
	for i, set := range [...]bool{o.PTSEstimated, o.HasPTS, o.Repeat, o.TopComplete} {
		if set {
			flags |= 1 << i
		}
	}
	b = le.AppendUint64(b, o.Epoch)
	b = le.AppendUint64(b, o.Seq)
	b = le.AppendUint64(b, uint64(o.PTS))
	b = append(b, flags, byte(o.Break), byte(o.N))
	b = le.AppendUint32(b, uint32(o.Label))
	for _, f := range [...]float32{o.Score, o.PrevLabelScore, o.ChangeMax, r.median} {
		b = le.AppendUint32(b, math.Float32bits(f))
	}
	b = le.AppendUint32(b, uint32(o.Change))
	b = le.AppendUint64(b, math.Float64bits(r.content))
	for _, t := range o.Top[:o.N] {
		b = le.AppendUint32(b, uint32(t.Index))
		b = le.AppendUint32(b, math.Float32bits(t.Score))
	}
	b = le.AppendUint16(b, uint16(len(r.cells)))
	for _, c := range r.cells {
		b = le.AppendUint16(b, c)
	}
	b = le.AppendUint16(b, uint16(len(r.traced)))
	for _, t := range r.traced {
		b = le.AppendUint32(b, math.Float32bits(t))
	}
	for _, p := range r.probs { // to the record's end
		b = le.AppendUint32(b, math.Float32bits(p))
	}
	return b
}

// decode reads what append wrote. It never panics on damaged bytes.
func (r *record) decode(b []byte) error {
	d := reader{b: b}
	o := &r.obs
	o.Epoch, o.Seq, o.PTS = d.u64(), d.u64(), time.Duration(d.u64())
	flags := d.u8()
	o.PTSEstimated, o.HasPTS, o.Repeat, o.TopComplete = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&recordFlags != 0
	reason, n := d.u8(), d.u8()
	if n > stability.TopK || reason > byte(stability.ReasonCut) {
		return errors.New("record holds impossible values")
	}
	o.Break, o.N = stability.Reason(reason), int(n)
	o.Label = int32(d.u32())
	o.Score, o.PrevLabelScore, o.ChangeMax, r.median = d.f32(), d.f32(), d.f32(), d.f32()
	o.Change = int32(d.u32())
	r.content = math.Float64frombits(d.u64())
	for i := range o.N {
		o.Top[i] = stability.Ranked{Index: int32(d.u32()), Score: d.f32()}
	}
	r.cells = r.cells[:0]
	for range d.count(2) {
		r.cells = append(r.cells, d.u16())
	}
	r.traced = r.traced[:0]
	for range d.count(4) {
		r.traced = append(r.traced, d.f32())
	}
	r.probs = r.probs[:0]
	for len(d.b) >= 4 {
		r.probs = append(r.probs, d.f32())
	}
	if d.short || len(d.b) != 0 {
		return errShortRecord
	}
	return nil
}

// reader takes little-endian values off a slice; past its end it yields
// zeros and remembers.
type reader struct {
	b     []byte
	short bool
}

func (d *reader) take(n int) []byte {
	if len(d.b) < n {
		d.short, d.b = true, nil
		return make([]byte, n)
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *reader) u8() byte     { return d.take(1)[0] }
func (d *reader) u16() uint16  { return binary.LittleEndian.Uint16(d.take(2)) }
func (d *reader) u32() uint32  { return binary.LittleEndian.Uint32(d.take(4)) }
func (d *reader) u64() uint64  { return binary.LittleEndian.Uint64(d.take(8)) }
func (d *reader) f32() float32 { return math.Float32frombits(d.u32()) }

// count reads a length and checks that so many elements can follow.
func (d *reader) count(size int) int {
	n := int(d.u16())
	if n*size > len(d.b) {
		d.short, d.b = true, nil
		return 0
	}
	return n
}
