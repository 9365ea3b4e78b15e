package history

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// recordSize is that of a window in a file: little-endian fields, a CRC-32
// of them at the end. A record that was torn by a crash, or rotted, is
// passed over.
const recordSize = 64

// record is a window as it is kept.
type record struct {
	at                    int64 // Unix milliseconds
	width                 time.Duration
	pairs, flips          uint32
	unexplained, glitches uint32
	decided, decidedFlips uint32 // pairs, flips
	observed, uncovered   uint32 // milliseconds
	score, mac            float32
	entropy, flapping     float32
}

func recordOf(at time.Time, w *stability.Window) record {
	u := func(n int64) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }
	return record{
		at: at.UnixMilli(), width: w.Width, pairs: u(w.Pairs), flips: u(w.Flips), unexplained: u(w.Unexplained), glitches: u(w.Glitches),
		decided: u(w.DecidedPairs), decidedFlips: u(w.DecidedFlips), observed: u(w.Observed.Milliseconds()), uncovered: u(w.Uncovered.Milliseconds()),
		score: float32(w.MeanScore), mac: float32(w.MAC), entropy: float32(w.EntropyBits), flapping: float32(w.FlappingPercent),
	}
}

func (r *record) appendTo(b []byte) []byte {
	begin, le := len(b), binary.LittleEndian
	b = le.AppendUint64(b, uint64(r.at))
	for _, v := range [...]uint32{
		uint32(r.width.Milliseconds()), r.pairs, r.flips, r.unexplained, r.glitches, r.decided, r.decidedFlips, r.observed, r.uncovered,
		math.Float32bits(r.score), math.Float32bits(r.mac), math.Float32bits(r.entropy), math.Float32bits(r.flapping),
	} {
		b = le.AppendUint32(b, v)
	}
	return le.AppendUint32(b, crc32.ChecksumIEEE(b[begin:]))
}

// read takes a record of recordSize bytes; false if it is not whole.
func (r *record) read(b []byte) bool {
	le := binary.LittleEndian
	if crc32.ChecksumIEEE(b[:recordSize-4]) != le.Uint32(b[recordSize-4:]) {
		return false
	}
	v := func(i int) uint32 { return le.Uint32(b[8+4*i:]) }
	f := func(i int) float32 { return math.Float32frombits(v(i)) }
	*r = record{
		at: int64(le.Uint64(b)), width: time.Duration(v(0)) * time.Millisecond, pairs: v(1), flips: v(2), unexplained: v(3), glitches: v(4),
		decided: v(5), decidedFlips: v(6), observed: v(7), uncovered: v(8), score: f(9), mac: f(10), entropy: f(11), flapping: f(12),
	}
	return true
}
