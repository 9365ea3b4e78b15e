//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/term"

	"github.com/flipmeter/flipmeter/bench/measured"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/infer/zoo"
)

// row is one line of the table: what ran, and its rounds.
type row struct {
	what, precision string
	rounds          []sample
	measure         func(context.Context) (sample, error)
}

// The kinds of rows.
const (
	cpuSession      = "CPU provider"
	openVINOSession = "OpenVINO provider"
	openVINOOwn     = "OpenVINO's benchmark_app"
)

// openVINOTypes are the benchmark's names of the precisions.
var openVINOTypes = map[string]string{"fp32": "f32", "bf16": "bf16"}

// measureModel measures a network with everything that this machine has.
func measureModel(ctx context.Context, o options, name, path string) (rows []row, err error) {
	cores := runtime.GOMAXPROCS(0)
	var workers []*worker
	defer func() {
		for _, w := range workers {
			err = errors.Join(err, w.close())
		}
	}()
	session := func(what, accelerator, precision string) error {
		w, err := start(ctx, o, job{Model: path, Accelerator: accelerator, Precision: precision, Parallel: cores})
		if err != nil {
			return err
		}
		workers = append(workers, w)
		rows = append(rows, row{what: what, precision: precision, measure: func(context.Context) (sample, error) { return w.run(w.frames) }})
		return nil
	}
	if err := session(cpuSession, "cpu", "fp32"); err != nil {
		return nil, err
	}
	precisions := []string{"fp32"}
	if slices.Contains(onnx.ThisMachine().Floats, "bf16") {
		precisions = append(precisions, "bf16")
	}
	for _, p := range precisions {
		if err := session(openVINOSession, "openvino", p); err != nil {
			return nil, err
		}
		if o.benchmark == "" {
			continue
		}
		benchmark, err := openVINOBenchmark(o, name, path, p)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{what: openVINOOwn, precision: p, measure: benchmark})
	}
	return rows, measureRounds(ctx, o, name, rows)
}

// measureRounds measures every row once a round, each beginning with another
// one, so that what follows a slow neighbour is not always the same.
func measureRounds(ctx context.Context, o options, name string, rows []row) error {
	progress := io.Discard
	if term.IsTerminal(int(os.Stderr.Fd())) {
		progress = os.Stderr
	}
	for round := range o.rounds {
		for i := range rows {
			r := &rows[(i+round)%len(rows)]
			fmt.Fprintf(progress, "\r%s, round %d of %d: %-40s", name, round+1, o.rounds, r.what+" "+r.precision)
			s, err := r.measure(ctx)
			if err != nil {
				return err
			}
			r.rounds = append(r.rounds, s)
		}
	}
	fmt.Fprintf(progress, "\r%-90s\r", "")
	return nil
}

// throughput is the figure that OpenVINO's benchmark ends with.
var throughput = regexp.MustCompile(`Throughput:\s+([0-9.]+) FPS`)

// openVINOBenchmark runs OpenVINO's own benchmark on the same file, set for
// throughput, with whatever streams and threads it thinks best.
func openVINOBenchmark(o options, name, path, precision string) (func(context.Context) (sample, error), error) {
	a, err := zoo.Find(name)
	if err != nil {
		return nil, err
	}
	p := a.Preprocessing
	args := []string{"-m", path, "-d", "CPU", "-hint", "throughput", "-infer_precision", openVINOTypes[precision],
		"-shape", fmt.Sprintf("[1,%d,%d,3]", p.Height, p.Width), "-t", strconv.Itoa(max(1, int(o.length.Seconds())))}
	return func(ctx context.Context) (sample, error) {
		text, err := exec.CommandContext(ctx, o.benchmark, args...).CombinedOutput()
		if err != nil {
			return sample{}, fmt.Errorf("%s: %w: %s", o.benchmark, err, bytes.TrimSpace(text))
		}
		m := throughput.FindSubmatch(text)
		if m == nil {
			return sample{}, fmt.Errorf("%s states no throughput: %s", o.benchmark, bytes.TrimSpace(text))
		}
		fps, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil || !(fps > 0) {
			return sample{}, fmt.Errorf("%s states a throughput of %s: %w", o.benchmark, m[1], err)
		}
		const frames = 1 << 20 // any number: the rate is what it states
		return sample{Frames: frames, Wall: time.Duration(frames / fps * float64(time.Second))}, nil
	}, nil
}

// measurePipeline compares a whole analysis, report and tables included, with
// the bare network, in turns.
func measurePipeline(ctx context.Context, o options, work, path string) (err error) {
	w, err := start(ctx, o, job{Model: path, Accelerator: "cpu", Precision: "fp32", Parallel: runtime.GOMAXPROCS(0)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	rows := []row{
		{what: "bare network", precision: "fp32", measure: func(context.Context) (sample, error) { return w.run(w.frames) }},
		{what: "flipmeter analyze", precision: "fp32", measure: func(ctx context.Context) (sample, error) { return analyze(ctx, o, work, path) }},
	}
	if err := measureRounds(ctx, o, o.pipeline, rows); err != nil {
		return err
	}
	fmt.Printf("\n%s on %s (%v of it), CPU provider, medians of %d rounds:\n", o.pipeline, filepath.Base(o.clip), o.footage, o.rounds)
	fmt.Printf("  bare network %.2f fps, flipmeter analyze %.2f fps, efficiency %.3f (lowest %.3f, highest %.3f)\n",
		medianOf(rows[0].rounds, sample.fps), medianOf(rows[1].rounds, sample.fps),
		measured.Median(ratios(rows[1].rounds, rows[0].rounds)), slices.Min(ratios(rows[1].rounds, rows[0].rounds)), slices.Max(ratios(rows[1].rounds, rows[0].rounds)))
	fmt.Printf("  CPU ms a frame: %.1f and, with its start and the page, %.1f\n",
		1e3*medianOf(rows[0].rounds, sample.cpuSeconds), 1e3*medianOf(rows[1].rounds, sample.cpuSeconds))
	return nil
}

// analyze runs the built program as a user does. Its speed is its own: from
// the first frame to the last, without start and page.
func analyze(ctx context.Context, o options, work, model string) (sample, error) {
	out := filepath.Join(work, "analyze")
	if err := os.RemoveAll(out); err != nil {
		return sample{}, err
	}
	cmd := exec.CommandContext(ctx, o.program, "analyze", "--quiet", "--accelerator", "cpu", "--model", model, "--end", o.footage.String(), "--out", out, o.clip)
	cmd.Env = append(os.Environ(), "FLIPMETER_HOME="+o.home, "ONNXRUNTIME_SHARED_LIBRARY_PATH=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return sample{}, fmt.Errorf("%w: %s", err, text)
	}
	frames, wall, err := measured.Pipeline(out)
	if err != nil {
		return sample{}, err
	}
	return sample{
		Frames: frames, Wall: wall,
		CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
	}, nil
}
