package stability

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestTheCurrentBlockIsWhatItHolds adds up the records of the current block
// after every observation: rates change, so that records leave the block by
// their age, by their number, and because the ring forgets them.
func TestTheCurrentBlockIsWhatItHolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(81, 82))
	slid, left := false, false
	for range fewer(300) {
		cfg := DefaultConfig()
		cfg.WindowExact = 64
		tr := NewTracker(cfg)
		var u Update
		at, step, label, change := time.Duration(0), 10*ms, int32(0), int32(3)
		for i := range 400 {
			switch rng.IntN(60) {
			case 0:
				step = []time.Duration{10 * ms, 40 * ms, 100 * ms}[rng.IntN(3)]
			case 1:
				at += time.Second - 63*step + time.Duration(rng.IntN(20)-10)*ms
			case 2:
				label = rng.Int32N(3)
			case 3:
				change = rng.Int32N(3)
			}
			at += max(step, ms)
			o := labelled(label, at)
			o.Seq, o.Change = uint64(i), change
			b := &tr.blocks
			again, tail := b.again, b.tail
			tr.Observe(&o, &u)
			slid = slid || b.again > again
			left = left || b.tail > tail && b.done-tail >= 63
			want := fractions{}
			for r := b.tail; r < b.done; r++ {
				if f := tr.recent.at(r).flags; f.has(flagPair) {
					want.addFlags(f, 1)
				}
			}
			if b.current != want {
				t.Fatalf("after observation %d the block of records %d to %d is %v, want %v", i, b.tail, b.done, b.current, want)
			}
			for m := range b.repeat {
				if b.steady && b.repeat[m].fraction != want[m] {
					t.Fatalf("after observation %d the newest block of measure %d is %v, want %v", i, m, b.repeat[m].fraction, want[m])
				}
			}
		}
	}
	if !slid || !left {
		t.Errorf("a block that slides: %v, one that outgrows the ring: %v; want both", slid, left)
	}
}
