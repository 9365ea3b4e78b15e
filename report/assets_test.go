package report

import (
	"bytes"
	"os/exec"
	"sync"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/internal/assettest"
)

// asset finds a file that set-up fetches.
func asset(t testing.TB, name string) string { t.Helper(); return assettest.Path(t, name) }

const clipWidth, clipHeight = 256, 144

// clip decodes a film clip at the size of thumbnails.
var clip = sync.OnceValues(func() ([][]byte, error) {
	cmd := exec.Command("ffmpeg", "-v", "error", "-i", clipFile, "-vf", "scale=256:144", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var frames [][]byte
	for len(out) >= clipWidth*clipHeight*3 {
		frames = append(frames, out[:clipWidth*clipHeight*3])
		out = out[clipWidth*clipHeight*3:]
	}
	return frames, nil
})

var clipFile string

// clipThumbs gives pictures of the clip, over and over, from a pool whose
// buffers are counted.
func clipThumbs(t testing.TB, pool *frame.Pool) func(i int) *frame.Thumb {
	t.Helper()
	clipFile = asset(t, "footage/bigbuckbunny.mp4")
	frames, err := clip()
	if err != nil {
		t.Fatalf("decode %s with the ffmpeg command: %v", clipFile, err)
	}
	wants := []frame.Want{{Width: clipWidth, Height: clipHeight, Fit: frame.FitSquash, Filter: frame.FilterLinear}}
	return func(i int) *frame.Thumb {
		var f frame.Frame
		f.Prepare(pool, wants, 1280, 720)
		copy(f.Pictures[0].Pix, frames[i%len(frames)])
		f.Seq = uint64(i)
		th := f.TakeThumb(0)
		f.Release()
		return th
	}
}

// plainThumbs gives small grey pictures.
func plainThumbs(pool *frame.Pool) func(i int) *frame.Thumb {
	wants := []frame.Want{{Width: 32, Height: 18, Fit: frame.FitSquash, Filter: frame.FilterLinear}}
	return func(i int) *frame.Thumb {
		var f frame.Frame
		f.Prepare(pool, wants, 1280, 720)
		copy(f.Pictures[0].Pix, bytes.Repeat([]byte{byte(i)}, 32*18*3))
		f.Seq = uint64(i)
		th := f.TakeThumb(0)
		f.Release()
		return th
	}
}
