//go:build cgo && unix

package onnx

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

// Frames that share a batch get their own answers, and the file's whole batch
// is used.
func TestEveryRowOfABatchIsItsOwnFrame(t *testing.T) {
	rt := load(t)
	const width, height, batch, frames = 6, 4, 4, 64
	identity := [][3]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for name, m := range map[string]onnxtest.Model{
		"bytes":  {Elem: onnxtest.Uint8},
		"floats": {Planes: true},
		"halves": {Elem: onnxtest.Float16, OutElem: onnxtest.Float16, Planes: true},
	} {
		m.Width, m.Height, m.Batch, m.Weights = width, height, batch, identity
		c, err := rt.Open(context.Background(), ModelConfig{
			Path: write(t, m), Sessions: 2, Labels: classNames(3), Preprocessing: plain(width, height), Output: infer.OutputLogits,
			Batch: Batch{Delay: 20 * time.Second}, // only full ones
		})
		if err != nil {
			t.Fatal(err)
		}
		if c.Parallel() != 2*batch {
			t.Errorf("%s: parallel %d", name, c.Parallel())
		}
		var wg sync.WaitGroup
		for i := range frames {
			wg.Go(func() {
				want := []float32{float32(i), float32(2 * i), float32(255 - i)}
				out := infer.Prediction{Logits: []float32{}}
				f := picture(width, height, byte(i), byte(2*i), byte(255-i))
				if err := c.Classify(context.Background(), f, 0, &out); err != nil || !slices.Equal(out.Logits, want) {
					t.Errorf("%s: frame %d: %v, %v, want %v", name, i, out.Logits, err, want)
				}
			})
		}
		wg.Wait()
		if s := c.(*infer.Batcher).Stats(); s.Frames != frames || s.Batches != frames/batch {
			t.Errorf("%s: %+v", name, s)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBatchDefaults(t *testing.T) {
	for _, c := range []struct {
		batch Batch
		size  int
		delay time.Duration
	}{
		{Batch{}, 8, 5 * time.Millisecond},
		{Batch{Max: 3, Delay: time.Second}, 3, time.Second},
		{Batch{Max: 1, Delay: -1}, 1, 0},
	} {
		if c.batch.size() != c.size || c.batch.delay() != c.delay {
			t.Errorf("%+v: %d, %v", c.batch, c.batch.size(), c.batch.delay())
		}
	}
}
