package infertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// TestClassifier is what every classifier must pass. open makes a new one
// that runs at least two frames at once; the suite closes it.
func TestClassifier(t *testing.T, open func(t *testing.T) infer.Classifier) {
	for name, test := range map[string]func(*testing.T, infer.Classifier){
		"describes itself":                        describesItself,
		"fills a probability vector":              fillsProbabilities,
		"uses the caller's buffers":               usesBuffers,
		"keeps logits only when asked":            keepsLogits,
		"leaves the frame alone":                  leavesFrame,
		"gives one answer however often and wide": sameAnswer,
		"refuses a picture that does not fit":     refusesPictures,
		"refuses a cancelled call":                refusesCancelled,
		"returns when cancelled while waiting":    cancelWhileWaiting,
		"closes twice and refuses afterwards":     closesTwice,
		"closes under load":                       closesUnderLoad,
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t)
			defer func() {
				if err := c.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			test(t, c)
		})
	}
}

// Frame makes a frame with one picture for the model, of a pattern that
// depends on seed and whose mean brightness grows with it, wrapping at 256.
func Frame(m *infer.ModelInfo, seed int) *frame.Frame {
	w := m.Want()
	p := frame.Picture{Width: w.Width, Height: w.Height, Channels: 3, Pix: make([]byte, w.Width*w.Height*3)}
	for i := range p.Pix {
		p.Pix[i] = byte(seed*37 + (i*7+seed*11)%13)
	}
	return &frame.Frame{Stream: "suite", Seq: uint64(seed), Width: w.Width, Height: w.Height, Pictures: []frame.Picture{p}}
}

func mustClassify(t *testing.T, c infer.Classifier, f *frame.Frame, out *infer.Prediction) {
	t.Helper()
	if err := c.Classify(context.Background(), f, 0, out); err != nil {
		t.Fatal(err)
	}
}

func describesItself(t *testing.T, c infer.Classifier) {
	m := c.Model()
	if err := m.Want().Validate(); err != nil {
		t.Error(err)
	}
	if m.Want().Format != frame.RGB || m.Want().Height == 0 {
		t.Errorf("wants %+v, a model wants RGB of a fixed size", m.Want())
	}
	if c.Parallel() < 2 {
		t.Errorf("runs %d frames at once, the suite needs 2", c.Parallel())
	}
	if m.Name == "" || len(m.SHA256) != 64 || m.Provider == "" || m.Precision == "" || m.Runtime == "" {
		t.Errorf("identity is incomplete: %+v", m)
	}
	if len(m.Labels) == 0 {
		t.Error("no labels")
	}
}

func fillsProbabilities(t *testing.T, c infer.Classifier) {
	var out infer.Prediction
	for seed := range 8 {
		mustClassify(t, c, Frame(c.Model(), seed), &out)
		if len(out.Probs) != len(c.Model().Labels) {
			t.Fatalf("%d probabilities for %d labels", len(out.Probs), len(c.Model().Labels))
		}
		sum := 0.0
		for i, p := range out.Probs {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("frame %d: probability %v of class %d", seed, p, i)
			}
			sum += float64(p)
		}
		if math.Abs(sum-1) > 1e-3 {
			t.Errorf("frame %d: probabilities sum to %v", seed, sum)
		}
	}
	if c.Model().Output == infer.OutputUnknown {
		t.Error("nobody decided what the output is")
	}
}

func usesBuffers(t *testing.T, c infer.Classifier) {
	out := infer.Prediction{Probs: make([]float32, 0, len(c.Model().Labels))}
	first := &out.Probs[:1][0]
	mustClassify(t, c, Frame(c.Model(), 1), &out)
	if &out.Probs[0] != first {
		t.Error("a buffer that was large enough was not used")
	}
}

func keepsLogits(t *testing.T, c infer.Classifier) {
	var out infer.Prediction
	mustClassify(t, c, Frame(c.Model(), 1), &out)
	if out.Logits != nil {
		t.Error("logits were kept, though nobody asked")
	}
	out.Logits = []float32{}
	mustClassify(t, c, Frame(c.Model(), 1), &out)
	want := 0
	if c.Model().Output == infer.OutputLogits {
		want = len(c.Model().Labels)
	}
	if len(out.Logits) != want {
		t.Errorf("%d logits, want %d (the output is %s)", len(out.Logits), want, c.Model().Output)
	}
	if want == 0 {
		return
	}
	again := slices.Clone(out.Logits)
	if err := infer.Softmax(again); err != nil || !slices.Equal(again, out.Probs) {
		t.Errorf("softmax of the logits is not the probabilities (%v)", err)
	}
}

