package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

func picture(pool *frame.Pool, seq uint64, b frame.Break) *frame.Frame {
	f := &frame.Frame{}
	f.Prepare(pool, []frame.Want{{Width: 2, Height: 2, Fit: frame.FitSquash, Filter: frame.FilterArea}}, 2, 2)
	f.Seq, f.Break = seq, b
	return f
}

// TestQueueAgainstAnObviousOne pushes and reads at random and compares with a
// list: what comes out, in which order, what was dropped, and that whatever
// follows a dropped frame says so.
func TestQueueAgainstAnObviousOne(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		size := 1 + rng.IntN(4)
		var pool frame.Pool
		dropped, wantDropped := 0, 0
		q := NewQueue(QueueConfig{Policy: DropOldest, Size: size, OnDrop: func(r DropReason, n int) {
			if r != DropOverload {
				t.Errorf("reason %s", r)
			}
			dropped += n
		}})
		type item struct {
			seq uint64
			brk frame.Break
		}
		var list []item
		seq := uint64(0)
		for range 100 {
			if rng.IntN(3) > 0 {
				b := frame.BreakNone
				if rng.IntN(5) == 0 {
					b = frame.BreakReconnect
				}
				f := picture(&pool, seq, b)
				if err := q.Push(t.Context(), f); err != nil || len(f.Pictures) != 0 {
					t.Fatal(err, f.Pictures)
				}
				list = append(list, item{seq, b})
				if len(list) > size {
					old := list[0]
					list = list[1:]
					wantDropped++
					if list[0].brk == frame.BreakNone {
						list[0].brk = frame.BreakGap
						if old.brk != frame.BreakNone {
							list[0].brk = old.brk
						}
					}
				}
				seq++
				continue
			}
			if len(list) == 0 {
				continue
			}
			var f frame.Frame
			if err := q.Read(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			if f.Seq != list[0].seq || f.Break != list[0].brk || len(f.Pictures) != 1 {
				t.Fatalf("seed %d: frame %d (%q), want %+v", seed, f.Seq, f.Break, list[0])
			}
			list = list[1:]
			f.Release()
		}
		if dropped != wantDropped {
			t.Fatalf("seed %d: %d dropped, want %d", seed, dropped, wantDropped)
		}
		q.onDrop = func(r DropReason, n int) {
			if r != DropShutdown || n != len(list) {
				t.Errorf("at the end %s %d, want %d", r, n, len(list))
			}
		}
		if err := q.Close(); err != nil || q.Close() != nil {
			t.Fatal(err)
		}
		if n := pool.Outstanding(); n != 0 {
			t.Fatalf("%d buffers were not given back", n)
		}
	}
}

func TestQueueBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pool frame.Pool
		q := NewQueue(QueueConfig{Policy: Block, Size: 2})
		pushed := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range uint64(10) {
				if err := q.Push(t.Context(), picture(&pool, i, frame.BreakNone)); err != nil {
					t.Error(err)
				}
				pushed++
			}
			q.End(nil)
		}()
		synctest.Wait()
		if pushed != 2 {
			t.Errorf("%d frames in a queue of 2", pushed)
		}
		var f frame.Frame
		for i := range uint64(10) {
			if err := q.Read(t.Context(), &f); err != nil || f.Seq != i || f.Break != frame.BreakNone {
				t.Errorf("frame %d: %+v, %v", i, f, err)
			}
		}
		<-done
		if err := q.Read(t.Context(), &f); !errors.Is(err, ErrEndOfStream) {
			t.Errorf("after the end: %v", err)
		}
		if n := pool.Outstanding(); n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
}

func TestQueueGivesUpWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pool frame.Pool
		q := NewQueue(QueueConfig{Policy: Block, Size: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var f frame.Frame
		if err := q.Read(ctx, &f); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("read from an empty queue: %v", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		first, second := picture(&pool, 0, frame.BreakNone), picture(&pool, 1, frame.BreakNone)
		if err := errors.Join(q.Push(ctx, first), q.Push(ctx, second)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("push into a full queue: %v", err)
		}
		second.Release()
		q.Close()
		if n := pool.Outstanding(); n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
}
