package stability

import "time"

// pendingFlips holds flips that are not told to the end, in their order.
//
// A flip is told again, at the earliest with the call after its own, once its
// kind is decided and NearCut has passed since it (or a cut was near): then
// Kind, NearCut and Unexplained are settled for good. If the label after it
// is still held then, it is told a last time when that ends. At most
// maxPending flips wait; when there are more (256 flips in a fifth of a
// second), undecided ones become churn and the oldest is settled at once.
type pendingFlips struct {
	queue     []pendingFlip // from head on; oldest first
	head      int
	undecided int // how many at the end of the queue have no kind
	flushing  bool
	glitches  uint64

	told    pendingFlip // settled, but the label after it is still held
	hasTold bool
}

type pendingFlip struct {
	Flip
	at     time.Duration // tracker's clock
	record uint64        // number of its record
	closed bool          // the label after it has ended; HeldAfter is final
	first  bool          // of a glitch
}

func (p *pendingFlips) len() int { return len(p.queue) - p.head }

// waiting says whether there is any flip of which something is to be told.
func (p *pendingFlips) waiting() bool { return len(p.queue) > 0 || p.hasTold && p.told.closed }

func (p *pendingFlips) crowded() bool { return p.len() > maxPending }

func (p *pendingFlips) add(f *Flip, at time.Duration, record uint64) {
	if p.head > 0 && len(p.queue) == cap(p.queue) {
		n := copy(p.queue, p.queue[p.head:])
		p.queue, p.head = p.queue[:n], 0
	}
	p.queue = append(p.queue, pendingFlip{Flip: *f, at: at, record: record})
	p.undecided++
	p.flushing = false
}

// decide gives all undecided flips the kind k.
func (p *pendingFlips) decide(k Kind) {
	if k == KindNone || p.undecided == 0 {
		return
	}
	rest := p.queue[len(p.queue)-p.undecided:]
	p.undecided = 0
	if k == KindGlitch {
		p.glitches++
		rest[0].first = true
	}
	for i := range rest {
		rest[i].Kind = k
		if k == KindGlitch {
			rest[i].GlitchID = p.glitches
		}
	}
}

// cameFrom says whether an undecided flip left the label.
func (p *pendingFlips) cameFrom(label int32) bool {
	for i := len(p.queue) - p.undecided; i < len(p.queue); i++ {
		if p.queue[i].From == label {
			return true
		}
	}
	return false
}

// closeSegment tells the newest flip how long the label after it was held.
func (p *pendingFlips) closeSegment(held time.Duration) {
	f := &p.told
	if p.len() > 0 {
		f = &p.queue[len(p.queue)-1]
	} else if !p.hasTold {
		return
	}
	if !f.closed {
		f.HeldAfter, f.closed = held, true
	}
}

// nearCut marks the flips from since on as near a cut.
func (p *pendingFlips) nearCut(since time.Duration) {
	for i := p.head; i < len(p.queue); i++ {
		if p.queue[i].at >= since {
			p.queue[i].NearCut = true
		}
	}
}

func (p *pendingFlips) settleAll() { p.flushing = true }

// finished returns the flip that only waited for the end of the label after
// it, if that has come.
func (p *pendingFlips) finished() *Flip {
	if !p.hasTold || !p.told.closed {
		return nil
	}
	p.hasTold = false
	p.told.Revision++
	p.told.Final = true
	return &p.told.Flip
}

// ready says whether the oldest flip in the queue is settled: flips up to
// the time until can't come near a cut any more. justAdded keeps the newest
// flip, which is told elsewhere in this call.
func (p *pendingFlips) ready(until time.Duration, justAdded bool) bool {
	if p.len() == 0 || justAdded && p.len() == 1 {
		return false
	}
	f := &p.queue[p.head]
	if f.Kind == KindPending {
		return false
	}
	return f.at <= until || f.NearCut || p.flushing || p.crowded()
}

// pop takes the oldest flip; it is settled. The result is valid until add.
func (p *pendingFlips) pop(now time.Duration) *pendingFlip {
	f := &p.queue[p.head]
	p.head++
	if p.head == len(p.queue) {
		p.queue, p.head = p.queue[:0], 0
	}
	f.Revision++
	f.Unexplained = !f.NearCut && (f.Kind == KindGlitch || f.Still == True)
	f.Final = f.closed
	if !f.closed {
		f.HeldAfter = now - f.at
		p.told, p.hasTold = *f, true
	}
	return f
}

// settledUpTo is the number of the first record that may still change; next
// is that of the record that comes next.
func (p *pendingFlips) settledUpTo(next uint64) uint64 {
	if p.len() == 0 {
		return next
	}
	return p.queue[p.head].record
}
