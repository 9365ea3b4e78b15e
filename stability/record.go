package stability

import "time"

// record is what is kept of one recent observation: 24 bytes.
type record struct {
	at    time.Duration // on the tracker's clock, which only goes forward
	label int32
	mac   float32 // NaN where unknown
	score float32
	t5d   int8 // -1 where unknown
	flags recordFlags
}

// recordFlags packs the yes/no facts, the break's reason and the flip's kind.
type recordFlags uint16

const (
	flagPair recordFlags = 1 << iota
	flagFlip
	flagTimed   // the observation has a PTS
	flagDecided // both scores of the pair are at least MinScore
	flagStill
	flagMoving
	flagRepeat
	flagCutChange
	flagUnexplained
	flagGlitchStart // the first flip of a glitch
	kindShift       = 10
	reasonShift     = 13
)

func (f recordFlags) has(x recordFlags) bool { return f&x != 0 }
func (f recordFlags) kind() Kind             { return Kind(f >> kindShift & 7) }
func (f recordFlags) reason() Reason         { return Reason(f >> reasonShift & 7) }

func (f *recordFlags) setKind(k Kind) {
	*f = *f&^(7<<kindShift) | recordFlags(k)<<kindShift
}

func (f *recordFlags) setReason(r Reason) {
	*f = *f&^(7<<reasonShift) | recordFlags(r)<<reasonShift
}

// ring holds the newest records, numbered from 0 over the whole stream.
// It grows to its limit and then forgets the oldest.
type ring struct {
	buf   []record // len is a power of two
	next  uint64   // number of the record that comes next
	limit int
}

const ringStart = 64

func newRing(limit int) ring {
	size := ringStart
	for size < limit {
		size *= 2
	}
	return ring{buf: make([]record, ringStart), limit: size}
}

// oldest is the number of the oldest record that is still there.
func (r *ring) oldest() uint64 {
	if n := uint64(len(r.buf)); r.next > n {
		return r.next - n
	}
	return 0
}

func (r *ring) at(i uint64) *record { return &r.buf[i&uint64(len(r.buf)-1)] }

// full says that the next push overwrites the oldest record.
func (r *ring) full() bool { return r.next >= uint64(len(r.buf)) }

// grow doubles the ring; false at the limit.
func (r *ring) grow() bool {
	if len(r.buf) >= r.limit {
		return false
	}
	buf := make([]record, 2*len(r.buf))
	for i := r.oldest(); i < r.next; i++ {
		buf[i&uint64(len(buf)-1)] = *r.at(i)
	}
	r.buf = buf
	return true
}
