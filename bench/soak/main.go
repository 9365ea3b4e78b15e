//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/flipmeter/flipmeter/app"
)

// options are the command's flags.
type options struct {
	load     string
	duration time.Duration
	rtsp     int     // cameras of the loads small and hd
	many     int     // of the load synthetic
	sent     float64 // frames a second that the cameras of small and hd send
	home     string
	clip     string
	pictures bool
	profile  string // folder for profiles, "" for none
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == app.DecodeCommand {
		// This program as the decoding process of a camera.
		if err := app.Decode(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "soak: "+err.Error())
			os.Exit(1)
		}
		return
	}
	home := os.Getenv("FLIPMETER_HOME")
	if home == "" {
		home = ".flipmeter"
	}
	o := options{home: home}
	flag.StringVar(&o.load, "load", "all", "small, hd, synthetic, or all")
	flag.DurationVar(&o.duration, "duration", 10*time.Minute, "how long each load lasts")
	flag.IntVar(&o.rtsp, "rtsp", 16, "RTSP `cameras`")
	flag.Float64Var(&o.sent, "sent", 25, "`frames` a second that the RTSP cameras send, of which 5 are looked at")
	flag.IntVar(&o.many, "many", 1000, "made-up `cameras`")
	flag.BoolVar(&o.pictures, "pictures", false, "made-up cameras have the small pictures for pages, too")
	flag.StringVar(&o.clip, "clip", filepath.Join(home, "footage", "bigbuckbunny.mp4"), "`film` that the RTSP cameras show")
	flag.StringVar(&o.profile, "profile", "", "`folder` for processor and memory profiles of each load")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	held, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak: "+err.Error())
	}
	if err != nil || !held {
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (held bool, err error) {
	const shortest = 10 * time.Second
	if o.duration < shortest {
		return false, fmt.Errorf("-duration must be at least %v, got %v", shortest, o.duration)
	}
	loads := []string{"small", "hd", "synthetic"}
	if slices.Contains(loads, o.load) {
		end, err := profile(o)
		if err != nil {
			return false, err
		}
		held, err := runLoad(ctx, o)
		return held, errors.Join(err, end())
	}
	if o.load != "all" {
		return false, fmt.Errorf("unknown load %q: want small, hd, synthetic or all", o.load)
	}
	exe, err := os.Executable()
	if err != nil {
		return false, err
	}
	held = true
	for _, load := range loads {
		cmd := exec.CommandContext(ctx, exe, append(slices.Clone(os.Args[1:]), "-load", load)...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		var exit *exec.ExitError
		if err := cmd.Run(); errors.As(err, &exit) && ctx.Err() == nil {
			held = false
		} else if err != nil {
			return false, err
		}
	}
	return held, nil
}

// profile begins a processor profile; end writes it, and one of the memory.
func profile(o options) (end func() error, err error) {
	if o.profile == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(o.profile, 0o755); err != nil {
		return nil, err
	}
	cpu, err := os.Create(filepath.Join(o.profile, o.load+".cpu"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		mem, err := os.Create(filepath.Join(o.profile, o.load+".mem"))
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		return errors.Join(pprof.Lookup("allocs").WriteTo(mem, 0), mem.Close(), cpu.Close())
	}, nil
}
