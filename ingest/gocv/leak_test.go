//go:build cgo && gocv_specific_modules && gocv_videoio && matprofile

package gocv

import (
	"bytes"
	"context"
	"errors"
	"testing"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// TestNoMatIsLost holds the number of Mats equal over every way that a
// source can go. Run with -tags gocv_specific_modules,gocv_videoio,matprofile.
func TestNoMatIsLost(t *testing.T) {
	before := cv.MatProfile.Count()
	check := func(what string) {
		t.Helper()
		if n := cv.MatProfile.Count(); n != before {
			var b bytes.Buffer
			if err := cv.MatProfile.WriteTo(&b, 1); err != nil {
				t.Error(err)
			}
			t.Fatalf("%s: %d Mats, before %d\n%s", what, n, before, b.Bytes())
		}
	}
	path := footage(t, "vtest.avi")
	wants := standardWants(frame.FilterLinear)
	open := func(ctx context.Context, cfg Config) ingest.Source {
		cfg.Path, cfg.Wants, cfg.Pool = path, wants, new(frame.Pool)
		src, err := Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}

	src := open(t.Context(), Config{Region: ingest.Region{X: 5, Y: 5, Width: 300, Height: 300}})
	var f frame.Frame
	for range 20 {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
	}
	f.Release()
	src.Close()
	src.Close()
	check("reading")

	ctx, cancel := context.WithCancel(t.Context())
	src = open(ctx, Config{})
	cancel()
	if err := src.Read(ctx, &f); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	src.Close()
	check("cancelling")

	if _, err := Open(ctx, Config{Path: path, Pool: new(frame.Pool)}); !errors.Is(err, context.Canceled) {
		t.Errorf("open with a cancelled context: %v", err)
	}
	check("cancelling while it opens")

	src = open(t.Context(), Config{})
	if err := src.(ingest.Skipper).Skip(t.Context(), 790); err != nil {
		t.Fatal(err)
	}
	for {
		if err := src.Read(t.Context(), &f); err != nil {
			break
		}
	}
	src.Close()
	check("reading to the end")

	for _, cfg := range []Config{
		{Path: writeFile(t, "text.mp4", []byte("no video"))},
		{Path: path, Region: ingest.Region{Width: 9999, Height: 1}},
		{Path: path, Mask: "missing.png"},
		{Path: path, Wants: []frame.Want{wants[2], {Width: 8, Height: 8, Fit: frame.FitSquash, Filter: "none"}}},
		{Path: path, Start: 1 << 60},
	} {
		cfg.Pool = new(frame.Pool)
		if src, err := Open(t.Context(), cfg); err == nil {
			src.Close()
			t.Errorf("%+v was opened", cfg)
		}
		check("failing to open")
	}

	if _, err := EncodeJPEG(ramp(32, 16), 80); err != nil {
		t.Error(err)
	}
	check("encoding")

	// A camera that is away: attempt after attempt is refused.
	for range 1000 {
		if src, err := OpenLive(t.Context(), liveConfig("rtsp://127.0.0.1:1/cam")); err == nil {
			src.Close()
			t.Fatal("nobody listens there, and it was opened")
		}
	}
	check("a thousand refusals")
}
