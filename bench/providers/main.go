//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/infer/zoo"
)

// options are the command's flags.
type options struct {
	home      string // of fetched files
	clip      string
	program   string
	benchmark string // OpenVINO's
	models    string // names, separated by commas
	pipeline  string // network of the whole analysis, "" for none
	rounds    int
	length    time.Duration // of a measurement
	footage   time.Duration // of the clip, for the analysis
}

func main() {
	home := os.Getenv("FLIPMETER_HOME")
	if home == "" {
		home = ".flipmeter"
	}
	o := options{home: home}
	var w job
	worker := flag.Bool("worker", false, "run one network for the process that started this one")
	flag.StringVar(&w.Model, "model", "", "worker: ONNX `file`")
	flag.StringVar(&w.Accelerator, "accelerator", "", "worker: accelerator")
	flag.StringVar(&w.Precision, "precision", "", "worker: precision")
	flag.IntVar(&w.Parallel, "parallel", 1, "worker: runs side by side")
	flag.StringVar(&o.models, "models", "inception-resnet-v2,resnet50,vgg16,efficientnet-lite0", "`names` of the networks")
	flag.StringVar(&o.pipeline, "pipeline", "inception-resnet-v2", "`name` of the network of the whole analysis; empty for none")
	flag.StringVar(&o.clip, "clip", filepath.Join(home, "footage", "vtest.avi"), "video `file` to analyse")
	flag.StringVar(&o.program, "flipmeter", filepath.Join("bin", "flipmeter"), "the built `program`")
	flag.StringVar(&o.benchmark, "benchmark", filepath.Join(home, "bench-venv-openvino", "bin", "benchmark_app"), "OpenVINO's `benchmark`; empty for none")
	flag.IntVar(&o.rounds, "rounds", 5, "`rounds` to measure")
	flag.DurationVar(&o.length, "length", 10*time.Second, "`length` of each measurement")
	flag.DurationVar(&o.footage, "footage", 20*time.Second, "how much of the clip is analysed")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *worker {
		err = w.serve(ctx, home, os.Stdin, os.Stdout)
	} else {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-models: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	work, err := os.MkdirTemp("", "flipmeter-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	fmt.Printf("%s on %d cores, %s; %d rounds of %v\n\n", processor(), runtime.GOMAXPROCS(0), runtime.Version(), o.rounds, o.length)
	t := newTable(os.Stdout)
	for _, name := range strings.Split(o.models, ",") {
		path, err := build(ctx, work, name)
		if err != nil {
			return err
		}
		rows, err := measureModel(ctx, o, name, path)
		if err != nil {
			return fmt.Errorf("measure %s: %w", name, err)
		}
		t.add(name, rows)
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil || o.pipeline == "" {
		return err
	}
	path, err := build(ctx, work, o.pipeline)
	if err != nil {
		return err
	}
	return measurePipeline(ctx, o, work, path)
}

// build writes a network with made-up weights, which costs what the real one
// costs.
func build(ctx context.Context, work, name string) (string, error) {
	a, err := zoo.Find(name)
	if err != nil {
		return "", err
	}
	m, err := zoo.Store{Dir: work}.Build(ctx, a, zoo.RandomSource(1), zoo.InputBytes)
	if err != nil {
		return "", err
	}
	return m.Path, nil
}
