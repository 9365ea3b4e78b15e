//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/flipmeter/flipmeter/bench/measured"
	"github.com/flipmeter/flipmeter/infer/onnx"
)

// job is what a worker runs.
type job struct {
	Model, Accelerator, Precision string
	Parallel                      int
}

// sample is one measurement.
type sample struct {
	Frames int           `json:"frames"`
	Wall   time.Duration `json:"wall"`
	CPU    time.Duration `json:"cpu"` // of all threads, 0 where not known
}

func (s sample) fps() float64        { return float64(s.Frames) / s.Wall.Seconds() }
func (s sample) cpuSeconds() float64 { return s.CPU.Seconds() / float64(s.Frames) }

// serve runs the network on as many frames as each line of in says, and
// answers with a sample a line. The first line of its own says that it is
// ready.
func (j job) serve(ctx context.Context, home string, in io.Reader, out io.Writer) (err error) {
	rt, err := onnx.Load(onnx.Config{Home: home, Accelerator: onnx.Accelerator(j.Accelerator), Precision: j.Precision})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	bare, err := rt.OpenBare(onnx.ModelConfig{Path: j.Model, Accelerator: onnx.Accelerator(j.Accelerator), Precision: j.Precision}, j.Parallel, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	answers := json.NewEncoder(out)
	if err := answers.Encode(sample{}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		frames, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		before := measured.CPUTime()
		took, err := bare.Run(ctx, frames)
		if err != nil {
			return err
		}
		if err := answers.Encode(sample{Frames: frames, Wall: took, CPU: measured.CPUTime() - before}); err != nil {
			return err
		}
	}
	return nil
}

// worker is a process that serves a job.
type worker struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	frames  int // of a measurement
}

// start starts a worker and finds out how many frames fill a measurement.
func start(ctx context.Context, o options, j job) (_ *worker, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := &worker{cmd: exec.CommandContext(ctx, self, "-worker", "-model", j.Model, "-accelerator", j.Accelerator,
		"-precision", j.Precision, "-parallel", strconv.Itoa(j.Parallel))}
	w.cmd.Env = append(os.Environ(), "FLIPMETER_HOME="+o.home, "ONNXRUNTIME_SHARED_LIBRARY_PATH=")
	w.cmd.Stderr = os.Stderr
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.answers = json.NewDecoder(out)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	var ready sample
	if err := w.answers.Decode(&ready); err != nil {
		return nil, fmt.Errorf("start %s %s: %w", j.Accelerator, j.Precision, err)
	}
	for range 2 { // the first run allocates
		s, err := w.run(2 * j.Parallel)
		if err != nil {
			return nil, err
		}
		w.frames = max(2*j.Parallel, int(s.fps()*o.length.Seconds()))
	}
	return w, nil
}

func (w *worker) run(frames int) (s sample, err error) {
	if _, err := fmt.Fprintln(w.in, frames); err != nil {
		return s, err
	}
	err = w.answers.Decode(&s)
	return s, err
}

// close ends the worker and waits for it.
func (w *worker) close() error {
	return errors.Join(w.in.Close(), w.cmd.Wait())
}