func leavesFrame(t *testing.T, c infer.Classifier) {
	f := Frame(c.Model(), 3)
	before := *f
	pix := bytes.Clone(f.Pictures[0].Pix)
	mustClassify(t, c, f, &infer.Prediction{})
	if f.Seq != before.Seq || len(f.Pictures) != 1 || !bytes.Equal(f.Pictures[0].Pix, pix) {
		t.Error("the frame was changed")
	}
}

func sameAnswer(t *testing.T, c infer.Classifier) {
	const frames = 6
	var want [frames]infer.Prediction
	for i := range want {
		mustClassify(t, c, Frame(c.Model(), i), &want[i])
	}
	var wg sync.WaitGroup
	for g := range 4 * c.Parallel() {
		wg.Go(func() {
			var out infer.Prediction
			for i := range frames {
				i = (i + g) % frames
				f := Frame(c.Model(), i)
				f.Stream = fmt.Sprint("stream ", g%3)
				if err := c.Classify(context.Background(), f, 0, &out); err != nil {
					t.Error(err)
					return
				}
				if !slices.Equal(out.Probs, want[i].Probs) {
					t.Errorf("frame %d got another answer among others than alone", i)
				}
			}
		})
	}
	wg.Wait()
}

func refusesPictures(t *testing.T, c infer.Classifier) {
	m := c.Model()
	for name, change := range map[string]func(*frame.Frame){
		"no picture":    func(f *frame.Frame) { f.Pictures = nil },
		"empty picture": func(f *frame.Frame) { f.Pictures[0] = frame.Picture{} },
		"too narrow":    func(f *frame.Frame) { f.Pictures[0].Width-- },
		"luma":          func(f *frame.Frame) { f.Pictures[0].Channels = 1 },
		"short":         func(f *frame.Frame) { f.Pictures[0].Pix = f.Pictures[0].Pix[1:] },
	} {
		f := Frame(m, 1)
		change(f)
		if c.Classify(context.Background(), f, 0, &infer.Prediction{}) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, i := range []int{-1, 1} {
		if c.Classify(context.Background(), Frame(m, 1), i, &infer.Prediction{}) == nil {
			t.Errorf("picture %d of 1: no error", i)
		}
	}
}

func refusesCancelled(t *testing.T, c infer.Classifier) {
	reason := errors.New("a reason")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(reason)
	if err := c.Classify(ctx, Frame(c.Model(), 1), 0, &infer.Prediction{}); !errors.Is(err, reason) {
		t.Errorf("got %v, want the context's cause", err)
	}
}

// cancelWhileWaiting has more calls than sessions and cancels them at an
// arbitrary moment: each ends, with an answer or with the cause, and the
// classifier works on.
func cancelWhileWaiting(t *testing.T, c infer.Classifier) {
	for round := range 20 {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for range 8 * c.Parallel() {
			wg.Go(func() {
				var out infer.Prediction
				err := c.Classify(ctx, Frame(c.Model(), 2), 0, &out)
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Duration(round) * 20 * time.Microsecond)
		cancel()
		wg.Wait()
	}
	mustClassify(t, c, Frame(c.Model(), 2), &infer.Prediction{})
}

func closesTwice(t *testing.T, c infer.Classifier) {
	mustClassify(t, c, Frame(c.Model(), 1), &infer.Prediction{})
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := c.Classify(context.Background(), Frame(c.Model(), 1), 0, &infer.Prediction{}); !errors.Is(err, infer.ErrClosed) {
		t.Errorf("classify after close: %v", err)
	}
	if c.Model().Name == "" {
		t.Error("the model is forgotten after close")
	}
}

// closesUnderLoad closes while many call: each call ends with an answer or
// with ErrClosed.
func closesUnderLoad(t *testing.T, c infer.Classifier) {
	var wg sync.WaitGroup
	for g := range 8 * c.Parallel() {
		wg.Go(func() {
			var out infer.Prediction
			for i := range 1000 {
				err := c.Classify(context.Background(), Frame(c.Model(), g), 0, &out)
				if errors.Is(err, infer.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("call %d: %v", i, err)
					return
				}
			}
		})
	}
	time.Sleep(time.Millisecond)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}
