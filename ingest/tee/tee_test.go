package tee

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/ingesttest"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, pool *frame.Pool, wants []frame.Want, address string) ingest.Source {
	t.Helper()
	src, err := synth.Open(t.Context(), synth.Config{Address: address, Wants: wants, Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

const footage = "synth:square?frames=60&size=64x48&repeat=7&gap=20"

// A single reader is a source like any other.
func TestOneReaderIsASource(t *testing.T) {
	ingesttest.TestSource(t, func(t *testing.T, pool *frame.Pool) ingest.Source {
		wants, places := Wants(ingesttest.Wants())
		return Split(open(t, pool, wants, footage), pool, places)[0]
	})
}

func TestWantsAreAskedForOnce(t *testing.T) {
	w := ingesttest.Wants()
	all, places := Wants([]frame.Want{w[0], w[1]}, []frame.Want{w[2], w[1], w[2]})
	if len(all) != 3 || places[0][0] != 0 || places[0][1] != 1 || places[1][0] != 2 || places[1][1] != 1 || places[1][2] != 2 {
		t.Errorf("%v at %v", all, places)
	}
}

// Three readers with pictures of their own read at their own speed; each sees
// what it would see alone.
func TestReadersSeeWhatTheyWouldSeeAlone(t *testing.T) {
	w := ingesttest.Wants()
	wants := [][]frame.Want{{w[0], w[1]}, {w[2], w[1]}, {w[1]}}
	var pool frame.Pool
	all, places := Wants(wants...)
	sides := Split(open(t, &pool, all, footage), &pool, places)
	var wg sync.WaitGroup
	for k, side := range sides {
		alone := open(t, &pool, wants[k], footage)
		wg.Go(func() {
			var f, g frame.Frame
			for n := 0; ; n++ {
				err, want := side.Read(t.Context(), &f), alone.Read(t.Context(), &g)
				if errors.Is(err, ingest.ErrEndOfStream) && errors.Is(want, ingest.ErrEndOfStream) {
					if n != 60 {
						t.Errorf("reader %d saw %d frames", k, n)
					}
					break
				}
				if err != nil || want != nil {
					t.Errorf("reader %d: %v, alone %v", k, err, want)
					break
				}
				if f.Seq != g.Seq || f.PTS != g.PTS || f.Repeat != g.Repeat || f.Break != g.Break || f.Width != g.Width {
					t.Errorf("reader %d: %+v, alone %+v", k, f, g)
				}
				for i := range g.Pictures {
					if string(f.Pictures[i].Pix) != string(g.Pictures[i].Pix) {
						t.Errorf("reader %d: picture %d of frame %d differs", k, i, f.Seq)
					}
				}
				if k == 1 && n%10 == 0 {
					time.Sleep(time.Millisecond) // the others wait for it
				}
			}
			f.Release()
			g.Release()
			if err := errors.Join(side.Close(), alone.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers are outstanding", n)
	}
}

// Nobody is more than a few frames ahead; who is closed or cancelled holds
// nobody up.
func TestSlowReaders(t *testing.T) {
	w := ingesttest.Wants()
	var pool frame.Pool
	all, places := Wants(w, w, w)
	sides := Split(open(t, &pool, all, footage), &pool, places)
	fast, stuck, gone := sides[0], sides[1], sides[2]
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	var f frame.Frame
	for range ahead {
		if err := fast.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error, 1)
	go func() { waits <- fast.Read(ctx, &f) }()
	select {
	case err := <-waits:
		t.Fatalf("read a frame further ahead than allowed: %v", err)
	case <-time.After(20 * time.Millisecond): // it waits
	}
	cancel()
	if err := <-waits; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if err := stuck.Close(); err != nil {
		t.Fatal(err)
	}
	n := ahead
	for ; fast.Read(t.Context(), &f) == nil; n++ {
	}
	if n != 60 {
		t.Errorf("read %d frames, want all 60", n)
	}
	f.Release()
	if err := fast.Close(); err != nil {
		t.Error(err)
	}
	if n := pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers are outstanding", n)
	}
}
