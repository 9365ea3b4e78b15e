//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"context"
	"hash/fnv"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

const (
	scriptedClasses = 10
	scriptedSide    = 8 // pixels
	holdFrames      = 20
)

// scripted is a classifier that costs nothing: each camera's label changes by
// a script, every other second, with a glitch now and then.
type scripted struct {
	model  infer.ModelInfo
	closed atomic.Bool
}

func openScripted(context.Context, configs.Model) (infer.Classifier, error) {
	s := &scripted{model: infer.ModelInfo{
		Name: "scripted", SHA256: strings.Repeat("0", 64), Output: infer.OutputProbabilities,
		Provider: "none", Precision: "fp32", Runtime: "scripted",
		Preprocessing: infer.Preprocessing{
			Width: scriptedSide, Height: scriptedSide, Fit: frame.FitSquash, Filter: frame.FilterArea, Order: "RGB", Scale: [3]float32{1, 1, 1},
		},
	}}
	for i := range scriptedClasses {
		s.model.Labels = append(s.model.Labels, "class "+strconv.Itoa(i))
	}
	return s, nil
}

func (s *scripted) Model() *infer.ModelInfo { return &s.model }

func (s *scripted) Parallel() int { return runtime.NumCPU() }

func (s *scripted) Classify(ctx context.Context, f *frame.Frame, _ int, out *infer.Prediction) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case s.closed.Load():
		return infer.ErrClosed
	}
	if cap(out.Probs) < scriptedClasses {
		out.Probs = make([]float32, scriptedClasses)
	}
	out.Probs = out.Probs[:scriptedClasses]
	if out.Logits != nil {
		out.Logits = out.Logits[:0]
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(f.Stream)) // never fails
	at := f.Seq + uint64(h.Sum32()%holdFrames)
	k := at / holdFrames % scriptedClasses
	if at%(7*holdFrames) == holdFrames/2 { // a frame of its own
		k = (k + 1) % scriptedClasses
	}
	const other, sure = 0.01, 1 - 0.01*(scriptedClasses-1)
	for i := range out.Probs {
		out.Probs[i] = other
	}
	out.Probs[k] = sure
	return nil
}

func (s *scripted) Close() error {
	s.closed.Store(true)
	return nil
}
