//go:build cgo && unix

package onnx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
	"github.com/flipmeter/flipmeter/internal/assettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flipmeterHome is where make setup puts what tests need.
func flipmeterHome(tb testing.TB) string { tb.Helper(); return assettest.Home(tb) }

// load never skips: a test run without the native library proves nothing.
func load(tb testing.TB) *Runtime {
	tb.Helper()
	rt, err := Load(Config{Home: flipmeterHome(tb)})
	if err != nil {
		tb.Fatalf("%v (run make setup)", err)
	}
	tb.Cleanup(func() {
		if err := rt.Close(); err != nil {
			tb.Error(err)
		}
	})
	return rt
}

func classNames(n int) infer.LabelSet {
	var l infer.LabelSet
	for i := range n {
		l.Names = append(l.Names, fmt.Sprint("class ", i))
	}
	return l
}

func picture(width, height int, rgb ...byte) *frame.Frame {
	f := &frame.Frame{Stream: "test", Width: width, Height: height}
	p := frame.Picture{Width: width, Height: height, Channels: 3, Pix: make([]byte, width*height*3)}
	for i := range p.Pix {
		p.Pix[i] = rgb[i%3]
	}
	f.Pictures = append(f.Pictures, p)
	return f
}

// Every kind of input, written by another path, must give the same answer:
// the means of red, green and blue, prepared as the model wants them.
func TestOpenEveryKindOfInput(t *testing.T) {
	rt := load(t)
	const width, height = 6, 4
	f := picture(width, height, 10, 20, 5)
	identity := [][3]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	scaled := func(p *infer.Preprocessing) {
		p.Mean, p.Scale = [3]float32{8, 4, 2}, [3]float32{2, 4, 0.5}
	}
	bgr := func(p *infer.Preprocessing) { p.Order = "BGR" }
	for name, c := range map[string]struct {
		model  onnxtest.Model
		change func(*infer.Preprocessing)
		want   []float32 // logits
	}{
		"float NCHW":            {model: onnxtest.Model{Planes: true}, want: []float32{10, 20, 5}},
		"float NHWC":            {model: onnxtest.Model{}, want: []float32{10, 20, 5}},
		"float NCHW scaled":     {model: onnxtest.Model{Planes: true}, change: scaled, want: []float32{1, 4, 6}},
		"float NHWC scaled":     {model: onnxtest.Model{}, change: scaled, want: []float32{1, 4, 6}},
		"float NCHW BGR":        {model: onnxtest.Model{Planes: true}, change: bgr, want: []float32{5, 20, 10}},
		"float NHWC BGR":        {model: onnxtest.Model{}, change: bgr, want: []float32{5, 20, 10}},
		"BGR scaled":            {model: onnxtest.Model{Planes: true}, change: func(p *infer.Preprocessing) { bgr(p); scaled(p) }, want: []float32{-1.5, 4, 16}},
		"uint8 NHWC":            {model: onnxtest.Model{Elem: onnxtest.Uint8}, want: []float32{10, 20, 5}},
		"uint8 NCHW":            {model: onnxtest.Model{Elem: onnxtest.Uint8, Planes: true}, want: []float32{10, 20, 5}},
		"uint8 NHWC BGR":        {model: onnxtest.Model{Elem: onnxtest.Uint8}, change: bgr, want: []float32{5, 20, 10}},
		"float16 in and out":    {model: onnxtest.Model{Elem: onnxtest.Float16, OutElem: onnxtest.Float16, Planes: true}, change: scaled, want: []float32{1, 4, 6}},
		"batch of 3":            {model: onnxtest.Model{Planes: true, Batch: 3}, want: []float32{10, 20, 5}},
		"batch of 3, half":      {model: onnxtest.Model{Elem: onnxtest.Float16, OutElem: onnxtest.Float16, Batch: 3}, want: []float32{10, 20, 5}},
		"any size":              {model: onnxtest.Model{Planes: true, Height: -1, Width: -1}, want: []float32{10, 20, 5}},
		"output shape unstated": {model: onnxtest.Model{Planes: true, HideOutputShape: true}, want: []float32{10, 20, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			m := c.model
			m.Weights = identity
			if m.Height == 0 {
				m.Height, m.Width = height, width
			} else {
				m.Height, m.Width = 0, 0
			}
			pre := plain(width, height)
			if c.change != nil {
				c.change(pre)
			}
			cl, err := rt.Open(context.Background(), ModelConfig{Path: write(t, m), Sessions: 2, Labels: classNames(3), Preprocessing: pre, Output: infer.OutputLogits})
			if err != nil {
				t.Fatal(err)
			}
			defer cl.Close()
			out := infer.Prediction{Logits: []float32{}}
			for range 3 {
				if err := cl.Classify(context.Background(), f, 0, &out); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(out.Logits, c.want) {
					t.Fatalf("logits %v, want %v", out.Logits, c.want)
				}
			}
			if i := cl.Model(); i.Provider != "cpu" || i.Precision != "fp32" || i.Runtime != "onnxruntime "+rt.Version() {
				t.Errorf("identity %+v", i)
			}
		})
	}
}

