package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/gocv"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/laboratory"
)

// ProbeOptions are the options of flipmeter probe.
type ProbeOptions struct {
	laboratory.Settings

	Home        string
	Accelerator string
	Precision   string
	Sessions    int
	Hardware    Hardware

	JSON   bool
	Quiet  bool
	Logger *slog.Logger
}

// DefaultProbeOptions are the options of a plain flipmeter probe.
func DefaultProbeOptions() ProbeOptions {
	return ProbeOptions{
		Settings: laboratory.DefaultSettings(), Accelerator: "auto", Hardware: Hardware{BatchDelay: 5 * time.Millisecond},
	}
}

func (o *ProbeOptions) validate() error {
	switch {
	case o.Sessions < 0 || o.Sessions > maxSessions:
		return fmt.Errorf("%w: --sessions must be between 0 and %d, got %d", ErrUsage, maxSessions, o.Sessions)
	case !slices.Contains([]string{"auto", "cpu", "openvino", "cuda", "tensorrt"}, o.Accelerator):
		return fmt.Errorf("%w: --accelerator must be auto, cpu, openvino, cuda or tensorrt, got %q", ErrUsage, o.Accelerator)
	}
	return o.Validate()
}

// Probe runs experiments on pictures and writes their page, figures and
// tables into o.Out. An interrupted run writes what it has and returns
// ErrInterrupted.
func Probe(ctx context.Context, o ProbeOptions, streams Streams) (err error) {
	var clean cleanups
	defer func() {
		err = errors.Join(err, clean.run())
		switch {
		case errors.Is(err, laboratory.ErrInput):
			err = fmt.Errorf("%w: %w", ErrUsage, err)
		case errors.Is(err, context.Canceled) && !errors.Is(err, ErrInterrupted):
			err = fmt.Errorf("%w before anything was measured: %w", ErrInterrupted, err)
		}
		err = hint(err)
	}()
	if err := o.validate(); err != nil {
		return err
	}
	out := &output{streams, o.Out, o.Quiet, o.JSON}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Home == "" {
		if o.Home, err = Home(); err != nil {
			return err
		}
	}
	run, err := laboratory.Open(ctx, o.Settings, o.deps(out, &clean))
	if err != nil {
		return err
	}
	clean.push("closing the pictures", run.Close)
	if err := out.takeFolder(&clean); err != nil {
		return err
	}
	res, err := run.Measure(ctx)
	if err != nil {
		return err
	}
	if !res.Summary.Complete {
		return fmt.Errorf("%w: what was measured is in %s, marked incomplete; --resume goes on from there", ErrInterrupted, o.Out)
	}
	return out.tellProbed(res)
}

// deps are what the laboratory is run with here.
func (o *ProbeOptions) deps(out *output, clean *cleanups) laboratory.Deps {
	codec, err := gocv.Pictures()
	if err != nil { // built without OpenCV
		codec = images.PureGo()
	}
	return laboratory.Deps{
		Codec: codec,
		Video: func(ctx context.Context, path string, wants []frame.Want, pool *frame.Pool) (ingest.Source, error) {
			return gocv.Open(ctx, gocv.Config{Path: path, Pool: pool, Logger: o.Logger, Wants: wants})
		},
		Models: func() (laboratory.Models, error) { return o.loadModels(out, clean) },
		Say:    func(text string) { out.say("%s", text) },
		Progress: func(name string) (func(perturb.Progress), func()) {
			if o.Quiet {
				return nil, func() {}
			}
			return showProbeProgress(out.streams.Err, name)
		},
	}
}

// tellProbed shows the result: the summary as JSON, or the leading sentences.
func (w *output) tellProbed(res *laboratory.Result) error {
	if w.json {
		return res.WriteJSON(w.streams.Out)
	}
	if w.quiet {
		return nil
	}
	var text strings.Builder
	if err := res.WriteText(&text); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\npage: %s\n", filepath.Join(w.dir, laboratory.PageName))
	_, err := io.WriteString(w.streams.Out, printable(text.String()))
	return err
}

// Sizes are those from … to by steps of step.
func Sizes(from, to, step int) []int { return perturb.Range(from, to, step) }
