//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// BenchmarkRead reads vtest.avi (768×576), one frame an iteration: decoding
// alone, and decoding with everything that an analysis asks for.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name  string
		wants []frame.Want
	}{
		{"decode", nil},
		{"area", standardWants(frame.FilterArea)},
		{"linear", standardWants(frame.FilterLinear)},
		{"area-input-only", standardWants(frame.FilterArea)[:1]},
		{"linear-input-only", standardWants(frame.FilterLinear)[:1]},
	} {
		b.Run(c.name, func(b *testing.B) {
			path, pool := footage(b, "vtest.avi"), new(frame.Pool)
			open := func() ingest.Source {
				src, err := Open(b.Context(), Config{Path: path, Wants: c.wants, Pool: pool})
				if err != nil {
					b.Fatal(err)
				}
				return src
			}
			src := open()
			var f frame.Frame
			b.ReportAllocs()
			for b.Loop() {
				err := src.Read(b.Context(), &f)
				if errors.Is(err, ingest.ErrEndOfStream) {
					src.Close()
					src = open()
					err = src.Read(b.Context(), &f)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			f.Release()
			src.Close()
		})
	}
}

// BenchmarkKeyframes reads 20 seconds of 1080p at 25 frames a second, with a
// keyframe every two seconds, an iteration: all frames, of which every 50th is
// looked at, and keyframes alone, which are as many. What it says of time is
// that of the processors together only with GOMAXPROCS and a machine to itself;
// cpu-ms/s is what the process used for a second of the stream.
func BenchmarkKeyframes(b *testing.B) {
	clip := makeClip(b, "hd.mp4", "-stream_loop", "-1", "-i", footage(b, "bigbuckbunny.mp4"), "-t", "20", "-an", "-vf", "scale=1920:1080,fps=25",
		"-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "0", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(clip))))
	defer server.Close()
	for name, only := range map[string]bool{"all": false, "keyframes": true} {
		b.Run(name, func(b *testing.B) {
			cfg := liveConfig(server.URL + "/" + filepath.Base(clip))
			if cfg.Keyframes = only; !only {
				cfg.Stride = 50
			}
			frames := 0
			used := processorTime(b)
			for b.Loop() {
				src, err := OpenLive(b.Context(), cfg)
				if err != nil {
					b.Fatal(err)
				}
				var f frame.Frame
				for err = src.Read(b.Context(), &f); err == nil; err = src.Read(b.Context(), &f) {
					frames++
				}
				f.Release()
				src.Close()
				if !errors.Is(err, ingest.ErrEndOfStream) {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-used).Milliseconds())/float64(b.N)/20, "cpu-ms/s")
			b.ReportMetric(float64(frames)/float64(b.N), "frames")
		})
	}
}

// processorTime is what this process used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
