//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/ingesttest"
	"github.com/flipmeter/flipmeter/internal/assettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// standardWants are what an analysis asks for.
func standardWants(filter frame.Filter) []frame.Want {
	return []frame.Want{
		{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: filter},
		{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: frame.FilterArea, Format: frame.Luma},
		{Width: 256, Fit: frame.FitSquash, Filter: frame.FilterLinear},
	}
}

// footage is the path of a clip that set-up fetches.
func footage(t testing.TB, name string) string { t.Helper(); return assettest.Path(t, "footage", name) }

// seen is what a frame said.
type seen struct {
	frame.Frame
	pix []byte // of the first picture
}

// readAll opens a file and reads it to its end.
func readAll(t *testing.T, cfg Config) ([]seen, ingest.Info) {
	t.Helper()
	pool := new(frame.Pool)
	cfg.Pool = pool
	src, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		if n := pool.Outstanding(); n != 0 {
			t.Errorf("%d buffers outstanding", n)
		}
	}()
	var all []seen
	for {
		var f frame.Frame
		if err := src.Read(t.Context(), &f); errors.Is(err, ingest.ErrEndOfStream) {
			return all, src.Info()
		} else if err != nil {
			t.Fatal(err)
		}
		s := seen{Frame: frame.Frame{Seq: f.Seq, PTS: f.PTS, PTSEstimated: f.PTSEstimated,
			Break: f.Break, Repeat: f.Repeat, Width: f.Width, Height: f.Height}}
		if len(f.Pictures) > 0 {
			s.pix = bytes.Clone(f.Pictures[0].Pix)
		}
		all = append(all, s)
		f.Release()
	}
}

// whole wants the whole picture as it is.
func whole(width, height int) []frame.Want {
	return []frame.Want{{Width: width, Height: height, Fit: frame.FitSquash, Filter: frame.FilterNearest}}
}

