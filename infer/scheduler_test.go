package infer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testModel(classes int) infer.ModelInfo {
	m := infer.ModelInfo{Name: "test", SHA256: strings.Repeat("a", 64), Provider: "none", Precision: "fp32", Runtime: "test", Output: infer.OutputLogits,
		Preprocessing: infer.Preprocessing{Width: 4, Height: 2, Fit: frame.FitSquash, Filter: frame.FilterArea, Order: "RGB", Scale: [3]float32{1, 1, 1}}}
	for i := range classes {
		m.Labels = append(m.Labels, fmt.Sprint("class ", i))
	}
	return m
}

// counting emits the first pixels as logits, and fails the test if two
// goroutines have it at once or if it runs after Close.
type counting struct {
	t      *testing.T
	before func(p frame.Picture)
	err    error
	scores []float32
	busy   atomic.Bool
	closed atomic.Int32
}

func (r *counting) Run(p frame.Picture) ([]float32, error) {
	if !r.busy.CompareAndSwap(false, true) {
		r.t.Error("two goroutines run one runner")
	}
	defer r.busy.Store(false)
	if r.closed.Load() > 0 {
		r.t.Error("a closed runner runs")
	}
	if r.before != nil {
		r.before(p)
	}
	for i := range r.scores {
		r.scores[i] = float32(p.Pix[i]) / 16
	}
	return r.scores, r.err
}

func (r *counting) Close() error {
	r.closed.Add(1)
	return nil
}

func newScheduler(t *testing.T, runners int, setup func(*counting)) (*infer.Scheduler, []*counting) {
	t.Helper()
	var list []infer.Runner
	var counted []*counting
	for range runners {
		r := &counting{t: t, scores: make([]float32, 5)}
		if setup != nil {
			setup(r)
		}
		list, counted = append(list, r), append(counted, r)
	}
	s, err := infer.NewScheduler(testModel(5), list, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, counted
}

func TestSchedulerIsAClassifier(t *testing.T) {
	infertest.TestClassifier(t, func(t *testing.T) infer.Classifier {
		s, _ := newScheduler(t, 3, nil)
		return s
	})
}

// Streams with one frame in flight get as much as one with twenty.
func TestSchedulerIsFairOverStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served []byte
		s, _ := newScheduler(t, 1, func(r *counting) {
			r.before = func(p frame.Picture) {
				served = append(served, p.Pix[0])
				time.Sleep(time.Second)
			}
		})
		var wg sync.WaitGroup
		submit := func(stream byte, frames int) {
			f := infertest.Frame(s.Model(), 0)
			f.Stream, f.Pictures[0].Pix[0] = string(stream), stream
			for range frames {
				if err := s.Classify(context.Background(), f, 0, &infer.Prediction{}); err != nil {
					t.Error(err)
				}
			}
		}
		for range 20 {
			wg.Go(func() { submit('A', 1) })
		}
		synctest.Wait() // all of A waits
		wg.Go(func() { submit('b', 6) })
		wg.Go(func() { submit('c', 6) })
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		// All three want more until b and c are done, after 18 frames or so.
		count := make(map[byte]int)
		for _, stream := range served[:18] {
			count[stream]++
		}
		for _, stream := range []byte("Abc") {
			if n := count[stream]; n < 5 || n > 8 {
				t.Errorf("%c got %d of the first 18 turns: %s", stream, n, served)
			}
		}
	})
}

