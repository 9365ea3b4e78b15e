package infer

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever is pushed, popped and dropped in whatever order: each call comes
// out once, the calls of a stream in their order, nothing is lost.
func TestFairQueueLosesNothing(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 5))
		var q fairQueue
		waiting := make(map[string][]*waiter)
		count := 0
		for step := range 300 {
			name := names[rng.IntN(len(names))]
			switch op := rng.IntN(5); {
			case op < 2:
				waiting[name] = append(waiting[name], q.push(name))
				count++
			case op < 4:
				w := q.pop()
				if (w == nil) != (count == 0) {
					t.Fatalf("seed %d, step %d: popped %v of %d", seed, step, w, count)
				}
				if w == nil {
					continue
				}
				count--
				found := false
				for name, calls := range waiting {
					if len(calls) > 0 && calls[0] == w {
						waiting[name], found = calls[1:], true
					}
				}
				if !found {
					t.Fatalf("seed %d, step %d: popped a call that is not the first of its stream", seed, step)
				}
				q.free(w)
			case len(waiting[name]) > 0:
				i := rng.IntN(len(waiting[name]))
				w := waiting[name][i]
				waiting[name] = slices.Delete(waiting[name], i, i+1)
				count--
				q.drop(w)
				q.free(w)
			}
		}
		if len(q.streams) > len(names) {
			t.Fatalf("seed %d: %d streams are remembered", seed, len(q.streams))
		}
	}
}

// Streams that always have a call waiting are served equally often over any
// stretch of time, however many more calls one of them has.
func TestFairQueueServesBackloggedStreamsEqually(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 6))
		var q fairQueue
		streamOf := make(map[*waiter]int)
		names := []string{"a", "b", "c"}
		served := make([]int, len(names))
		push := func(i int) { streamOf[q.push(names[i])] = i }
		for i := range names {
			for range 1 + rng.IntN(10) {
				push(i)
			}
		}
		for range 100 {
			w := q.pop()
			i := streamOf[w]
			served[i]++
			q.free(w)
			push(i)
			if rng.IntN(3) == 0 {
				push(rng.IntN(len(names)))
			}
			if spread := slices.Max(served) - slices.Min(served); spread > 1 {
				t.Fatalf("seed %d: served %v", seed, served)
			}
		}
	}
}

// A stream that was away gets its turn soon, but no more than its share.
func TestFairQueueDoesNotSaveUp(t *testing.T) {
	var q fairQueue
	for range 200 {
		q.push("busy")
	}
	for range 100 {
		q.free(q.pop())
	}
	late := make(map[*waiter]bool)
	for range 10 {
		late[q.push("late")] = true
	}
	got := 0
	for range 10 {
		if w := q.pop(); late[w] {
			got++
		}
	}
	if got < 5 || got > 6 {
		t.Errorf("the stream that was away got %d of 10", got)
	}
}

func TestFairQueueDoesNotAllocateOnceWarm(t *testing.T) {
	var q fairQueue
	round := func() {
		q.push("a")
		b := q.push("b")
		q.push("a")
		q.drop(b)
		q.free(b)
		for range 2 {
			q.free(q.pop())
		}
	}
	for range 10 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
}
