//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"

	"golang.org/x/term"
)

// options are the command's flags.
type options struct {
	home    string // of fetched files and models
	clip    string
	program string
	python  string
	loop    string
	rounds  int
	frames  int // of the session alone
}

func main() {
	home := os.Getenv("FLIPMETER_HOME")
	if home == "" {
		home = ".flipmeter"
	}
	o := options{home: home}
	flag.StringVar(&o.clip, "clip", filepath.Join(home, "footage", "vtest.avi"), "video `file` to analyse")
	flag.StringVar(&o.program, "flipmeter", filepath.Join("bin", "flipmeter"), "the built `program`")
	flag.StringVar(&o.python, "python", filepath.Join(home, "bench-venv", "bin", "python"), "`Python` that has the loop's packages")
	flag.StringVar(&o.loop, "loop", filepath.Join("bench", "loop.py"), "the hand-written `loop`")
	flag.IntVar(&o.rounds, "rounds", 5, "`rounds` to measure")
	flag.IntVar(&o.frames, "frames", 400, "`frames` a round for the session alone")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	work, err := os.MkdirTemp("", "flipmeter-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	stages, closeAll, err := openStages(ctx, o, work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()

	cores := runtime.GOMAXPROCS(0)
	fmt.Printf("%s on %d cores, %s; %d rounds, medians\n\n", filepath.Base(o.clip), cores, runtime.Version(), o.rounds)
	progress := io.Discard
	if term.IsTerminal(int(os.Stderr.Fd())) {
		progress = os.Stderr
	}
	results := make(map[string][]sample)
	for round := range o.rounds {
		for _, s := range stages {
			fmt.Fprintf(progress, "\rround %d of %d: %-40s", round+1, o.rounds, s.name)
			m, err := s.measure(ctx)
			if err != nil {
				fmt.Fprintln(progress)
				return fmt.Errorf("measure %s: %w", s.name, err)
			}
			results[s.name] = append(results[s.name], m)
		}
	}
	fmt.Fprintf(progress, "\r%-70s\r", "")
	return printTable(os.Stdout, stages, results, cores)
}
