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
	"text/tabwriter"
	"time"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/bench/measured"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/gocv"
)

// options are the command's flags.
type options struct {
	home, clip, model string
	rounds, runs      int
}

func main() {
	home := os.Getenv("FLIPMETER_HOME")
	if home == "" {
		home = ".flipmeter"
	}
	o := options{home: home}
	flag.StringVar(&o.clip, "clip", filepath.Join(home, "footage", "bigbuckbunny.mp4"), "`film` that is scaled and encoded")
	flag.StringVar(&o.model, "model", filepath.Join(home, "models", "efficientnet-lite0.onnx"), "ONNX `file`")
	flag.IntVar(&o.rounds, "rounds", 3, "`rounds` to measure")
	flag.IntVar(&o.runs, "runs", 100, "`runs` of the network a round")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "costs: "+err.Error())
		os.Exit(1)
	}
}

var sizes = [...]struct{ name, scale string }{
	{"640x360", "640:360"}, {"1280x720", "1280:720"}, {"1920x1080", "1920:1080"}, {"3840x2160", "3840:2160"},
}

func run(ctx context.Context, o options) (err error) {
	work, err := os.MkdirTemp("", "flipmeter-costs-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	cv.SetNumThreads(1)
	fmt.Printf("processor time a frame, ms, %s as H.264; %d rounds, medians\n\n", filepath.Base(o.clip), o.rounds)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "SIZE\tDECODE\tTO RGB\tPICTURES")
	for _, size := range sizes {
		clip := filepath.Join(work, size.name+".mp4")
		// As cameras encode: no B-frames, a keyframe every two seconds.
		encode := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-i", o.clip, "-an",
			"-vf", "scale="+size.scale, "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "50", "-pix_fmt", "yuv420p", clip)
		if out, err := encode.CombinedOutput(); err != nil {
			return fmt.Errorf("encode the film: %w (apt-get install ffmpeg): %s", err, out)
		}
		var decodes, converts, pictures []float64
		for range o.rounds {
			decode, err := read(clip, false)
			if err != nil {
				return err
			}
			both, err := read(clip, true)
			if err != nil {
				return err
			}
			all, err := derive(ctx, clip)
			if err != nil {
				return err
			}
			decodes, converts, pictures = append(decodes, decode), append(converts, both-decode), append(pictures, all-both)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\n", size.name, measured.Median(decodes), measured.Median(converts), measured.Median(pictures))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return classify(ctx, o)
}

// read decodes a clip, and converts its frames to RGB if asked, and returns
// what a frame took, in milliseconds.
func read(clip string, convert bool) (ms float64, err error) {
	vc, err := cv.VideoCaptureFileWithAPI(clip, cv.VideoCaptureFFmpeg)
	if err != nil {
		return 0, errors.Join(err, vc.Close())
	}
	m := cv.NewMat()
	defer func() { err = errors.Join(err, m.Close(), vc.Close()) }()
	start, frames := measured.CPUTime(), 0
	for {
		before := vc.Get(cv.VideoCapturePosFrames)
		if err := vc.Grab(1); err != nil || vc.Get(cv.VideoCapturePosFrames) <= before {
			break // the end
		}
		if convert && !vc.Retrieve(&m) {
			break
		}
		frames++
	}
	if frames == 0 {
		return 0, fmt.Errorf("%s holds no frame that can be decoded", clip)
	}
	return milliseconds(measured.CPUTime()-start, frames), nil
}

// derive decodes a clip and makes the pictures that watch asks for, and
// returns what a frame took.
func derive(ctx context.Context, clip string) (ms float64, err error) {
	in := frame.Want{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: frame.FilterArea}
	luma := in
	luma.Format = frame.Luma
	small := frame.Want{Width: 256, Fit: frame.FitSquash, Filter: frame.FilterLinear}
	src, err := gocv.Open(ctx, gocv.Config{Path: clip, Wants: []frame.Want{in, luma, small}, Pool: new(frame.Pool)})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	start, frames := measured.CPUTime(), 0
	for f := new(frame.Frame); ; f.Release() {
		if err := src.Read(ctx, f); errors.Is(err, ingest.ErrEndOfStream) {
			break
		} else if err != nil {
			return 0, err
		}
		frames++
	}
	return milliseconds(measured.CPUTime()-start, frames), nil
}

// classify prints what a run of the network takes, with one thread.
func classify(ctx context.Context, o options) (err error) {
	rt, err := onnx.Load(onnx.Config{Home: o.home})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	b, err := rt.OpenBare(onnx.ModelConfig{Path: o.model}, 1, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if _, err := b.Run(ctx, 2); err != nil { // the first run allocates
		return err
	}
	var runs []float64
	for range o.rounds {
		start := measured.CPUTime()
		if _, err := b.Run(ctx, o.runs); err != nil {
			return err
		}
		runs = append(runs, milliseconds(measured.CPUTime()-start, o.runs))
	}
	fmt.Printf("\n%s: %.2f\n", filepath.Base(o.model), measured.Median(runs))
	return nil
}

func milliseconds(d time.Duration, n int) float64 { return d.Seconds() * 1e3 / float64(n) }
