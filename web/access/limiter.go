package access

import (
	"net/netip"
	"sync"
	"time"
)

// Failed logins: five are free, then each costs a pause that doubles up to
// a quarter of an hour. An address is forgotten after an hour without one.
const (
	freeFailures = 5
	firstPause   = 2 * time.Second
	longestPause = 15 * time.Minute
	forgetAfter  = time.Hour
	maxAddresses = 4096
)

// limiter counts failed logins by address; of IPv6, by /64.
type limiter struct {
	mu    sync.Mutex
	known map[netip.Prefix]failures
}

type failures struct {
	n     int
	last  time.Time
	until time.Time // no attempts before
}

func prefixOf(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// wait is how long an address has to wait before its next attempt.
func (l *limiter) wait(now time.Time, a netip.Addr) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.known[prefixOf(a)]
	return max(0, f.until.Sub(now))
}

func (l *limiter) failed(now time.Time, a netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := prefixOf(a)
	f := l.known[key]
	if now.Sub(f.last) > forgetAfter {
		f = failures{}
	}
	f.n, f.last = f.n+1, now
	if over := f.n - freeFailures; over >= 0 {
		pause := longestPause
		if over < 10 {
			pause = min(longestPause, firstPause<<over)
		}
		f.until = now.Add(pause)
	}
	if len(l.known) >= maxAddresses {
		l.makeRoom(now)
	}
	l.known[key] = f
}

// makeRoom forgets who is forgotten anyway, else somebody who does not have
// to wait, else anybody: a quarter at once, for it looks at all of them.
func (l *limiter) makeRoom(now time.Time) {
	const enough = maxAddresses * 3 / 4
	for key, f := range l.known {
		if now.Sub(f.last) > forgetAfter {
			delete(l.known, key)
		}
	}
	for key, f := range l.known {
		if len(l.known) <= enough {
			return
		}
		if !f.until.After(now) {
			delete(l.known, key)
		}
	}
	for key := range l.known {
		if len(l.known) <= enough {
			return
		}
		delete(l.known, key)
	}
}

func (l *limiter) succeeded(a netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.known, prefixOf(a))
}
