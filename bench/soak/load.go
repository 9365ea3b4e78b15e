//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/internal/rtsprelay"
)

const (
	// paths is how many films the RTSP server passes on: cameras share them,
	// so that sending takes little of what is measured.
	paths        = 4
	rtspRate     = 5
	manyRate     = 10
	startPatient = 3 * time.Minute
)

// runLoad carries out one load and prints what it saw.
func runLoad(ctx context.Context, o options) (held bool, err error) {
	work, err := os.MkdirTemp("", "flipmeter-soak-*")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	logFile, err := os.Create(filepath.Join(work, "log"))
	if err != nil {
		return false, err
	}
	defer logFile.Close()

	w := app.WatchOptions{
		Config: filepath.Join(work, "soak.yaml"), Home: o.home, Tool: "soak", Registry: prometheus.NewRegistry(),
		Logger: slog.New(slog.NewTextHandler(logFile, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	l := load{name: o.load, duration: o.duration, registry: w.Registry, profiles: o.profile}
	var cameras string
	if o.load == "synthetic" {
		l.cameras, l.rate, l.mustKeepUp = o.many, manyRate, true
		w.OpenModel, w.OpenSource = openScripted, (&maker{cameras: o.many}).open
		cameras = manyCameras(o.many)
	} else {
		l.cameras, l.rate, l.mustKeepUp = o.rtsp, rtspRate, o.load == "small"
		var stop func()
		if cameras, l.unsent, stop, err = rtspCameras(ctx, o, work); err != nil {
			return false, err
		}
		defer stop()
	}
	// As in a plain configuration, but for addresses, and for pictures of
	// cameras that needn't show any.
	head := fmt.Sprintf("watch: {data: %q, web: {listen: \"127.0.0.1:0\", pictures: %v}, nats: {listen: \"127.0.0.1:0\"}}\n",
		filepath.Join(work, "data"), o.load != "synthetic" || o.pictures)
	if err := os.WriteFile(w.Config, []byte(head+cameras), 0o600); err != nil {
		return false, err
	}
	started := make(chan string, 1)
	w.Started = func(_, nats string) { started <- nats }
	watching, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- app.Watch(watching, w, app.Streams{Out: io.Discard, Err: io.Discard}) }()
	select {
	case url := <-started:
		held, err = l.measure(ctx, os.Stdout, url)
	case err := <-ended:
		return false, err
	case <-time.After(startPatient):
		err = fmt.Errorf("watch did not start within %v", startPatient)
	}
	stop()
	err = errors.Join(err, <-ended)
	if text, readErr := os.ReadFile(logFile.Name()); readErr == nil && len(text) > 0 {
		fmt.Fprintf(os.Stdout, "log, %d lines of warnings, the first:\n", strings.Count(string(text), "\n"))
		lines := strings.SplitN(string(text), "\n", 6)
		fmt.Fprintln(os.Stdout, strings.Join(lines[:len(lines)-1], "\n"))
	}
	return held, err
}

// rtspCameras encodes the film as the load wants it, passes it on by a real
// RTSP server, and returns the cameras' configuration, and how many packets the
// server could not get rid of so far.
func rtspCameras(ctx context.Context, o options, work string) (cameras string, unsent func() int64, stop func(), err error) {
	size := "320x180"
	if o.load == "hd" {
		size = "1920x1080"
	}
	film := filepath.Join(work, "film.mp4")
	encode := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-i", o.clip, "-an", "-r", strconv.FormatFloat(o.sent, 'g', -1, 64),
		"-vf", "scale="+strings.Replace(size, "x", ":", 1), "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", strconv.Itoa(max(int(2*o.sent), 1)),
		"-pix_fmt", "yuv420p", film)
	if out, err := encode.CombinedOutput(); err != nil {
		return "", nil, nil, fmt.Errorf("encode the film: %w (apt-get install ffmpeg): %s", err, out)
	}
	server, err := rtsprelay.Start()
	if err != nil {
		return "", nil, nil, err
	}
	var stops []func()
	stop = func() {
		for _, f := range stops {
			f()
		}
		server.Stop()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "defaults: {fps: %d, open_timeout: 30s, measures: {windows: [10s, 1m]}, model: {name: efficientnet-lite0, accelerator: cpu}}\ncameras:\n", rtspRate)
	for i := range min(paths, o.rtsp) {
		path := fmt.Sprintf("film%d", i)
		end, err := server.Publish(path, "-re", "-stream_loop", "-1", "-i", film, "-c", "copy")
		if err != nil {
			stop()
			return "", nil, nil, err
		}
		stops = append(stops, end)
	}
	for i := range o.rtsp {
		fmt.Fprintf(&b, "  - {name: %s, url: %q}\n", cameraName(i), server.URL(fmt.Sprintf("film%d", i%paths)))
	}
	return b.String(), server.Unsent, stop, nil
}

func cameraName(i int) string { return fmt.Sprintf("c%04d", i) }

// manyCameras configures made-up cameras.
func manyCameras(n int) string {
	var b strings.Builder
	b.WriteString("defaults: {cuts: \"off\", measures: {windows: [1m]}}\ncameras:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: %s, url: \"%s%d\"}\n", cameraName(i), madePrefix, i)
	}
	return b.String()
}
