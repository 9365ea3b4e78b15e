package pipeline

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// counted adds up what a camera's objects tell.
type counted struct {
	pairs, flips, breaks int
	finals               map[string]int
	windows              []stability.Window
}

func (c *counted) Notify(ev *event.Event) {
	if ev.Pair {
		c.pairs++
	}
	if ev.Flip {
		c.flips++
	}
	if ev.Break != stability.ReasonNone {
		c.breaks++
	}
	for _, f := range ev.Late {
		if f.Final {
			c.finals[fmt.Sprintf("%s %d %d", ev.Track, f.Epoch, f.Seq)]++
		}
	}
	if ev.Window != nil {
		c.windows = append(c.windows, *ev.Window)
	}
}

// seenPair is a pair, kept to be counted again.
type seenPair struct {
	at, length time.Duration
	flip       bool
}

// The windows of a camera are those of all its objects together, those that
// are gone included: held against counting every pair anew.
func TestWindowsPoolObjects(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	got := &counted{finals: map[string]int{}}
	width := 10 * time.Second
	cfg := Config{Stream: "c", Tracker: stability.DefaultConfig(), Windows: []time.Duration{width}}
	x, err := NewObjects(ObjectsConfig{Config: cfg}, []event.Listener{got})
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		label int32
		at    time.Duration
		epoch uint64
		seq   uint64
	}
	objects := map[string]*object{}
	var pairs []seenPair
	flips, checks := 0, 0
	epochs := uint64(0)
	for now := time.Duration(0); now < 2*time.Minute; now += 100 * time.Millisecond {
		for k := range 4 {
			name := fmt.Sprint("t", k)
			o := objects[name]
			if o != nil && rng.IntN(60) == 0 {
				x.End(name)
				delete(objects, name)
				continue
			}
			at := now + time.Duration(k)*time.Millisecond
			label := int32(rng.IntN(2))
			if o == nil {
				o = &object{epoch: epochs}
				epochs++
				objects[name] = o
			} else {
				pairs = append(pairs, seenPair{at, at - o.at, label != o.label})
				if label != o.label {
					flips++
				}
			}
			x.Observe(name, &stability.Observation{Epoch: o.epoch, Seq: o.seq, PTS: at, HasPTS: true, Label: label, Score: nan32, PrevLabelScore: nan32, Change: -1}, time.Time{}, false)
			o.label, o.at = label, at
			o.seq++
		}
		if rng.IntN(10) > 0 {
			continue
		}
		end := now + 50*time.Millisecond
		x.Windows(end, time.Time{})
		w := got.windows[len(got.windows)-1]
		var want seenPair
		n, f := 0, 0
		for _, p := range pairs {
			if p.at > end-width && p.at <= end {
				n++
				want.length += p.length
				if p.flip {
					f++
				}
			}
		}
		checks++
		if int(w.Pairs) != n || int(w.Flips) != f || w.Observed != want.length || w.At != end {
			t.Fatalf("at %v: %d pairs, %d flips, %v; want %d, %d, %v", end, w.Pairs, w.Flips, w.Observed, n, f, want.length)
		}
		if n > 0 && w.FlipFraction.Value != float64(f)/float64(n) {
			t.Fatalf("flip fraction %v", w.FlipFraction)
		}
	}
	for name := range objects {
		x.End(name)
	}
	if checks < 50 || got.pairs != len(pairs) || got.flips != flips || got.breaks != 0 || len(got.finals) != flips {
		t.Errorf("%d checks, %d pairs of %d, %d flips and %d final ones of %d, %d breaks", checks, got.pairs, len(pairs), got.flips, len(got.finals), flips, got.breaks)
	}
	for id, n := range got.finals {
		if n != 1 {
			t.Errorf("flip %s is final %d times", id, n)
		}
	}
}

// A camera forgets objects that no window reaches.
func TestObjectsAreForgotten(t *testing.T) {
	cfg := Config{Stream: "c", Tracker: stability.DefaultConfig(), Windows: []time.Duration{time.Second}}
	x, err := NewObjects(ObjectsConfig{Config: cfg, Remembered: 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		x.Observe(fmt.Sprint(i), &stability.Observation{Epoch: uint64(i), PTS: time.Duration(i) * time.Second, HasPTS: true, Score: nan32, PrevLabelScore: nan32, Change: -1}, time.Time{}, false)
		x.End(fmt.Sprint(i))
		x.End(fmt.Sprint(i))
	}
	if len(x.gone) != 3 {
		t.Errorf("%d are remembered", len(x.gone))
	}
	if x.Windows(time.Hour, time.Time{}); len(x.gone) != 0 {
		t.Errorf("%d are remembered for ever", len(x.gone))
	}
}