func TestClassifierSuite(t *testing.T) {
	rt := load(t)
	for name, m := range map[string]onnxtest.Model{
		"bytes":         {Elem: onnxtest.Uint8, Height: 4, Width: 6, Weights: onnxtest.Spread(5, 0.05)},
		"floats":        {Planes: true, Height: 16, Width: 16, Weights: onnxtest.Spread(7, 0.05)},
		"probabilities": {Planes: true, Height: 8, Width: 8, Weights: onnxtest.Spread(3, 0.05), Softmax: true},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, m)
			infertest.TestClassifier(t, func(t *testing.T) infer.Classifier {
				c, err := rt.Open(context.Background(), ModelConfig{Path: path, Sessions: 3, Labels: classNames(len(m.Weights)), Preprocessing: plain(m.Width, m.Height)})
				if err != nil {
					t.Fatal(err)
				}
				return c
			})
		})
	}
}

// The first frame decides what a network emits that does not say so.
func TestOutputIsGuessed(t *testing.T) {
	rt := load(t)
	for softmax, want := range map[bool]infer.Output{true: infer.OutputProbabilities, false: infer.OutputLogits} {
		m := onnxtest.Model{Planes: true, Height: 4, Width: 6, Weights: onnxtest.Spread(3, 0.05), Softmax: softmax}
		c, err := rt.Open(context.Background(), ModelConfig{Path: write(t, m), Labels: classNames(3), Preprocessing: plain(6, 4)})
		if err != nil {
			t.Fatal(err)
		}
		var out infer.Prediction
		if err := c.Classify(context.Background(), picture(6, 4, 200, 100, 50), 0, &out); err != nil {
			t.Fatal(err)
		}
		if i := c.Model(); i.Output != want || !i.OutputGuessed {
			t.Errorf("softmax %v: output %q, guessed %v", softmax, i.Output, i.OutputGuessed)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A network of 1001 outputs numbers its classes like one of 1000.
func TestBackgroundClassMovesBehind(t *testing.T) {
	rt := load(t)
	weights := make([][3]float32, 1001)
	weights[0] = [3]float32{0, 0, 1}    // background: blue
	weights[6] = [3]float32{1, 0, 0}    // class 5: red
	weights[1000] = [3]float32{0, 1, 0} // class 999: green
	m := onnxtest.Model{Planes: true, Height: 4, Width: 6, Weights: weights}
	c, err := rt.Open(context.Background(), ModelConfig{Path: write(t, m), Preprocessing: plain(6, 4), Output: infer.OutputLogits})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for want, f := range map[int32]*frame.Frame{1000: picture(6, 4, 0, 0, 90), 5: picture(6, 4, 90, 0, 0), 999: picture(6, 4, 0, 90, 0)} {
		var out infer.Prediction
		if err := c.Classify(context.Background(), f, 0, &out); err != nil {
			t.Fatal(err)
		}
		var top [1]infer.Ranked
		infer.TopK(out.Probs, top[:])
		if top[0].Index != want {
			t.Errorf("class %d (%s), want %d", top[0].Index, c.Model().Label(top[0].Index), want)
		}
	}
	if got := c.Model().Label(1000); got != infer.Background {
		t.Errorf("class 1000 is %q", got)
	}
}

func TestOpenWithExternalWeights(t *testing.T) {
	rt := load(t)
	dir := t.TempDir()
	m := described(t, nil)
	m.ExternalWeights = "weights.bin"
	writeFile(t, filepath.Join(dir, "weights.bin"), m.WeightsData())
	c, err := rt.Open(context.Background(), ModelConfig{Path: writeFile(t, filepath.Join(dir, "m.onnx"), m.Bytes())})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out := infer.Prediction{Logits: []float32{}}
	if err := c.Classify(context.Background(), picture(6, 4, 10, 20, 5), 0, &out); err != nil || !slices.Equal(out.Logits, []float32{10, 20, 5}) {
		t.Errorf("logits %v, %v", out.Logits, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	rt := load(t)
	valid := write(t, described(t, nil))
	unknownOp := described(t, nil).Bytes()
	unknownOp = bytes.ReplaceAll(unknownOp, []byte("ReduceMean"), []byte("ReduceNone"))
	cancelled, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("not any more")
	cancel(reason)
	for name, c := range map[string]struct {
		ctx  context.Context
		cfg  ModelConfig
		want string
	}{
		"cancelled":           {ctx: cancelled, cfg: ModelConfig{Path: valid}, want: reason.Error()},
		"too many sessions":   {cfg: ModelConfig{Path: valid, Sessions: 1 << 20}, want: "sessions must be between 1 and"},
		"negative sessions":   {cfg: ModelConfig{Path: valid, Sessions: -1}, want: "sessions must be between 1 and"},
		"an unknown operator": {cfg: ModelConfig{Path: writeFile(t, filepath.Join(t.TempDir(), "x.onnx"), unknownOp)}, want: "ONNX Runtime can't load it"},
		"too few labels":      {cfg: ModelConfig{Path: valid, Labels: classNames(2)}, want: "3 classes, but 2 labels"},
		"no labels":           {cfg: ModelConfig{Path: write(t, onnxtest.Model{Weights: onnxtest.Spread(3, 1)}), Preprocessing: plain(6, 4)}, want: "--labels FILE"},
		"unstated half":       {cfg: ModelConfig{Path: write(t, onnxtest.Model{Weights: onnxtest.Spread(3, 1), OutElem: onnxtest.Float16, HideOutputShape: true}), Preprocessing: plain(6, 4)}, want: "does not state the number of classes"},
		"precision on cpu":    {cfg: ModelConfig{Path: valid, Precision: "bf16"}, want: "the CPU runs this file in fp32"},
		"options on cpu":      {cfg: ModelConfig{Path: valid, Options: map[string]string{"device_id": "0"}}, want: "knows no options"},
		"what accelerator":    {cfg: ModelConfig{Path: valid, Accelerator: "abacus"}, want: `unknown accelerator "abacus"`},
		"unknown precision":   {cfg: ModelConfig{Path: valid, Accelerator: OpenVINO, Precision: "int3"}, want: "openvino can't be had with the library "},
		"no openvino here":    {cfg: ModelConfig{Path: valid, Accelerator: OpenVINO}, want: "openvino can't be had with the library " + rt.Library()},
		"no cuda here":        {cfg: ModelConfig{Path: valid, Accelerator: CUDA}, want: "cuda can't be had with the library " + rt.Library()},
		"no tensorrt here":    {cfg: ModelConfig{Path: valid, Accelerator: TensorRT}, want: "tensorrt can't be had with the library " + rt.Library()},
	} {
		ctx := c.ctx
		if ctx == nil {
			ctx = context.Background()
		}
		cl, err := rt.Open(ctx, c.cfg)
		if err == nil {
			t.Errorf("%s: no error", name)
			_ = cl.Close()
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	// Nothing of all that may have shaken the runtime.
	c, err := rt.Open(context.Background(), ModelConfig{Path: valid})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever is closed first, classifiers work until they are closed, and ONNX
// Runtime can be loaded again afterwards.
func TestCloseInAnyOrder(t *testing.T) {
	for round := range 3 {
		rt, err := Load(Config{Home: flipmeterHome(t)})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Load(Config{Home: flipmeterHome(t)})
		if err != nil {
			t.Fatal(err)
		}
		c, err := again.Open(context.Background(), ModelConfig{Path: write(t, described(t, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Load(Config{LibraryPath: compile(t, strings.ReplaceAll(oldLibrary, "1.17.3", "1.99.0"))}); err == nil || !strings.Contains(err.Error(), "is in use already") {
			t.Errorf("round %d: another library at once: %v", round, err)
		}
		for range 2 {
			if err := errors.Join(rt.Close(), again.Close()); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if _, err := again.Open(context.Background(), ModelConfig{Path: write(t, described(t, nil))}); err == nil || !strings.Contains(err.Error(), "runtime is closed") {
			t.Errorf("round %d: open after close: %v", round, err)
		}
		var out infer.Prediction
		if err := c.Classify(context.Background(), picture(6, 4, 1, 2, 3), 0, &out); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if env.users != 0 {
			t.Errorf("round %d: %d users are left", round, env.users)
		}
	}
}

func TestClassifyDoesNotAllocate(t *testing.T) {
	rt := load(t)
	c, err := rt.Open(context.Background(), ModelConfig{Path: write(t, described(t, nil)), Sessions: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f := picture(6, 4, 10, 20, 5)
	var out infer.Prediction
	if n := testing.AllocsPerRun(500, func() {
		if err := c.Classify(context.Background(), f, 0, &out); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// The trained network gives bit-identical answers however many sessions
// share the frames.
func TestSessionsDoNotChangeTheAnswer(t *testing.T) {
	rt := load(t)
	const frames = 8
	var want [frames][]float32
	for _, sessions := range []int{1, 4} {
		c, err := rt.Open(context.Background(), ModelConfig{Path: realModel(t), Sessions: sessions})
		if err != nil {
			t.Fatalf("%v (run make setup)", err)
		}
		var got [frames]infer.Prediction
		var wg sync.WaitGroup
		for i := range frames {
			wg.Go(func() {
				if err := c.Classify(context.Background(), infertest.Frame(c.Model(), i), 0, &got[i]); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range frames {
			if sessions == 1 {
				want[i] = got[i].Probs
			} else if !slices.Equal(got[i].Probs, want[i]) {
				t.Errorf("frame %d: %d sessions give another answer than one", i, sessions)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBare(t *testing.T) {
	rt := load(t)
	b, err := rt.OpenBare(ModelConfig{Path: write(t, described(t, nil))}, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if took, err := b.Run(context.Background(), 50); err != nil || took <= 0 {
		t.Errorf("took %v, %v", took, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Run(ctx, 50); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for range 2 {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := rt.OpenBare(ModelConfig{Path: filepath.Join(t.TempDir(), "nowhere")}, 1, 1); err == nil {
		t.Error("no file: no error")
	}
}
