//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/bench/measured"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/gocv"
)

// Names of the stages that the table computes with.
const (
	sessionParallel = "session alone, a run a core"
	sessionMore     = "session alone, a run more than cores"
	sessionThreaded = "session alone, a thread a core"
	decodeAlone     = "decode alone"
	resizeLinear    = "resize alone, linear"
	resizeArea      = "resize alone, area"
	pipelineLinear  = "flipmeter analyze, linear"
	pipelineArea    = "flipmeter analyze, area"
	pythonLoop      = "hand-written Python loop, linear"
)

// sample is one measurement.
type sample struct {
	frames int
	wall   time.Duration
	cpu    time.Duration // of all threads, 0 where not known
}

func (s sample) fps() float64        { return float64(s.frames) / s.wall.Seconds() }
func (s sample) cpuSeconds() float64 { return s.cpu.Seconds() / float64(s.frames) }

// stage is one row of the table.
type stage struct {
	name    string
	measure func(context.Context) (sample, error)
}

// openStages prepares everything that is not to be timed.
func openStages(ctx context.Context, o options, work string) (_ []stage, closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() error {
		var errs []error
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()

	arch, err := zoo.Find("efficientnet-lite0")
	if err != nil {
		return nil, nil, err
	}
	floats, err := floatModel(ctx, arch, o.home, work)
	if err != nil {
		return nil, nil, err
	}
	rt, err := onnx.Load(onnx.Config{Home: o.home})
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, rt.Close)

	cores := runtime.GOMAXPROCS(0)
	session := func(name string, parallel, threads int) (stage, error) {
		cfg := onnx.ModelConfig{Path: filepath.Join(o.home, "models", arch.Name+".onnx")}
		b, err := rt.OpenBare(cfg, parallel, threads)
		if err != nil {
			return stage{}, err
		}
		closers = append(closers, b.Close)
		if _, err := b.Run(ctx, 2*cores); err != nil { // the first run allocates
			return stage{}, err
		}
		return stage{name, func(ctx context.Context) (sample, error) {
			return timed(o.frames, func() error {
				_, err := b.Run(ctx, o.frames)
				return err
			})
		}}, nil
	}
	parallel, err := session(sessionParallel, cores, 1)
	if err != nil {
		return nil, nil, err
	}
	more, err := session(sessionMore, cores+1, 1)
	if err != nil {
		return nil, nil, err
	}
	threaded, err := session(sessionThreaded, 1, cores)
	if err != nil {
		return nil, nil, err
	}
	return []stage{
		parallel,
		more,
		threaded,
		{decodeAlone, func(context.Context) (sample, error) { return decode(o.clip) }},
		{resizeLinear, derive(o.clip, arch.Preprocessing, frame.FilterLinear)},
		{resizeArea, derive(o.clip, arch.Preprocessing, frame.FilterArea)},
		{pipelineLinear, analyze(o, work, frame.FilterLinear)},
		{pipelineArea, analyze(o, work, frame.FilterArea)},
		{pythonLoop, python(o, floats)},
	}, closeAll, nil
}

// floatModel writes the network with the input that a hand-written loop
// feeds: normalised floats.
func floatModel(ctx context.Context, arch *zoo.Architecture, home, work string) (_ string, err error) {
	weights, err := filepath.Glob(filepath.Join(home, "weights", "efficientnet-lite0-*.pth"))
	if err != nil || len(weights) == 0 {
		return "", errors.Join(err, fmt.Errorf("no weights in %s: run make setup", filepath.Join(home, "weights")))
	}
	src, err := arch.OpenSource(ctx, weights[0])
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	m, err := zoo.Store{Dir: work}.Build(ctx, arch, src, zoo.InputFloats)
	if err != nil {
		return "", err
	}
	return m.Path, nil
}

// decode reads a clip and does nothing with it.
func decode(clip string) (sample, error) {
	vc, err := cv.VideoCaptureFile(clip)
	if err != nil {
		if vc != nil {
			err = errors.Join(err, vc.Close())
		}
		return sample{}, err
	}
	m := cv.NewMat()
	frames := 0
	s, err := timed(0, func() error {
		for vc.Read(&m) {
			frames++
		}
		return nil
	})
	s.frames = frames
	if frames == 0 {
		err = fmt.Errorf("%s holds no frame that can be decoded", clip)
	}
	return s, errors.Join(err, m.Close(), vc.Close())
}

// derive reads a clip and makes the pictures that analyze asks for: the
// model's input, the luma of the same crop, and the small picture. Only the
// making is counted: by the source's own clock, on its one goroutine.
func derive(clip string, p infer.Preprocessing, filter frame.Filter) func(context.Context) (sample, error) {
	in := frame.Want{Width: p.Width, Height: p.Height, ShortSide: p.ShortSide, Fit: frame.FitCrop, Filter: filter, Format: frame.RGB}
	luma := in
	luma.Width, luma.Height, luma.Filter, luma.Format = 224, 224, frame.FilterArea, frame.Luma
	small := frame.Want{Width: 256, Fit: frame.FitSquash, Filter: frame.FilterLinear, Format: frame.RGB}
	return func(ctx context.Context) (_ sample, err error) {
		src, err := gocv.Open(ctx, gocv.Config{Path: clip, Wants: []frame.Want{in, luma, small}, Pool: new(frame.Pool)})
		if err != nil {
			return sample{}, err
		}
		defer func() { err = errors.Join(err, src.Close()) }()
		for f := new(frame.Frame); ; f.Release() {
			if err := src.Read(ctx, f); errors.Is(err, ingest.ErrEndOfStream) {
				break
			} else if err != nil {
				return sample{}, err
			}
		}
		t := src.(ingest.Timed).Timing()
		return sample{frames: int(t.Frames), wall: t.Derive, cpu: t.Derive}, nil
	}
}

// analyze runs the built program as a user does, tables, report and all. Its
// speed is its own: from the first frame to the last, without start and page.
func analyze(o options, work string, filter frame.Filter) func(context.Context) (sample, error) {
	return func(ctx context.Context) (sample, error) {
		out := filepath.Join(work, "analyze-"+string(filter))
		if err := os.RemoveAll(out); err != nil {
			return sample{}, err
		}
		cmd := exec.CommandContext(ctx, o.program, "analyze", "--quiet", "--model", "efficientnet-lite0", "--resize", string(filter), "--out", out, o.clip)
		cmd.Env = append(os.Environ(), "FLIPMETER_HOME="+o.home)
		if text, err := cmd.CombinedOutput(); err != nil {
			return sample{}, fmt.Errorf("%w: %s", err, text)
		}
		frames, wall, err := measured.Pipeline(out)
		if err != nil {
			return sample{}, err
		}
		used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		return sample{frames: frames, wall: wall, cpu: used}, nil
	}
}

func python(o options, model string) func(context.Context) (sample, error) {
	return func(ctx context.Context) (sample, error) {
		cmd := exec.CommandContext(ctx, o.python, o.loop, model, o.clip)
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return sample{}, err
		}
		var said struct {
			Frames  int     `json:"frames"`
			Seconds float64 `json:"seconds"`
		}
		if err := json.Unmarshal(text, &said); err != nil {
			return sample{}, fmt.Errorf("%s said %q: %w", o.loop, text, err)
		}
		return sample{frames: said.Frames, wall: seconds(said.Seconds)}, nil
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// timed measures a function with the CPU time of all threads of this process.
func timed(frames int, f func() error) (sample, error) {
	before, start := measured.CPUTime(), time.Now()
	err := f()
	return sample{frames: frames, wall: time.Since(start), cpu: measured.CPUTime() - before}, err
}
