//go:build cgo && unix

package zoo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
	"github.com/flipmeter/flipmeter/resample"
)

const liteWeights = "efficientnet-lite0-57934424.pth"

func openLite0(tb testing.TB) (*Architecture, *Source) {
	tb.Helper()
	a, err := Find("efficientnet-lite0")
	if err != nil {
		tb.Fatal(err)
	}
	src, err := a.OpenSource(context.Background(), filepath.Join(flipmeterHome(tb), "weights", liteWeights))
	if errors.Is(err, os.ErrNotExist) {
		tb.Fatalf("%v (run make setup)", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { src.Close() })
	return a, src
}

// referenceClip is what PyTorch says about every tenth frame of a clip.
type referenceClip struct {
	Top1 []int
	P    []float64 `json:"p_top1"`
}

// clip is a clip's every tenth frame as the network sees it.
type clip struct {
	name   string
	frames [][]byte
	want   referenceClip
}

// clips decodes the footage of testdata/footage.json with the ffmpeg
// command, with the same colour matrix as OpenCV 4.6.
func clips(tb testing.TB, a *Architecture) []clip {
	tb.Helper()
	var reference struct{ Clips map[string]referenceClip }
	readJSON(tb, "testdata/footage.json", &reference)
	if len(reference.Clips) != 3 {
		tb.Fatalf("%d clips", len(reference.Clips))
	}
	var out []clip
	for name, want := range reference.Clips {
		paths, err := filepath.Glob(filepath.Join(flipmeterHome(tb), "footage", name+".*"))
		if err != nil || len(paths) != 1 {
			tb.Fatalf("footage %s: %v, %v (run make setup)", name, paths, err)
		}
		c := clip{name: name, want: want, frames: everyTenth(tb, paths[0], a.Preprocessing)}
		if len(c.frames) != len(want.Top1) {
			tb.Fatalf("%s: %d frames, want %d", name, len(c.frames), len(want.Top1))
		}
		out = append(out, c)
	}
	return out
}

func everyTenth(tb testing.TB, path string, p infer.Preprocessing) [][]byte {
	tb.Helper()
	size, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", path).Output()
	if err != nil {
		tb.Fatalf("ffprobe %s: %v (run make setup)", path, err)
	}
	var w, h int
	if _, err := fmt.Sscanf(string(size), "%d,%d", &w, &h); err != nil {
		tb.Fatalf("ffprobe %s: %q: %v", path, size, err)
	}
	cmd := exec.Command("ffmpeg", "-v", "error", "-i", path,
		"-vf", `select=not(mod(n\,10)),scale=flags=bicubic:in_color_matrix=bt601:in_range=tv`,
		"-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "bgr24", "-")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("ffmpeg: %v (run make setup)", err)
	}
	sw, sh := resample.ShortSideSize(w, h, p.ShortSide)
	plan, err := resample.NewArea(w, h, sw, sh, resample.CentreCrop(sw, sh, p.Width, p.Height), 3)
	if err != nil {
		tb.Fatal(err)
	}
	var frames [][]byte
	bgr := make([]byte, 3*w*h)
	for r := bufio.NewReader(pipe); ; {
		_, err := io.ReadFull(r, bgr)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatalf("ffmpeg %s: %v", path, err)
		}
		rgb := make([]byte, 3*p.Width*p.Height)
		plan.ResizeBGRToRGB(rgb, bgr, 3*w)
		frames = append(frames, rgb)
	}
	if err := cmd.Wait(); err != nil {
		tb.Fatalf("ffmpeg %s: %v: %s", path, err, problems.Bytes())
	}
	return frames
}

// agreement is the share of frames with the reference's label, and the
// largest difference of its probability where the label is the same.
func agreement(tb testing.TB, c infer.Classifier, footage []clip) (share, worst float64) {
	tb.Helper()
	same, n := 0, 0
	for _, clip := range footage {
		for i, rgb := range clip.frames {
			y := logits(tb, c, rgb)
			best, sum := 0, 0.0
			for k := range y {
				if y[k] > y[best] {
					best = k
				}
			}
			for k := range y {
				sum += math.Exp(float64(y[k] - y[best]))
			}
			n++
			if best == clip.want.Top1[i] {
				same++
				worst = max(worst, math.Abs(1/sum-clip.want.P[i]))
			}
		}
	}
	return float64(same) / float64(n), worst
}

// TestLite0OnFootage: the network with its real weights says about real
// frames what PyTorch says; with symmetric padding it does not, and the
// difference shows.
func TestLite0OnFootage(t *testing.T) {
	a, src := openLite0(t)
	footage := clips(t, a)

	m, err := Store{t.TempDir()}.Build(context.Background(), a, src, InputBytes)
	if err != nil {
		t.Fatal(err)
	}
	share, worst := agreement(t, open(t, m.Path), footage)
	t.Logf("SAME padding: %.2f %% of labels agree, probabilities within %.2g", 100*share, worst)
	if share < 0.995 || worst > 1e-3 {
		t.Errorf("%.2f %% of labels agree, probabilities within %.2g", 100*share, worst)
	}

	path := filepath.Join(t.TempDir(), "symmetric.onnx")
	writeSymmetric(t, a, src, path)
	share, worst = agreement(t, open(t, path), footage)
	t.Logf("symmetric padding: %.2f %% of labels agree, probabilities within %.2g", 100*share, worst)
	if share > 0.9 || worst < 0.05 {
		t.Errorf("symmetric padding can't be told from SAME: %.2f %%, %.2g", 100*share, worst)
	}
}

// writeSymmetric builds the network as a framework without SAME padding
// would: the odd row and column of zeros of the strided convolutions at the
// top and left instead of the bottom and right.
func writeSymmetric(tb testing.TB, a *Architecture, src *Source, path string) {
	tb.Helper()
	n := a.network(InputBytes)
	model := n.bind(src.Weights)
	changed := 0
	for _, node := range model.Nodes {
		var p, k *onnxfile.Attr
		for i := range node.Attrs {
			switch node.Attrs[i].Name {
			case "pads":
				p = &node.Attrs[i]
			case "kernel_shape":
				k = &node.Attrs[i]
			}
		}
		if node.Op == "Conv" && p.Ints[0] != p.Ints[2] {
			half := k.Ints[0] / 2
			p.Ints = []int64{half, half, half, half}
			changed++
		}
	}
	if changed != 5 { // the stem and four depthwise convolutions of stride 2
		tb.Fatalf("%d convolutions have asymmetric padding", changed)
	}
	props, err := infer.EncodeMetadata(a.Info(src, InputBytes))
	if err != nil {
		tb.Fatal(err)
	}
	model.Metadata = props
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	if err := model.Write(f); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// TestInputsAgree: the arithmetic of preprocessing inside the graph and in
// the host give the same logits.
func TestInputsAgree(t *testing.T) {
	a, src := openLite0(t)
	picture := goldenPicture(224, 3)
	var results [2][]float32
	for i, in := range []Input{InputBytes, InputFloats} {
		m, err := Store{t.TempDir()}.Build(context.Background(), a, src, in)
		if err != nil {
			t.Fatal(err)
		}
		c := open(t, m.Path)
		if got := c.Model().Preprocessing.InGraph; got != (in == InputBytes) {
			t.Errorf("%s: in graph is %v", in, got)
		}
		results[i] = logits(t, c, picture)
	}
	for k := range results[0] {
		if d := math.Abs(float64(results[0][k] - results[1][k])); d > 1e-5 {
			t.Fatalf("class %d: %g from bytes, %g from floats", k, results[0][k], results[1][k])
		}
	}
}
