package infertest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFake(t *testing.T) {
	infertest.TestClassifier(t, func(*testing.T) infer.Classifier {
		return infertest.New(infertest.Config{Sessions: 3})
	})
}

func label(t *testing.T, c infer.Classifier, f *frame.Frame) int32 {
	t.Helper()
	var out infer.Prediction
	if err := c.Classify(context.Background(), f, 0, &out); err != nil {
		t.Fatal(err)
	}
	var top [1]infer.Ranked
	infer.TopK(out.Probs, top[:])
	return top[0].Index
}

func TestByBrightness(t *testing.T) {
	c := infertest.New(infertest.Config{Labels: []string{"dark", "grey", "light"}})
	defer c.Close()
	f := infertest.Frame(c.Model(), 0)
	for brightness, want := range map[byte]int32{0: 0, 85: 0, 86: 1, 170: 1, 171: 2, 255: 2} {
		for i := range f.Pictures[0].Pix {
			f.Pictures[0].Pix[i] = brightness
		}
		if got := label(t, c, f); got != want {
			t.Errorf("brightness %d: class %d, want %d", brightness, got, want)
		}
	}
}

func TestBySeqAndFailing(t *testing.T) {
	broken := errors.New("broken")
	c := infertest.New(infertest.Config{Script: infertest.Failing(4, broken, infertest.BySeq(7, 7, 2))})
	defer c.Close()
	for seq, want := range []int32{7, 7, 2, 7} {
		if got := label(t, c, infertest.Frame(c.Model(), seq)); got != want {
			t.Errorf("frame %d: class %d, want %d", seq, got, want)
		}
	}
	if err := c.Classify(context.Background(), infertest.Frame(c.Model(), 4), 0, &infer.Prediction{}); !errors.Is(err, broken) {
		t.Errorf("frame 4: %v", err)
	}
}

func TestDelayBoundsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := infertest.New(infertest.Config{Sessions: 2, Delay: func(*frame.Frame) time.Duration { return time.Second }})
		start := time.Now()
		done := make(chan error)
		for i := range 6 {
			go func() {
				done <- c.Classify(context.Background(), infertest.Frame(c.Model(), i), 0, &infer.Prediction{})
			}()
		}
		for range 6 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("6 frames of 1 s on 2 sessions took %v", got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}
