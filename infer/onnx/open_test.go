//go:build cgo && unix

package onnx

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flipmeterHome is where make setup puts what tests need.
func flipmeterHome(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("FLIPMETER_HOME"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".flipmeter")
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the test's folder")
		}
	}
}

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

func write(tb testing.TB, m onnxtest.Model) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "tiny.onnx")
	if err := os.WriteFile(path, m.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func classNames(n int) infer.LabelSet {
	var l infer.LabelSet
	for i := range n {
		l.Names = append(l.Names, fmt.Sprint("class ", i))
	}
	return l
}

// plain is preprocessing that changes nothing.
func plain(width, height int) *infer.Preprocessing {
	return &infer.Preprocessing{Width: width, Height: height, Fit: frame.FitSquash, Filter: frame.FilterArea,
		Order: "RGB", Scale: [3]float32{1, 1, 1}}
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

func TestOpenAndClassify(t *testing.T) {
	rt := load(t)
	m := onnxtest.Model{Planes: true, Height: 4, Width: 6, Weights: [][3]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}
	c, err := rt.Open(context.Background(), ModelConfig{Path: write(t, m), Sessions: 2, Labels: classNames(3), Preprocessing: plain(6, 4), Output: infer.OutputLogits})
	if err != nil {
		t.Fatal(err)
	}
	out := infer.Prediction{Logits: []float32{}}
	if err := c.Classify(context.Background(), picture(6, 4, 10, 20, 5), 0, &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out, *c.Model())
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
