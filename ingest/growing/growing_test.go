package growing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A file is taken when it has not changed for the time that is asked for, in
// its turn, and once.
func TestWhichFileIsNext(t *testing.T) {
	dir := t.TempDir()
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	var taken Taken
	step := func(second float64, want string) {
		t.Helper()
		var got []string
		for {
			f, ok, err := taken.next(dir, noon.Add(time.Duration(second*float64(time.Second))), 2*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			got = append(got, f.name)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("second %v: %q, want %q", second, s, want)
		}
	}
	put(t, dir, "b9.png", []byte("nine"))
	put(t, dir, "b10.MP4", []byte("ten"))
	put(t, dir, "b8.jpg", nil) // nobody has begun to write it
	put(t, dir, ".hidden.png", []byte("x"))
	put(t, dir, "b11.png.part", []byte("x"))
	if err := os.Mkdir(filepath.Join(dir, "c.png"), 0o700); err != nil {
		t.Fatal(err)
	}
	step(0, "")
	step(1.9, "")
	step(2, "b9.png b10.MP4")
	step(10, "")

	// One that grows holds up those behind it, and is whole in the end.
	put(t, dir, "b12.png", []byte("1"))
	put(t, dir, "b13.png", []byte("1"))
	step(11, "")
	put(t, dir, "b12.png", []byte("12"))
	step(12.5, "")
	put(t, dir, "b12.png", []byte("123"))
	step(14, "")
	step(15, "")
	step(16, "b12.png b13.png")

	// A name that sorts before others still counts, and so does a file that
	// is written anew.
	put(t, dir, "b8.jpg", []byte("eight"))
	put(t, dir, "b9.png", []byte("nine again"))
	step(20, "")
	step(22, "b8.jpg b9.png")

	// What is gone is forgotten.
	for _, name := range []string{"b9.png", "b12.png"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	step(30, "")
	if n := len(taken.seen); n != 3 {
		t.Errorf("%d files are remembered, want 3", n)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, _, err := taken.next(dir, noon, 0); err == nil {
		t.Error("a folder that is gone is no error")
	}
}

// picture is a PNG of one grey.
func picture(t *testing.T, size int, grey byte) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, size, size))
	for i := range img.Pix {
		img.Pix[i] = grey
	}
	img.SetGray(1, 1, color.Gray{Y: 255 - grey})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder is a folder with its source, opened anew when it wants to be.
type folder struct {
	t     *testing.T
	dir   string
	cfg   Config
	src   ingest.Source
	wrong int // openings that failed, and reads
}

func newFolder(t *testing.T) *folder {
	f := &folder{t: t, dir: t.TempDir()}
	f.cfg = Config{
		Dir: f.dir, Pool: new(frame.Pool), Codec: images.PureGo(), Taken: &Taken{}, Every: time.Millisecond,
		Wants: []frame.Want{{Width: 8, Height: 8, Fit: frame.FitSquash, Filter: frame.FilterArea}},
	}
	f.cfg.OpenClip = func(ctx context.Context, path string) (ingest.Source, error) {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if string(content) == "broken" {
			return nil, fmt.Errorf("no such container: %w", ingest.ErrPermanent)
		}
		return synth.Open(ctx, synth.Config{Address: string(content), Wants: f.cfg.Wants, Pool: f.cfg.Pool})
	}
	t.Cleanup(f.close)
	return f
}

func (f *folder) close() {
	if f.src == nil {
		return
	}
	if err := f.src.Close(); err != nil {
		f.t.Error(err)
	}
	f.src = nil
}

// add writes a file as of a second.
func (f *folder) add(name string, content []byte, second int) {
	f.t.Helper()
	put(f.t, f.dir, name, content)
	at := time.Date(2030, 1, 1, 12, 0, second, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(f.dir, name), at, at); err != nil {
		f.t.Fatal(err)
	}
}

// read reads n frames and says of each its number, time in ms, break, whether
// it repeats, and its brightness.
func (f *folder) read(n int) string {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	var out []string
	for len(out) < n {
		var err error
		if f.src == nil {
			f.src, err = Open(ctx, f.cfg)
		}
		var fr frame.Frame
		if err == nil {
			err = f.src.Read(ctx, &fr)
		}
		if err != nil {
			if !errors.Is(err, ingest.ErrNotConnected) || errors.Is(err, ingest.ErrPermanent) {
				f.t.Fatalf("after %v: %v", out, err)
			}
			f.wrong++
			f.close()
			continue
		}
		text := fmt.Sprintf("%d@%d", fr.Seq, fr.PTS.Milliseconds())
		if fr.Break != frame.BreakNone {
			text += " " + string(fr.Break)
		}
		if fr.Repeat {
			text += " repeat"
		}
		fr.Release()
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func (f *folder) want(what, got, want string) {
	f.t.Helper()
	if got != want {
		f.t.Errorf("%s:\n%s, want\n%s", what, got, want)
	}
}

// Pictures and clips are one stream: pictures are neighbours, clips are not
// of anything before or after, and what can't be read is missing.
func TestFolderIsOneStream(t *testing.T) {
	f := newFolder(t)
	f.add("1.png", picture(t, 16, 10), 0)
	f.add("2.png", picture(t, 16, 20), 2)
	f.add("3.png", picture(t, 16, 20), 4)
	f.want("pictures", f.read(3), "0@0, 1@2000, 2@4000 repeat")
	f.add("4.png", []byte("no picture"), 5)
	f.add("5.png", picture(t, 16, 30), 6)
	f.add("6.png", picture(t, 24, 40), 8)
	f.want("one that can't be read, and one of another size", f.read(2), "4@6000 gap, 5@8000 size")
	f.add("7.mp4", []byte("synth:square?frames=3&fps=10&size=16x16"), 20)
	f.add("8.mp4", []byte("synth:square?frames=2&fps=10&size=16x16"), 20) // one second, two files
	f.add("9.png", picture(t, 16, 50), 19)                                // a clock that was put back
	f.want("clips", f.read(6), "6@20000 gap, 7@20100, 8@20200, 9@20240 gap, 10@20340, 11@20380 gap")
	if i := f.src.Info(); i.Width != 16 || i.Kind != "folder" || i.Name != filepath.Base(f.dir) || i.Live || i.Frames != 0 {
		t.Errorf("%+v", i)
	}
	if n := f.cfg.Pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers were not given back", n)
	}
}

// A clip that can't be opened costs a new opening, which goes on behind it.
func TestFolderGoesOnBehindABrokenClip(t *testing.T) {
	f := newFolder(t)
	f.add("1.png", picture(t, 16, 10), 0)
	f.add("2.mp4", []byte("broken"), 1)
	f.add("3.png", picture(t, 16, 20), 2)
	f.want("frames", f.read(2), "0@0, 0@0")
	if f.wrong != 1 {
		t.Errorf("%d errors, want 1", f.wrong)
	}
	f.close()
	f.add("4.png", picture(t, 16, 20), 3)
	f.want("after another opening", f.read(1), "0@0")
}

// Waiting heeds the context, before the first file and after the last.
func TestFolderWaitIsInterrupted(t *testing.T) {
	f := newFolder(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, f.cfg); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an empty folder: %v", err)
	}
	f.add("1.png", picture(t, 16, 10), 0)
	f.read(1)
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	var fr frame.Frame
	if err := f.src.Read(ctx, &fr); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("at its end: %v", err)
	}
	f.close()
	if err := (&Source{closed: true}).Read(t.Context(), &fr); !errors.Is(err, errClosed) {
		t.Errorf("closed: %v", err)
	}
}