// The calls of one stream start in the order in which they came.
func TestSchedulerKeepsAStreamsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served []byte
		s, _ := newScheduler(t, 1, func(r *counting) {
			r.before = func(p frame.Picture) {
				served = append(served, p.Pix[0])
				time.Sleep(time.Second)
			}
		})
		var wg sync.WaitGroup
		for i := range byte(10) {
			f := infertest.Frame(s.Model(), 0)
			f.Pictures[0].Pix[0] = i
			wg.Go(func() {
				if err := s.Classify(context.Background(), f, 0, &infer.Prediction{}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if !slices.IsSorted(served) || len(served) != 10 {
			t.Errorf("served %v", served)
		}
		if got := s.Stats(); got.Frames != 10 || got.Busy != 10*time.Second {
			t.Errorf("stats %+v", got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSchedulerCloseWaitsForRunningAndRefusesWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, runners := newScheduler(t, 2, func(r *counting) {
			r.before = func(frame.Picture) { time.Sleep(time.Second) }
		})
		errs := make(chan error, 5)
		for range 5 {
			go func() {
				errs <- s.Classify(context.Background(), infertest.Frame(s.Model(), 0), 0, &infer.Prediction{})
			}()
		}
		synctest.Wait()
		start := time.Now()
		for range 2 { // the second waits for the first
			go func() {
				if err := s.Close(); err != nil || time.Since(start) != time.Second {
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
		if done != 2 || refused != 3 {
			t.Errorf("%d done, %d refused, want 2 and 3", done, refused)
		}
		for i, r := range runners {
			if r.closed.Load() != 1 {
				t.Errorf("runner %d was closed %d times", i, r.closed.Load())
			}
		}
	})
}

func TestSchedulerCancelledWhileWaitingKeepsTheRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newScheduler(t, 1, func(r *counting) {
			r.before = func(frame.Picture) { time.Sleep(time.Second) }
		})
		f := infertest.Frame(s.Model(), 0)
		first := make(chan error)
		go func() { first <- s.Classify(context.Background(), f, 0, &infer.Prediction{}) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Millisecond, errors.New("too slow"))
		defer cancel()
		start := time.Now()
		if err := s.Classify(ctx, f, 0, &infer.Prediction{}); err == nil || err.Error() != "too slow" || time.Since(start) > time.Millisecond {
			t.Errorf("waiting call: %v after %v", err, time.Since(start))
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		if err := s.Classify(context.Background(), f, 0, &infer.Prediction{}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSchedulerLetsTheFirstFrameDecide(t *testing.T) {
	for _, c := range []struct {
		emitted []float32
		want    infer.Output
	}{
		{[]float32{.5, .25, .25}, infer.OutputProbabilities},
		{[]float32{.5, .25, .5}, infer.OutputLogits},
	} {
		m := testModel(3)
		m.Output = infer.OutputUnknown
		first := c.emitted
		s, err := infer.NewScheduler(m, []infer.Runner{fixed(func() []float32 { return first })}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var out infer.Prediction
		for range 2 {
			if err := s.Classify(context.Background(), infertest.Frame(&m, 0), 0, &out); err != nil {
				t.Fatal(err)
			}
			if got := s.Model(); got.Output != c.want || !got.OutputGuessed {
				t.Errorf("%v: output %q, guessed %v", c.emitted, got.Output, got.OutputGuessed)
			}
			first = []float32{1, 0, 0} // looks like probabilities, but it is too late
		}
		if isProb := slices.Equal(out.Probs, first); isProb != (c.want == infer.OutputProbabilities) {
			t.Errorf("%v: then %v gave %v", c.emitted, first, out.Probs)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// fixed is a runner that always emits the same.
type fixed func() []float32

func (f fixed) Run(frame.Picture) ([]float32, error) { return f(), nil }
func (f fixed) Close() error                         { return nil }

// stuck is a runner that can't be closed.
type stuck struct{ fixed }

func (stuck) Close() error { return errors.New("runner stuck") }

func TestSchedulerReportsErrors(t *testing.T) {
	if _, err := infer.NewScheduler(testModel(3), nil, nil); err == nil {
		t.Error("no runners: no error")
	}
	if _, err := infer.NewScheduler(infer.ModelInfo{}, []infer.Runner{fixed(nil)}, nil); err == nil {
		t.Error("no preprocessing: no error")
	}
	broken := errors.New("broken")
	s, _ := newScheduler(t, 1, func(r *counting) { r.err = broken })
	f := infertest.Frame(s.Model(), 12)
	if err := s.Classify(context.Background(), f, 0, &infer.Prediction{}); !errors.Is(err, broken) || !strings.Contains(err.Error(), "frame 12") {
		t.Errorf("broken network: %v", err)
	}
	if got := s.Stats().Frames; got != 0 {
		t.Errorf("%d frames counted", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	released := errors.New("not released")
	m := testModel(3)
	s, err := infer.NewScheduler(m, []infer.Runner{stuck{func() []float32 { return []float32{0, float32(math.NaN()), 0} }}}, func() error { return released })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Classify(context.Background(), infertest.Frame(&m, 0), 0, &infer.Prediction{}); err == nil || !strings.Contains(err.Error(), "NaN for class 1") {
		t.Errorf("a network that emits NaN: %v", err)
	}
	for range 2 {
		if err := s.Close(); !errors.Is(err, released) || !strings.Contains(err.Error(), "runner stuck") {
			t.Errorf("close: %v", err)
		}
	}
}

func TestClassifyDoesNotAllocate(t *testing.T) {
	s, _ := newScheduler(t, 1, nil)
	defer s.Close()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() { // so that calls wait, too
		var out infer.Prediction
		f := infertest.Frame(s.Model(), 1)
		f.Stream = "other"
		for {
			select {
			case <-stop:
				return
			default:
				_ = s.Classify(context.Background(), f, 0, &out)
			}
		}
	})
	f := infertest.Frame(s.Model(), 0)
	var out infer.Prediction
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := testing.AllocsPerRun(2000, func() {
		if err := s.Classify(ctx, f, 0, &out); err != nil {
			t.Fatal(err)
		}
	})
	close(stop)
	wg.Wait()
	if n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// What the scheduler costs where the network costs nothing.
func BenchmarkSchedulerAlone(b *testing.B) {
	m := testModel(1000)
	scores := make([]float32, 1000)
	s, err := infer.NewScheduler(m, []infer.Runner{quiet(scores), quiet(scores)}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		f := infertest.Frame(&m, 0)
		var out infer.Prediction
		for pb.Next() {
			if err := s.Classify(context.Background(), f, 0, &out); err != nil {
				b.Error(err)
			}
		}
	})
}

type quiet []float32

func (q quiet) Run(frame.Picture) ([]float32, error) { return q, nil }
func (q quiet) Close() error                         { return nil }
