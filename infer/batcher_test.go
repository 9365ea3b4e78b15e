package infer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

// tray emits the first pixels of each picture as logits, and fails the test
// if it is used wrongly.
type tray struct {
	t      *testing.T
	size   int
	takes  time.Duration // a run
	err    error
	rows   [][]float32
	busy   atomic.Bool
	closed atomic.Int32
	silent bool // ran is not kept

	mu  sync.Mutex
	ran [][]byte // the first pixel of every picture of every run
}

func newTray(t *testing.T, size int) *tray {
	r := &tray{t: t, size: size}
	for range size {
		r.rows = append(r.rows, make([]float32, 5))
	}
	return r
}

func (r *tray) Size() int { return r.size }

func (r *tray) RunBatch(pictures []frame.Picture) ([][]float32, error) {
	if !r.busy.CompareAndSwap(false, true) || r.closed.Load() > 0 {
		r.t.Error("two goroutines run one runner, or it is closed")
	}
	defer r.busy.Store(false)
	if len(pictures) == 0 || len(pictures) > r.size {
		r.t.Errorf("%d pictures for a runner of %d", len(pictures), r.size)
	}
	if r.takes > 0 {
		time.Sleep(r.takes)
	}
	var first []byte
	for i, p := range pictures {
		if !r.silent {
			first = append(first, p.Pix[0])
		}
		for k := range r.rows[i] {
			r.rows[i][k] = float32(p.Pix[k]) / 16
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.silent {
		r.ran = append(r.ran, first)
	}
	return r.rows[:len(pictures)], r.err
}

func (r *tray) Close() error {
	r.closed.Add(1)
	return nil
}

func newBatcher(t *testing.T, delay time.Duration, trays ...*tray) *infer.Batcher {
	t.Helper()
	var list []infer.BatchRunner
	for _, r := range trays {
		list = append(list, r)
	}
	b, err := infer.NewBatcher(testModel(5), list, delay, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBatcherIsAClassifier(t *testing.T) {
	for name, trays := range map[string]func(*testing.T) []*tray{
		"one runner":  func(t *testing.T) []*tray { return []*tray{newTray(t, 3)} },
		"two runners": func(t *testing.T) []*tray { return []*tray{newTray(t, 4), newTray(t, 4)} },
		"size 1":      func(t *testing.T) []*tray { return []*tray{newTray(t, 1), newTray(t, 1)} },
	} {
		t.Run(name, func(t *testing.T) {
			infertest.TestClassifier(t, func(t *testing.T) infer.Classifier {
				return newBatcher(t, time.Millisecond, trays(t)...)
			})
		})
	}
}

// submit classifies a picture that begins with a pixel, as a stream's.
func submit(b *infer.Batcher, stream string, pixel byte) error {
	f := infertest.Frame(b.Model(), 0)
	f.Stream, f.Pictures[0].Pix[0] = stream, pixel
	return b.Classify(context.Background(), f, 0, &infer.Prediction{})
}

// A full batch goes at once, one that is not when its first call has waited.
func TestBatcherWaitsForCompanyButNotForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTray(t, 4)
		b := newBatcher(t, 10*time.Millisecond, r)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range byte(6) {
			time.Sleep(time.Millisecond)
			want := 4 * time.Millisecond // full when the fourth is there
			if i >= 4 {
				want = 15 * time.Millisecond // the fifth came after 5 ms
			}
			wg.Go(func() {
				if err := submit(b, "a", i); err != nil {
					t.Error(err)
				}
				if got := time.Since(start); got != want {
					t.Errorf("call %d returned after %v, want %v", i, got, want)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if len(r.ran) != 2 || !slices.Equal(r.ran[0], []byte{0, 1, 2, 3}) || !slices.Equal(r.ran[1], []byte{4, 5}) {
			t.Errorf("batches %v", r.ran)
		}
		if s := b.Stats(); s.Frames != 6 || s.Batches != 2 {
			t.Errorf("stats %+v", s)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

// While all runners are busy calls pile up, whatever the delay; then they go
// together, and one runner works while the other's batch is put together.
func TestBatcherKeepsItsRunnersBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trays := []*tray{newTray(t, 4), newTray(t, 4)}
		for _, r := range trays {
			r.takes = time.Second
		}
		b := newBatcher(t, time.Millisecond, trays...)
		if b.Parallel() != 8 {
			t.Errorf("parallel %d", b.Parallel())
		}
		start := time.Now()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					if err := submit(b, "a", 0); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("40 frames in batches of 4 on two runners of 1 s took %v", took)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A stream with one frame in flight is not pushed behind one with many.
func TestBatcherIsFairOverStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTray(t, 2)
		r.takes = time.Second
		b := newBatcher(t, time.Millisecond, r)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := submit(b, "many", 1); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		wg.Go(func() {
			for range 5 {
				if err := submit(b, "one", 2); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Wait()
		count := 0
		// Its next frame comes when the batch after its last one has begun.
		for _, batch := range r.ran[:10] {
			if slices.Contains(batch, 2) {
				count++
			}
		}
		if count != 5 {
			t.Errorf("%d of the first 10 batches hold a frame of the small stream, want all 5 of them: %v", count, r.ran)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A call that gives up while it waits takes no room; one that runs returns
// with its batch, which writes to the caller's memory.
func TestBatcherCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTray(t, 2)
		r.takes = time.Second
		b := newBatcher(t, time.Minute, r)
		f := infertest.Frame(b.Model(), 0)
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Millisecond, errors.New("too slow"))
		defer cancel()
		if err := b.Classify(ctx, f, 0, &infer.Prediction{}); err == nil || err.Error() != "too slow" {
			t.Errorf("waiting call: %v", err)
		}
		start := time.Now()
		ctx, cancel = context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				var out infer.Prediction
				if err := b.Classify(ctx, f, 0, &out); err != nil || len(out.Probs) != 5 || time.Since(start) != time.Second {
					t.Errorf("running call: %v, %d classes after %v", err, len(out.Probs), time.Since(start))
				}
			})
		}
		wg.Wait()
		if len(r.ran) != 1 {
			t.Errorf("batches %v", r.ran)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestBatcherCloseWaitsForRunningAndRefusesWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTray(t, 2)
		r.takes = time.Second
		released := errors.New("not released")
		b, err := infer.NewBatcher(testModel(5), []infer.BatchRunner{r}, time.Millisecond, func() error { return released })
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 5)
		for range 5 {
			go func() { errs <- submit(b, "a", 0) }()
		}
		synctest.Wait()
		start := time.Now()
		for range 2 { // the second waits for the first
			go func() {
				if err := b.Close(); !errors.Is(err, released) || time.Since(start) != time.Second {
					t.Errorf("close after %v: %v", time.Since(start), err)
				}
			}()
		}
		done, refused := 0, 0
		for range 5 {
			switch err := <-errs; {
			case err == nil:
				done++
			case errors.Is(err, infer.ErrClosed):
				refused++
			default:
				t.Error(err)
			}
		}
		synctest.Wait()
		if done != 2 || refused != 3 || r.closed.Load() != 1 {
			t.Errorf("%d done, %d refused, closed %d times", done, refused, r.closed.Load())
		}
		if err := submit(b, "a", 0); !errors.Is(err, infer.ErrClosed) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestBatcherReportsErrors(t *testing.T) {
	if _, err := infer.NewBatcher(testModel(3), nil, 0, nil); err == nil {
		t.Error("no runners: no error")
	}
	if _, err := infer.NewBatcher(infer.ModelInfo{}, []infer.BatchRunner{newTray(t, 1)}, 0, nil); err == nil {
		t.Error("no preprocessing: no error")
	}
	r := newTray(t, 2)
	r.err = errors.New("broken")
	b := newBatcher(t, 0, r)
	f := infertest.Frame(b.Model(), 12)
	if err := b.Classify(context.Background(), f, 0, &infer.Prediction{}); !errors.Is(err, r.err) || !strings.Contains(err.Error(), "frame 12") {
		t.Errorf("broken network: %v", err)
	}
	if got := b.Stats().Frames; got != 0 {
		t.Errorf("%d frames counted", got)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestBatcherDoesNotAllocate(t *testing.T) {
	r := newTray(t, 1)
	r.silent = true
	b := newBatcher(t, 0, r)
	defer b.Close()
	f := infertest.Frame(b.Model(), 0)
	out := infer.Prediction{Probs: make([]float32, 5)}
	n := testing.AllocsPerRun(2000, func() {
		if err := b.Classify(context.Background(), f, 0, &out); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
