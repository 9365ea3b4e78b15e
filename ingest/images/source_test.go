package images

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/ingesttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// picture is a gradient, so that neighbours differ; n shifts it.
func picture(w, h, n int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{byte(x + 5*n), byte(2*y + n), byte(x + y), 255})
		}
	}
	return img
}

func write(t *testing.T, dir, name string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch filepath.Ext(name) {
	case ".jpg":
		err = jpeg.Encode(&b, img, nil)
	case ".bmp":
		err = bmp.Encode(&b, img)
	case ".tiff":
		err = tiff.Encode(&b, img, nil)
	default:
		err = png.Encode(&b, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	writeBytes(t, dir, name, b.Bytes())
}

func writeBytes(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// mixedFolder holds 12 pictures of several kinds, one of them damaged, one
// shown twice and the last four smaller.
func mixedFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	kinds := []string{".png", ".jpg", ".bmp", ".tiff"}
	for i := range 12 {
		w, h := 64, 48
		if i >= 8 {
			w, h = 40, 36
		}
		n := i
		if i == 6 {
			n = 2
		}
		write(t, dir, fmt.Sprintf("shot %d%s", i, kinds[i%4]), picture(w, h, n))
	}
	writeBytes(t, dir, "shot 4.png", []byte("\x89PNG\r\n\x1a\nthis is not one"))
	// 7 is 6 again, so it repeats.
	if err := os.Remove(filepath.Join(dir, "shot 7.tiff")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "shot 7.bmp", picture(64, 48, 2))
	writeBytes(t, dir, "notes.txt", []byte("no picture"))
	writeBytes(t, dir, ".hidden.png", []byte("left out"))
	if err := os.Mkdir(filepath.Join(dir, "folder.png"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestContract(t *testing.T) {
	dir := mixedFolder(t)
	ingesttest.TestSource(t, func(t *testing.T, pool *frame.Pool) ingest.Source {
		src, err := Open(t.Context(), Config{Path: dir, Wants: ingesttest.Wants(), Pool: pool, Codec: PureGo()})
		if err != nil {
			t.Fatal(err)
		}
		return src
	})
}

// line is what a frame says, in short.
func line(f *frame.Frame) string {
	s := fmt.Sprintf("%d %v %dx%d", f.Seq, f.PTS, f.Width, f.Height)
	if f.Break != frame.BreakNone {
		s += " " + string(f.Break)
	}
	if f.Repeat {
		s += " repeat"
	}
	return s
}

func lines(t *testing.T, cfg Config) ([]string, ingest.Info) {
	t.Helper()
	cfg.Pool, cfg.Codec = new(frame.Pool), PureGo()
	src, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var all []string
	var f frame.Frame
	for {
		if err := src.Read(t.Context(), &f); errors.Is(err, ingest.ErrEndOfStream) {
			return all, src.Info()
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, line(&f))
		f.Release()
	}
}

func TestFrames(t *testing.T) {
	dir := mixedFolder(t)
	got, info := lines(t, Config{Path: dir, FPS: 10})
	want := []string{
		"0 0s 64x48", "1 100ms 64x48", "2 200ms 64x48", "3 300ms 64x48", "5 500ms 64x48 gap", "6 600ms 64x48", "7 700ms 64x48 repeat",
		"8 800ms 40x36 size", "9 900ms 40x36", "10 1s 40x36", "11 1.1s 40x36",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if info.Kind != "folder" || info.Frames != 12 || info.FPS != 10 || info.Codec != "png,jpg,bmp,tiff" || len(info.Notes) != 1 ||
		!strings.HasPrefix(info.Notes[0], "1 of 12 pictures could not be read and count as gaps; the first is shot 4.png") {
		t.Errorf("info: %+v", info)
	}
	got, info = lines(t, Config{Path: dir, FPS: 10, Start: 150 * time.Millisecond, End: 900 * time.Millisecond, Stride: 3})
	want = []string{"0 200ms 64x48", "1 500ms 64x48", "2 800ms 40x36 size"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || info.Frames != 3 {
		t.Errorf("got\n%s\nwant\n%s; %+v", strings.Join(got, "\n"), strings.Join(want, "\n"), info)
	}
}

func TestOpenErrors(t *testing.T) {
	empty, damaged, whole := t.TempDir(), t.TempDir(), mixedFolder(t)
	writeBytes(t, damaged, "a.png", []byte("x"))
	writeBytes(t, damaged, "b.jpg", nil)
	file := filepath.Join(whole, "notes.txt")
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Path: filepath.Join(empty, "missing")}, "no such folder: check the path"},
		{Config{Path: empty}, "no pictures in this folder: it needs files that end in .jpg"},
		{Config{Path: file}, "list folder"},
		{Config{Path: damaged}, "none of its 2 pictures can be decoded: the first is a.png"},
		{Config{Path: whole, FPS: -1}, "-1 pictures a second"},
		{Config{Path: whole, Start: time.Hour}, "start 1h0m0s lies behind its end at 480ms"},
		{Config{Path: whole, Start: 2, End: 1}, "is not after start"},
		{Config{Path: whole, Region: ingest.Region{Width: 65, Height: 1}}, "beyond the picture of 64x48"},
		{Config{Path: whole, Mask: "none.png"}, "no such file"},
		{Config{Path: whole, Wants: []frame.Want{{Width: 9, Height: 9, Fit: frame.FitSquash, Filter: "cubic"}}}, "is not known without OpenCV"},
	} {
		c.cfg.Pool, c.cfg.Codec = new(frame.Pool), PureGo()
		src, err := Open(t.Context(), c.cfg)
		if err == nil {
			src.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v, want one line about %q", c.cfg.Path, err, c.want)
		}
	}
}

// TestRegionOutgrown: a region that fits the first pictures only
// ends the stream with a sentence.
func TestRegionOutgrown(t *testing.T) {
	src, err := Open(t.Context(), Config{Path: mixedFolder(t), Pool: new(frame.Pool), Codec: PureGo(), Region: ingest.Region{Width: 64, Height: 48}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	for err == nil {
		err = src.Read(t.Context(), &f)
	}
	if !strings.Contains(err.Error(), "read shot 8.png: region 0,0,64,48 reaches beyond the picture of 40x36") {
		t.Errorf("%v", err)
	}
}

func TestDecodeKinds(t *testing.T) {
	want := picture(31, 17, 3)
	for _, name := range []string{"a.png", "a.bmp", "a.tiff"} {
		dir := t.TempDir()
		write(t, dir, name, want)
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var b Bitmap
		if err := decode(content, &b); err != nil {
			t.Fatal(err)
		}
		for i := range 31 * 17 {
			if !bytes.Equal(b.Pix[3*i:3*i+3], want.Pix[4*i:4*i+3]) {
				t.Fatalf("%s: pixel %d is %v, want %v", name, i, b.Pix[3*i:3*i+3], want.Pix[4*i:4*i+3])
			}
		}
	}
}
