package board

import (
	"slices"
	"time"
)

// pictures holds those of flips, bounded in size and age.
type pictures struct {
	order []pictureKey // oldest first
	pairs map[pictureKey]pair
	bytes int64
}

type pictureKey struct{ camera, flip string }

type pair struct {
	before, after []byte
	at            time.Time
}

func (p *pair) size() int64 { return int64(len(p.before) + len(p.after)) }

func (p *pictures) add(camera, flip string, before, after []byte, at time.Time, limit int64) {
	key := pictureKey{camera, flip}
	if _, ok := p.pairs[key]; ok {
		return
	}
	if p.pairs == nil {
		p.pairs = map[pictureKey]pair{}
	}
	x := pair{before, after, at}
	p.pairs[key] = x
	p.order = append(p.order, key)
	p.bytes += x.size()
	p.drop(func(pair) bool { return p.bytes > limit })
}

// expire drops those before a time.
func (p *pictures) expire(before time.Time) {
	p.drop(func(x pair) bool { return x.at.Before(before) })
}

// drop drops from the oldest on while it is told to.
func (p *pictures) drop(more func(pair) bool) {
	n := 0
	for ; n < len(p.order); n++ {
		x := p.pairs[p.order[n]]
		if !more(x) {
			break
		}
		p.bytes -= x.size()
		delete(p.pairs, p.order[n])
	}
	p.order = slices.Delete(p.order, 0, n)
}

func (p *pictures) removeCamera(name string) {
	p.order = slices.DeleteFunc(p.order, func(key pictureKey) bool {
		if key.camera != name {
			return false
		}
		x := p.pairs[key]
		p.bytes -= x.size()
		delete(p.pairs, key)
		return true
	})
}

func (p *pictures) get(camera, flip string) (before, after []byte) {
	x := p.pairs[pictureKey{camera, flip}]
	return x.before, x.after
}