func TestContract(t *testing.T) {
	for name, cfg := range map[string]Config{
		"vtest.mp4":   {Path: makeClip(t, "a.mp4", "-i", footage(t, "vtest.avi"), "-t", "3", "-c:v", "libx264", "-pix_fmt", "yuv420p")},
		"mpeg2.ts":    {Path: makeClip(t, "b.ts", join(moving("160x120"), []string{"-c:v", "mpeg2video", "-bf", "2"})...)},
		"repeats.mkv": {Path: makeClip(t, "c.mkv", join([]string{"-f", "lavfi", "-i", "testsrc2=rate=5:duration=2:size=160x120"}, []string{"-vf", "fps=15"}, []string{"-c:v", "ffv1"})...)},
		"strided":     {Path: footage(t, "tree.avi"), Stride: 3, Start: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "strided" {
				cfg.Start = 0 // the suite wants the first frame at 0
			}
			ingesttest.TestSource(t, func(t *testing.T, pool *frame.Pool) ingest.Source {
				cfg.Pool, cfg.Wants = pool, ingesttest.Wants()
				src, err := Open(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	// Lossless, so that repeated pictures stay bit-identical: 5 pictures a
	// second, each shown three times.
	path := makeClip(t, "repeats.mkv", join([]string{"-f", "lavfi", "-i", "testsrc2=rate=5:duration=2:size=160x120"}, []string{"-vf", "fps=15", "-c:v", "ffv1"})...)
	all, _ := readAll(t, Config{Path: path, Wants: whole(160, 120)})
	if len(all) != 30 {
		t.Fatalf("%d frames", len(all))
	}
	repeats := 0
	for i, f := range all {
		same := i > 0 && bytes.Equal(f.pix, all[i-1].pix)
		if f.Repeat != same {
			t.Errorf("frame %d: repeat %v, the pixels say %v", i, f.Repeat, same)
		}
		if same {
			repeats++
		}
	}
	if repeats != 20 {
		t.Errorf("%d repeats, want 20", repeats)
	}
}

func TestStartEndStride(t *testing.T) {
	path := footage(t, "vtest.avi") // 10 fps, 795 frames
	all, _ := readAll(t, Config{Path: path, Wants: whole(96, 72)})
	if len(all) != 795 {
		t.Fatalf("%d frames, want 795", len(all))
	}
	for _, c := range []struct {
		cfg   Config
		first int // in the whole
		step  int
		n     int
	}{
		{Config{}, 0, 1, 795},
		{Config{Stride: 10}, 0, 10, 80},
		{Config{Start: 70 * time.Second}, 700, 1, 95},
		{Config{Start: 70*time.Second + 1}, 701, 1, 94},
		{Config{End: 2 * time.Second}, 0, 1, 20},
		{Config{Start: 2 * time.Second, End: 4 * time.Second, Stride: 7}, 20, 7, 3},
	} {
		cfg := c.cfg
		cfg.Path, cfg.Wants = path, whole(96, 72)
		got, info := readAll(t, cfg)
		if len(got) != c.n {
			t.Errorf("%+v: %d frames, want %d", c.cfg, len(got), c.n)
			continue
		}
		if d := info.Frames - int64(c.n); d < -1 || d > 1 {
			t.Errorf("%+v: %d frames expected, %d came", c.cfg, info.Frames, c.n)
		}
		for i, f := range got {
			want := all[c.first+i*c.step]
			if !bytes.Equal(f.pix, want.pix) || f.PTS != want.PTS || f.Seq != uint64(i) || f.Break != frame.BreakNone {
				t.Errorf("%+v: frame %d at %v, break %q; want the picture at %v", c.cfg, i, f.PTS, f.Break, want.PTS)
				break
			}
		}
	}
	wantOpenError(t, Config{Path: path, Start: 80 * time.Second}, "start 1m20s lies behind its end at 1m19.5s")
	wantOpenError(t, Config{Path: path, Start: 2, End: 1}, "end 1ns is not after start 2ns")
}

// writeMask draws a mask that keeps only a rectangle.
func writeMask(t *testing.T, width, height int, keep image.Rectangle) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := keep.Min.Y; y < keep.Max.Y; y++ {
		for x := keep.Min.X; x < keep.Max.X; x++ {
			img.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "mask.png", b.Bytes())
}

func TestMaskAndRegion(t *testing.T) {
	path := footage(t, "vtest.avi")
	keep := image.Rect(100, 50, 300, 250)
	mask := writeMask(t, 768, 576, keep)
	plain, _ := readAll(t, Config{Path: path, Wants: whole(768, 576), End: time.Second})
	masked, info := readAll(t, Config{Path: path, Wants: whole(768, 576), End: time.Second, Mask: mask})
	if !info.Masked || info.Region != "" {
		t.Errorf("info: %+v", info)
	}
	for i := range masked {
		for y := range 576 {
			for x := range 768 {
				at := 3 * (y*768 + x)
				want := [3]byte{}
				if (image.Point{X: x, Y: y}).In(keep) {
					want = [3]byte(plain[i].pix[at:])
				}
				if [3]byte(masked[i].pix[at:]) != want {
					t.Fatalf("frame %d at %d,%d: %v, want %v", i, x, y, masked[i].pix[at:at+3], want)
				}
			}
		}
	}
	// A region of it, through the mask.
	region := ingest.Region{X: 90, Y: 40, Width: 64, Height: 48}
	got, info := readAll(t, Config{Path: path, Wants: whole(64, 48), End: time.Second, Mask: mask, Region: region})
	if info.Region != "90,40,64,48" || got[0].Width != 768 || got[0].Height != 576 {
		t.Errorf("info: %+v, frame %+v", info, got[0].Frame)
	}
	for i := range got {
		for y := range 48 {
			row := masked[i].pix[3*((y+40)*768+90):][:3*64]
			if !bytes.Equal(got[i].pix[3*64*y:3*64*(y+1)], row) {
				t.Fatalf("frame %d, row %d of the region differs", i, y)
			}
		}
	}
	// What can't be seen does not move: everything is masked.
	black := writeMask(t, 384, 288, image.Rectangle{})
	hidden, _ := readAll(t, Config{Path: path, Wants: whole(8, 8), End: time.Second, Mask: black})
	for i, f := range hidden {
		if f.Repeat != (i > 0) {
			t.Errorf("frame %d: repeat %v behind a black mask", i, f.Repeat)
		}
	}
	wantOpenError(t, Config{Path: path, Mask: writeMask(t, 100, 100, image.Rectangle{})}, "draw it at the picture's size")
	wantOpenError(t, Config{Path: path, Mask: "nowhere.png"}, "no such file")
	wantOpenError(t, Config{Path: path, Mask: writeFile(t, "mask.png", []byte("x"))}, "not a picture")
	wantOpenError(t, Config{Path: path, Region: ingest.Region{X: 700, Y: 0, Width: 100, Height: 10}}, "beyond the picture of 768x576")
}

func TestInfo(t *testing.T) {
	_, info := readAll(t, Config{Path: footage(t, "bigbuckbunny.mp4"), End: 200 * time.Millisecond})
	if info.Name != "bigbuckbunny.mp4" || info.Kind != "file" || info.Codec != "avc1" || info.FPS != 25 || info.Frames != 5 ||
		info.ColorMatrix != "bt709" || info.ColorMatrixWhy != "height" || info.Interlaced != "no" || info.Live {
		t.Errorf("%+v", info)
	}
	if !strings.HasPrefix(info.Decoder, "OpenCV 4.") || !strings.Contains(info.Decoder, "libavcodec ") {
		t.Errorf("decoder %q", info.Decoder)
	}
}

func TestLibrariesOf(t *testing.T) {
	got := librariesOf("  Video I/O:\n    FFMPEG:                      YES\n      avcodec:                   YES (59.37.100)\n      avformat:                  YES (59.27.100)\n")
	if strings.Join(got, " ") != "libavcodec 59.37.100 libavformat 59.27.100" {
		t.Errorf("%q", got)
	}
}
