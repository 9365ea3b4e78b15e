package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// lane is one receiver's queue.
type lane struct {
	name   string
	cfg    Config
	log    *slog.Logger
	wake   chan struct{}
	again  chan struct{} // the receiver is another one: no need to wait
	jitter func() float64
	stop   context.CancelFunc // of its run; nil before

	mu       sync.Mutex
	want     Lane
	retired  bool
	waiting  []alerts.Notice
	underway int // how many of them, from the front, are being sent
	passed   map[string]time.Time
	stats    Stats
}

func newLane(cfg Config, want Lane) *lane {
	return &lane{
		name: want.Name, want: want, cfg: cfg, log: cfg.Log.With("receiver", want.Name),
		wake: make(chan struct{}, 1), again: make(chan struct{}, 1), passed: map[string]time.Time{},
		jitter: func() float64 { return 0.8 + 0.4*rand.Float64() },
	}
}

// replace has what waits, and what comes, sent to another receiver.
func (l *lane) replace(want Lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.want = want
	select {
	case l.again <- struct{}{}:
	default:
	}
}

// retire ends the lane: what is under way is finished, what waits is dropped.
func (l *lane) retire() {
	l.mu.Lock()
	l.retired = true
	if n := len(l.waiting) - l.underway; n > 0 {
		l.log.Warn("the receiver was removed, with alerts that waited for it", "alerts", n)
	}
	l.mu.Unlock()
	if l.stop != nil {
		l.stop()
	}
}

func (l *lane) receiver() Receiver {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.want.Receiver
}

// push adds a notice. A reminder takes the place of an earlier message that
// its alert fires, which waits still.
func (l *lane) push(n alerts.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case n.State == alerts.Resolved:
		delete(l.passed, n.ID)
	default:
		// One from before the last is one from after the clock was set back.
		if last, ok := l.passed[n.ID]; ok && !n.At.Before(last) && n.At.Sub(last) < l.want.RemindEvery {
			return
		}
		l.passed[n.ID] = n.At
		for i := l.underway; i < len(l.waiting); i++ {
			if w := &l.waiting[i]; w.ID == n.ID && w.State == alerts.Firing {
				*w = n
				return
			}
		}
	}
	if len(l.waiting) >= l.cfg.Queue {
		l.makeRoom()
	}
	l.waiting = append(l.waiting, n)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// makeRoom drops an alert of which nobody has heard and which is over
// already, else the oldest.
func (l *lane) makeRoom() {
	if l.underway >= len(l.waiting) {
		l.underway = max(0, len(l.waiting)-1) // all are under way: the last gives way
	}
	drop := l.underway
	for i := l.underway; i < len(l.waiting); i++ {
		w := &l.waiting[i]
		over := func(o alerts.Notice) bool { return o.ID == w.ID && o.State == alerts.Resolved }
		if w.State == alerts.Firing && w.Revision == 0 {
			if k := slices.IndexFunc(l.waiting, over); k > i {
				l.waiting = slices.Delete(l.waiting, k, k+1)
				l.stats.Lost++
				drop = i
				break
			}
		}
	}
	l.waiting = slices.Delete(l.waiting, drop, drop+1)
	l.stats.Lost++
}

// take marks a batch as being sent.
func (l *lane) take() []alerts.Notice {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.retired {
		return nil
	}
	l.underway = min(len(l.waiting), l.cfg.Batch)
	return slices.Clone(l.waiting[:l.underway])
}

// settle takes a batch out of the queue, or puts it back.
func (l *lane) settle(err error) (done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.underway
	l.underway = 0
	var refused *Refused
	switch {
	case err == nil:
		l.stats.Sent += int64(n)
		l.stats.LastError, l.stats.LastSent = "", l.cfg.Now().UTC()
	case errors.As(err, &refused):
		l.stats.Refused += int64(n)
		l.stats.LastError = err.Error()
	default:
		l.stats.Failures++
		l.stats.LastError = err.Error()
		return false
	}
	l.waiting = slices.Delete(l.waiting, 0, n)
	return true
}

func (l *lane) run(ctx context.Context) {
	pause := l.cfg.MinBackoff
	for failures := 0; ctx.Err() == nil; {
		batch := l.take()
		if len(batch) == 0 {
			select {
			case <-l.wake:
			case <-ctx.Done():
			}
			continue
		}
		err := l.attempt(ctx, batch)
		if l.settle(err) {
			l.cfg.Changed()
			if err != nil {
				l.log.Error("the receiver refused alerts", "alerts", len(batch), "error", err)
			} else if failures > 0 {
				l.log.Info("alerts are delivered again", "failures", failures)
			}
			pause, failures = l.cfg.MinBackoff, 0
			continue
		}
		if failures == 0 {
			l.log.Warn("alerts could not be delivered, trying again", "alerts", len(batch), "error", err)
		}
		failures++
		wait := time.Duration(float64(pause) * l.jitter())
		var later *Later
		if errors.As(err, &later) {
			wait = max(wait, min(later.After, l.cfg.MaxBackoff))
		}
		pause = min(2*pause, l.cfg.MaxBackoff)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-l.again:
			t.Stop()
			pause, failures = l.cfg.MinBackoff, 0
		case <-ctx.Done():
			t.Stop()
		}
	}
	l.drain(ctx)
}

// attempt sends a batch. The end of ctx does not cut it off, but leaves it
// no more than the time to drain.
func (l *lane) attempt(ctx context.Context, batch []alerts.Notice) error {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.Timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(l.cfg.Drain)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-sending.Done():
		}
	})
	defer stop()
	return l.receiver().Send(sending, batch)
}

// drain tries once what is left.
func (l *lane) drain(ctx context.Context) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.Drain)
	defer cancel()
	for bounded.Err() == nil {
		batch := l.take()
		if len(batch) == 0 {
			return
		}
		sending, done := context.WithTimeout(bounded, l.cfg.Timeout)
		err := l.receiver().Send(sending, batch)
		done()
		ok := l.settle(err)
		l.cfg.Changed()
		if !ok {
			l.log.Warn("alerts are kept for the next start", "alerts", len(l.save().Waiting), "error", err)
			return
		}
	}
}

func (l *lane) snapshotStats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Receiver, s.Queued = l.name, len(l.waiting)
	return s
}

func (l *lane) save() SavedLane {
	l.mu.Lock()
	defer l.mu.Unlock()
	return SavedLane{Waiting: slices.Clone(l.waiting), Passed: maps.Clone(l.passed)}
}

func (l *lane) restore(s SavedLane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(slices.Clone(s.Waiting), l.waiting...)
	if extra := len(l.waiting) - l.cfg.Queue; extra > 0 {
		l.waiting = slices.Delete(l.waiting, 0, extra)
		l.stats.Lost += int64(extra)
	}
	maps.Copy(l.passed, s.Passed)
}

// stepped follows the wall clock, which was set on by a duration, or back.
func (l *lane) stepped(by time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.waiting {
		l.waiting[i] = l.waiting[i].Stepped(by)
	}
	for id, at := range l.passed {
		l.passed[id] = at.Add(by)
	}
	if !l.stats.LastSent.IsZero() {
		l.stats.LastSent = l.stats.LastSent.Add(by)
	}
}
