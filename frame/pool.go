package frame

import (
	"sync"
	"sync/atomic"
)

// Pool recycles pixel buffers. It may be used by many goroutines; the zero
// value is ready. A pool keeps no more buffers than were in use at once.
type Pool struct {
	// EncodeJPEG makes JPEG files of the pool's thumbnails, which are RGB;
	// quality is from 1 to 100. Nil, or where it fails, means Go's own
	// encoder. It is set before the pool is used and called by any goroutine.
	EncodeJPEG func(p Picture, quality int) ([]byte, error)

	mu   sync.Mutex
	free map[int][][]byte
	out  atomic.Int64
}

// Outstanding is the number of buffers handed out and not yet given back.
// Tests hold it at zero.
func (p *Pool) Outstanding() int { return int(p.out.Load()) }

func (p *Pool) get(n int) []byte {
	p.out.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if list := p.free[n]; len(list) > 0 {
		b := list[len(list)-1]
		p.free[n] = list[:len(list)-1]
		return b
	}
	return make([]byte, n)
}

func (p *Pool) put(b []byte) {
	if b == nil {
		return
	}
	p.out.Add(-1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == nil {
		p.free = make(map[int][][]byte)
	}
	p.free[len(b)] = append(p.free[len(b)], b)
}
