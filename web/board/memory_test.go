package board

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// live is what is in use after a collection, in bytes.
func live() int {
	for range 3 { // pools let go of what they have with the second
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// What a camera's past takes is little, and once its lists are full it stays
// as it is: docs/sizing.md says how much.
func TestBytesPerCamera(t *testing.T) {
	const cameras, most = 6, 100 << 10 // bytes of each
	b := New(Config{PicturesOff: true})
	feeds := make([]*feed, cameras)
	for i := range feeds {
		feeds[i] = newFeed(b.Camera(Info{
			Name: fmt.Sprintf("camera %d", i), Label: func(i int32) string { return fmt.Sprintf("class number %d", i) }, Crop: [4]float64{0, 0, 1, 1},
		}))
	}
	last := 0
	for round := range 3 {
		for _, f := range feeds {
			for i := range 700 { // more flips and stretches than are kept
				f.frames(int32(i%7), 1+i%8)
			}
		}
		b.tell(nil)
		with := live()
		for _, f := range feeds {
			if n, room := len(f.l.flips.list), cap(f.l.flips.list); n != defaultFlips || room != n {
				t.Fatalf("%d flips in room for %d, want %d", n, room, defaultFlips)
			}
			f.l.flips, f.l.ribbon = flips{}, ribbon{}
		}
		got := (with - live()) / cameras
		if got > most || round > 0 && got > last+last/20 {
			t.Errorf("round %d: %d bytes a camera, %d in the round before, want at most %d", round, got, last, most)
		}
		last = got
	}
	t.Logf("%d bytes a camera", last)
	runtime.KeepAlive(b)
}

// The flips that are held are those that a plain list would hold, and the
// cells come back as they were.
func TestKeptFlips(t *testing.T) {
	const limit = 5
	var s flips
	var want []flipKey // oldest first
	for i := range 23 {
		f := stability.Flip{Epoch: uint64(i / 7), Seq: uint64(i % 7)}
		track := fmt.Sprint(i % 2)
		ev := event.Event{Track: track, Update: stability.Update{FlipAt: f}}
		s.add(keep(start, &ev, nil), limit)
		want = append(want, keyOf(track, &f))
		want = want[max(0, len(want)-limit):]
		if len(s.list) != len(want) || cap(s.list) > 8 {
			t.Fatalf("%d flips in room for %d, want %d", len(s.list), cap(s.list), len(want))
		}
		for j := range want {
			if got := s.newest(j).key; got != want[len(want)-1-j] {
				t.Fatalf("after %d: the %d-th newest is %v", i, j, got)
			}
			if k := s.find(want[j]); k == nil || k.key != want[j] {
				t.Fatalf("after %d: %v is not found", i, want[j])
			}
		}
		if s.find(flipKey{track: track, epoch: f.Epoch + 99, seq: f.Seq}) != nil {
			t.Fatal("a flip of another epoch is found")
		}
	}
	for _, cells := range [][]uint16{{}, {0}, {1023}, {3, 40, 63, 64, 65, 1000}} {
		if got := cellSetOf(cells).list(); !slices.Equal(got, cells) {
			t.Errorf("cells %v came back as %v", cells, got)
		}
	}
}
