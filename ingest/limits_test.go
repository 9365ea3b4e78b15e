package ingest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// scripted is a source whose reads are functions.
type scripted struct {
	read func(ctx context.Context, n int) error
	n    int
}

func (s *scripted) Info() Info   { return Info{Name: "scripted"} }
func (s *scripted) Close() error { return nil }
func (s *scripted) Read(ctx context.Context, into *frame.Frame) error {
	n := s.n
	s.n++
	if err := s.read(ctx, n); err != nil {
		return err
	}
	into.Seq, into.PTS = uint64(n), time.Duration(n)*time.Millisecond
	return nil
}

// limited is a reader of one scripted source after another.
func limited(cfg ReaderConfig, read func(ctx context.Context, n int) error) *Reader {
	cfg.Open = func(context.Context) (Source, error) { return &scripted{read: read}, nil }
	return NewReader(cfg)
}

const stallLimit, readLimit = 3 * time.Second, 10 * time.Second

func limits() ReaderConfig { return ReaderConfig{StallAfter: stallLimit, ReadTimeout: readLimit} }

// Reads have the time that they are given each, however long those before
// took, in one context until one took too long or the caller's is another.
func TestReadsShareTheirLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used []context.Context
		cfg := limits()
		var states []string
		cfg.OnStatus = func(s Status) { states = append(states, string(s.State)) }
		r := limited(cfg, func(ctx context.Context, n int) error {
			used = append(used, ctx)
			long := 2 * time.Second // together far beyond both limits
			if n == 20 {
				long = readLimit + time.Second // and yet a frame comes of it
			}
			time.Sleep(long)
			if got, want := ctx.Err() != nil, n == 20; got != want {
				t.Errorf("read %d: its context has ended: %v", n, got)
			}
			return nil
		})
		first, cancelFirst := context.WithCancel(t.Context())
		defer cancelFirst()
		second, cancelSecond := context.WithCancel(t.Context())
		defer cancelSecond()
		var f frame.Frame
		for n := range 40 {
			ctx := first
			if n >= 30 {
				ctx = second
			}
			if err := r.Read(ctx, &f); err != nil {
				t.Fatal(n, err)
			}
			time.Sleep(readLimit) // between reads nobody counts
			if n == 35 {
				cancelFirst() // is nothing to the reads of now
			}
		}
		for n := 1; n < len(used); n++ {
			if got, want := used[n] != used[n-1], n == 21 || n == 30; got != want {
				t.Errorf("read %d has a context of its own: %v", n, got)
			}
		}
		if used[29].Err() == nil || used[39].Err() != nil {
			t.Error("the context of another caller's reads goes on, or that of the last ones doesn't")
		}
		if got := strings.Join(states, " "); got != "connecting up stalled up" {
			t.Errorf("states %s", got)
		}
		cancelSecond()
		if err := r.Read(second, &f); !errors.Is(err, context.Canceled) || used[39].Err() == nil {
			t.Errorf("after the caller's end: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// A source that keeps to its context is given up in time each time, and the
// error says why; the next opening is bounded anew.
func TestEveryOpeningTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used []context.Context
		cfg := limits()
		var lost []string
		cfg.OnLost = func(c Cause, err error) { lost = append(lost, string(c)+": "+err.Error()) }
		began := time.Now()
		var took []time.Duration
		r := limited(cfg, func(ctx context.Context, n int) error {
			used = append(used, ctx)
			if n == 2 {
				began = time.Now()
				<-ctx.Done()
				took = append(took, time.Since(began))
				return context.Cause(ctx)
			}
			time.Sleep(readLimit - time.Second)
			return nil
		})
		var f frame.Frame
		for range 7 {
			if err := r.Read(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := strings.Join(lost, ", "), strings.Join([]string{"timeout: no frame within 10s", "timeout: no frame within 10s", "timeout: no frame within 10s"}, ", "); got != want {
			t.Errorf("losses %s, want %s", got, want)
		}
		for _, d := range took {
			if d != readLimit {
				t.Errorf("given up after %v", d)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		for n, ctx := range used {
			if ctx.Err() == nil {
				t.Errorf("the context of read %d goes on after Close", n)
			}
		}
	})
}

// A timer that fires while its read succeeds may be heard when the next read
// is under way, which it says nothing about.
func TestALateTimerReachesNoLaterRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *Reader
		var late []func()
		r = limited(limits(), func(ctx context.Context, n int) error {
			s, d := r.silence, r.deadline
			late = append(late, func() { r.stalled(s) })
			if n%2 == 0 {
				late[n] = func() {
					r.stalled(s)
					if r.deadline != d { // its timer was stopped in time, then, and never fires
						d.expire()
					}
				}
				time.Sleep(readLimit) // ends as the timer fires: either is first
				return nil
			}
			for _, fire := range late[:n] {
				fire()
			}
			time.Sleep(stallLimit - time.Second)
			if ctx.Err() != nil {
				t.Errorf("read %d ended of an older timer: %v", n, context.Cause(ctx))
			}
			if s := r.Status().State; s != StateUp {
				t.Errorf("read %d: %s", n, s)
			}
			return nil
		})
		var f frame.Frame
		for n := range 40 {
			if err := r.Read(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			late[n]()
			if s := r.Status().State; s != StateUp {
				t.Errorf("after read %d: %s", n, s)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// incomparable is a context that can't be told from another.
type incomparable struct {
	context.Context
	_ []int // makes it so
}

func TestContextsThatCannotBeCompared(t *testing.T) {
	var used []context.Context
	r := limited(limits(), func(ctx context.Context, _ int) error { used = append(used, ctx); return ctx.Err() })
	var f frame.Frame
	for range 3 {
		if err := r.Read(incomparable{Context: t.Context()}, &f); err != nil {
			t.Fatal(err)
		}
	}
	if used[0] == used[1] || used[0].Err() == nil || used[1].Err() == nil {
		t.Error("a context was used on for what may be another caller")
	}
	if err := r.Close(); err != nil || used[2].Err() == nil {
		t.Errorf("the last one goes on after Close, %v", err)
	}
}

// A wait with a timer that was used before lasts as long as it is to, and one
// that was given up leaves nothing for the next.
func TestWaitAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w waiter
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for i, c := range []struct {
			ctx     context.Context
			d, want time.Duration
			ok      bool
		}{
			{t.Context(), 0, 0, true},
			{t.Context(), time.Minute, time.Minute, true},
			{t.Context(), time.Second / 2, time.Second / 2, true},
			{short, time.Minute, 0, false}, // has ended by now
			{t.Context(), 2 * time.Minute, 2 * time.Minute, true},
			{t.Context(), -1, 0, true},
		} {
			began := time.Now()
			err := w.wait(c.ctx, c.d)
			if took := time.Since(began); took != c.want || (err == nil) != c.ok {
				t.Errorf("wait %d: %v, %v", i, took, err)
			}
		}
	})
}

// What a frame costs in garbage, with all limits and held back to its time,
// is nothing.
func TestAFrameMakesNoGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits()
		cfg.Pace, cfg.FrozenAfter = true, time.Minute
		r := limited(cfg, func(context.Context, int) error { return nil })
		var f frame.Frame
		began := time.Now()
		const reads = 500
		n := testing.AllocsPerRun(reads, func() {
			if err := r.Read(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
		})
		if took := time.Since(began); took != reads*time.Millisecond {
			t.Errorf("%d frames, a millisecond each, took %v", reads, took)
		}
		t.Logf("%v allocations a frame", n)
		if n > 0 {
			t.Errorf("%v allocations a frame", n)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
	var pool frame.Pool
	wants := []frame.Want{{Width: 2, Height: 2, Fit: frame.FitSquash, Filter: frame.FilterArea}}
	q := NewQueue(QueueConfig{Policy: DropOldest, Size: 2})
	var in, out frame.Frame
	n := testing.AllocsPerRun(500, func() {
		for range 3 { // one is dropped
			in.Prepare(&pool, wants, 2, 2)
			if err := q.Push(t.Context(), &in); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := q.Read(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Logf("%v allocations of three frames pushed", n)
	if n > 0 {
		t.Errorf("%v allocations of three frames pushed", n)
	}
	out.Release()
	if err := q.Close(); err != nil || pool.Outstanding() != 0 {
		t.Errorf("%v, %d buffers were not given back", err, pool.Outstanding())
	}
}
