//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

var realClips = []string{"vtest.avi", "bigbuckbunny.mp4", "Megamind.avi", "carphone_pristine.mp4", "bikes.mp4"}

// woven is a clip whose pairs of pictures are woven into one, top field
// first, coded without any tag that says so.
func woven(t *testing.T, clip string, more ...string) string {
	t.Helper()
	args := append([]string{"-i", footage(t, clip), "-t", "4", "-an", "-vf", "tinterlace=interleave_top"}, more...)
	return makeClip(t, "woven.avi", append(args, "-c:v", "mpeg4", "-flags", "+ildct+ilme", "-qscale", "2")...)
}

func TestFieldsOfRealFootage(t *testing.T) {
	for _, clip := range realClips {
		t.Run(clip, func(t *testing.T) {
			t.Parallel()
			if got := looksInterlaced(t.Context(), footage(t, clip)); got != "no" {
				t.Errorf("as it is: interlaced %q", got)
			}
			if got := looksInterlaced(t.Context(), woven(t, clip)); got != "yes" {
				t.Errorf("woven: interlaced %q", got)
			}
		})
	}
	// Nothing moves, so nothing can be told.
	if got := looksInterlaced(t.Context(), makeClip(t, "still.avi", "-f", "lavfi", "-i", "color=gray:size=320x240:rate=25:duration=1", "-c:v", "mjpeg")); got != "" {
		t.Errorf("still picture: interlaced %q", got)
	}
}

// TestDeinterlaceRemovesCombing judges the pictures that come out by the
// same measure.
func TestDeinterlaceRemovesCombing(t *testing.T) {
	path := woven(t, "vtest.avi")
	for _, c := range []struct {
		how          Deinterlace
		looks        string
		deinterlaced bool
	}{
		{DeinterlaceOff, "yes", false},
		{DeinterlaceAuto, "no", true},
		{DeinterlaceOn, "no", true},
	} {
		src, err := Open(t.Context(), Config{Path: path, Pool: new(frame.Pool), Deinterlace: c.how,
			Wants: []frame.Want{{Width: 768, Height: 576, Fit: frame.FitSquash, Filter: frame.FilterNearest}}})
		if err != nil {
			t.Fatal(err)
		}
		var last [][]byte
		var votes weave
		var f frame.Frame
		for {
			err := src.Read(t.Context(), &f)
			if errors.Is(err, ingest.ErrEndOfStream) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			last = append(last, append([]byte(nil), f.Pictures[0].Pix...))
			if n := len(last); n >= 3 {
				votes.look(last[n-3], last[n-2], last[n-1], 3*768)
			}
		}
		if got := votes.verdict(); got != c.looks {
			t.Errorf("deinterlace %s: the pictures look interlaced: %q, want %q (%+v)", c.how, got, c.looks, votes)
		}
		if info := src.Info(); info.Interlaced != "yes" || info.Deinterlaced != c.deinterlaced || len(info.Notes) != 1 {
			t.Errorf("deinterlace %s: %+v", c.how, info)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	// Footage that is not interlaced stays as it is.
	src, err := Open(t.Context(), Config{Path: footage(t, "vtest.avi"), Pool: new(frame.Pool), Deinterlace: DeinterlaceAuto})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if info := src.Info(); info.Interlaced != "no" || info.Deinterlaced {
		t.Errorf("progressive footage: %+v", info)
	}
}
