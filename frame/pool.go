package frame

import (
	"sync"
	"sync/atomic"
)

// Pool recycles pixel buffers. It may be used by many goroutines; the zero
// value is ready. Of each size it keeps as many spare buffers as are in use, or
// a few, and lets go of those that nobody asked for during the last ones handed
// out, so that a moment that took many is not paid for ever after.
type Pool struct {
	// EncodeJPEG makes JPEG files of the pool's thumbnails, which are RGB;
	// quality is from 1 to 100. Nil, or where it fails, means Go's own
	// encoder. It is set before the pool is used and called by any goroutine.
	EncodeJPEG func(p Picture, quality int) ([]byte, error)

	mu   sync.Mutex
	free map[int]*buffers
	out  atomic.Int64
}

// buffers are those of one size.
type buffers struct {
	spare [][]byte
	used  int
	gets  int // since spares were let go of
	idle  int // how many of them were not asked for since then
}

const (
	// fewSpares are kept at first however few are in use.
	fewSpares = 16
	// idleGets is after how many buffers handed out those go that lay idle
	// all the time: half a minute of a camera.
	idleGets = 256
)

// Outstanding is the number of buffers handed out and not yet given back.
// Tests hold it at zero.
func (p *Pool) Outstanding() int { return int(p.out.Load()) }

func (p *Pool) get(n int) []byte {
	p.out.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.free[n]
	if of == nil {
		if p.free == nil {
			p.free = make(map[int]*buffers)
		}
		of = &buffers{}
		p.free[n] = of
	}
	of.used++
	of.idle = min(of.idle, max(len(of.spare)-1, 0))
	if of.gets++; of.gets == idleGets {
		of.letGo()
	}
	if last := len(of.spare) - 1; last >= 0 {
		b := of.spare[last]
		of.spare[last] = nil
		of.spare = of.spare[:last]
		return b
	}
	return make([]byte, n)
}

// letGo drops the buffers that lay idle. One is not asked for again at once.
func (b *buffers) letGo() {
	left := copy(b.spare, b.spare[b.idle:])
	clear(b.spare[left:])
	b.spare = b.spare[:left]
	b.gets, b.idle = 0, left
}

func (p *Pool) put(b []byte) {
	if b == nil {
		return
	}
	p.out.Add(-1)
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.free[len(b)]
	of.used--
	if len(of.spare) < max(of.used, fewSpares) {
		of.spare = append(of.spare, b)
	}
}
