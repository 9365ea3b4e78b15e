package bus

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// The queue against a list that is searched through at every step.
func TestQueueAgainstModel(t *testing.T) {
	limits := [numRoutes]int{3, 5, 2, 1}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		q := newQueue(limits)
		var model []*message
		for step := range 200 {
			if rng.IntN(3) == 0 {
				var want *message
				if len(model) > 0 {
					want, model = model[0], model[1:]
				}
				if got := q.pop(); got != want {
					t.Fatalf("seed %d step %d: popped %v, want %v", seed, step, got, want)
				}
				continue
			}
			m := &message{route: route(rng.IntN(int(numRoutes))), subject: strconv.Itoa(step)}
			var want *message
			same := func(x *message) bool { return x.route == m.route }
			if countIf(model, same) == limits[m.route] {
				i := slices.IndexFunc(model, same)
				want = model[i]
				model = slices.Delete(model, i, i+1)
			}
			model = append(model, m)
			if got := q.push(m); got != want {
				t.Fatalf("seed %d step %d: push gave back %v, want %v", seed, step, got, want)
			}
		}
	}
}

func countIf(list []*message, f func(*message) bool) (n int) {
	for _, m := range list {
		if f(m) {
			n++
		}
	}
	return n
}

func TestQueueRefusesAfterEnd(t *testing.T) {
	q := newQueue([numRoutes]int{1, 1, 1, 1})
	q.end()
	m := &message{}
	if q.push(m) != m || q.pop() != nil {
		t.Error("an ended queue took a message")
	}
}
