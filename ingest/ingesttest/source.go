package ingesttest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// Wants are the pictures that the suite asks for: the three that an analysis
// asks for, smaller.
func Wants() []frame.Want {
	return []frame.Want{
		{Width: 28, Height: 28, ShortSide: 32, Fit: frame.FitCrop, Filter: frame.FilterArea},
		{Width: 28, Height: 28, ShortSide: 32, Fit: frame.FitCrop, Filter: frame.FilterArea, Format: frame.Luma},
		{Width: 32, Fit: frame.FitSquash, Filter: frame.FilterLinear},
	}
}

// Factory opens the source under test, always on the same footage of 8 to
// 1,000 frames that can be read to its end, with Wants and buffers from the
// pool.
type Factory func(t *testing.T, pool *frame.Pool) ingest.Source

// TestSource checks that a source keeps the rules of ingest.Source, and
// those of ingest.Skipper and ingest.Hasher where it is one.
func TestSource(t *testing.T, open Factory) {
	t.Run("frames", func(t *testing.T) { testFrames(t, open) })
	t.Run("same again", func(t *testing.T) { testSameAgain(t, open) })
	t.Run("cancel", func(t *testing.T) { testCancel(t, open) })
	t.Run("close", func(t *testing.T) { testClose(t, open) })
	t.Run("skip", func(t *testing.T) { testSkip(t, open) })
	t.Run("hash", func(t *testing.T) { testHash(t, open) })
}

// copied is what a frame holds, without its buffers.
type copied struct {
	frame    frame.Frame
	pictures [][]byte
}

func copyFrame(f *frame.Frame) copied {
	c := copied{frame: frame.Frame{Seq: f.Seq, PTS: f.PTS, PTSEstimated: f.PTSEstimated,
		Break: f.Break, Repeat: f.Repeat, Width: f.Width, Height: f.Height}}
	for _, p := range f.Pictures {
		c.pictures = append(c.pictures, bytes.Clone(p.Pix))
	}
	return c
}

func (c copied) equal(d copied) bool {
	a, b := c.frame, d.frame
	if a.Seq != b.Seq || a.PTS != b.PTS || a.PTSEstimated != b.PTSEstimated || a.Break != b.Break ||
		a.Repeat != b.Repeat || a.Width != b.Width || a.Height != b.Height || len(c.pictures) != len(d.pictures) {
		return false
	}
	for i := range c.pictures {
		if !bytes.Equal(c.pictures[i], d.pictures[i]) {
			return false
		}
	}
	return true
}

// start opens a source whose buffers must all be back when the test ends.
func start(t *testing.T, open Factory) (ingest.Source, *frame.Pool) {
	t.Helper()
	pool := new(frame.Pool)
	src := open(t, pool)
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if n := pool.Outstanding(); n != 0 {
			t.Errorf("%d buffers of the pool were not given back", n)
		}
	})
	return src, pool
}

// readAll reads up to limit frames, 0 for all, and the error after them.
func readAll(t *testing.T, src ingest.Source, limit int) ([]copied, error) {
	t.Helper()
	var f frame.Frame
	defer f.Release()
	var all []copied
	for limit == 0 || len(all) < limit {
		if err := src.Read(t.Context(), &f); err != nil {
			if len(f.Pictures) != 0 || f.Seq != 0 || f.Width != 0 {
				t.Errorf("after the error %q the frame is not empty", err)
			}
			return all, err
		}
		if len(all) == 1000 {
			t.Fatal("more than 1,000 frames: give the suite something shorter")
		}
		all = append(all, copyFrame(&f))
	}
	return all, nil
}

func testFrames(t *testing.T, open Factory) {
	src, _ := start(t, open)
	info := src.Info()
	if info.Name == "" || info.Kind == "" || info.Decoder == "" || info.Width < 1 || info.Height < 1 {
		t.Errorf("info leaves out name, kind, decoder or size: %+v", info)
	}
	all, err := readAll(t, src, 0)
	if !errors.Is(err, ingest.ErrEndOfStream) {
		t.Fatalf("after %d frames: %v, want end of stream", len(all), err)
	}
	if len(all) < 8 {
		t.Fatalf("%d frames: give the suite at least 8", len(all))
	}
	first := all[0].frame
	if first.Seq != 0 || first.PTS != 0 || first.Break != frame.BreakNone || first.Repeat {
		t.Errorf("first frame: %+v", first)
	}
	if first.Width != info.Width || first.Height != info.Height {
		t.Errorf("first frame is %dx%d, info says %dx%d", first.Width, first.Height, info.Width, info.Height)
	}
	for i, c := range all {
		checkPictures(t, i, c)
		if i > 0 {
			checkOrder(t, i, all[i-1].frame, c.frame)
		}
	}
	if _, err := readAll(t, src, 1); !errors.Is(err, ingest.ErrEndOfStream) {
		t.Errorf("read after the end: %v, want end of stream again", err)
	}
}

func checkPictures(t *testing.T, i int, c copied) {
	t.Helper()
	wants := Wants()
	if len(c.pictures) != len(wants) {
		t.Fatalf("frame %d: %d pictures, want %d", i, len(c.pictures), len(wants))
	}
	if len(c.pictures[0]) != 28*28*3 || len(c.pictures[1]) != 28*28 || len(c.pictures[2])%(32*3) != 0 {
		t.Errorf("frame %d: pictures of %d, %d and %d bytes", i, len(c.pictures[0]), len(c.pictures[1]), len(c.pictures[2]))
	}
	// Luma is that of the RGB picture of the same crop, to rounding.
	for k, y := range c.pictures[1] {
		p := c.pictures[0][3*k:]
		want := 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
		if d := want - float64(y); d > 1 || d < -1 {
			t.Fatalf("frame %d: luma %d of colour %v, want %.1f", i, y, p[:3], want)
		}
	}
}

func checkOrder(t *testing.T, i int, before, f frame.Frame) {
	t.Helper()
	if f.Seq <= before.Seq {
		t.Errorf("frame %d: seq %d after %d", i, f.Seq, before.Seq)
	}
	if f.Seq != before.Seq+1 && f.Break == frame.BreakNone {
		t.Errorf("frame %d: seq %d after %d without a break", i, f.Seq, before.Seq)
	}
	if f.PTS <= before.PTS && f.Break != frame.BreakTime {
		t.Errorf("frame %d: PTS %v after %v, break %q", i, f.PTS, before.PTS, f.Break)
	}
	if f.Repeat && f.Break != frame.BreakNone {
		t.Errorf("frame %d: repeats across a break %q", i, f.Break)
	}
}

func testSameAgain(t *testing.T, open Factory) {
	a, _ := start(t, open)
	b, _ := start(t, open)
	x, _ := readAll(t, a, 0)
	y, _ := readAll(t, b, 0)
	if len(x) != len(y) {
		t.Fatalf("%d frames, then %d", len(x), len(y))
	}
	for i := range x {
		if !x[i].equal(y[i]) {
			t.Fatalf("frame %d differs between two readings: %+v and %+v", i, x[i].frame, y[i].frame)
		}
	}
}

func testCancel(t *testing.T, open Factory) {
	src, _ := start(t, open)
	before, err := readAll(t, src, 2)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("told to stop")
	cancel(cause)
	var f frame.Frame
	if err := src.Read(ctx, &f); !errors.Is(err, cause) {
		t.Errorf("read with a cancelled context: %v, want its cause", err)
	}
	if len(f.Pictures) != 0 {
		t.Error("a cancelled read left pictures in the frame")
	}
	after, err := readAll(t, src, 1)
	if err != nil {
		t.Fatalf("read after a cancelled read: %v", err)
	}
	if got, want := after[0].frame.Seq, before[1].frame.Seq; got <= want {
		t.Errorf("after a cancelled read: seq %d follows %d", got, want)
	}
}

func testClose(t *testing.T, open Factory) {
	src, pool := start(t, open)
	var f frame.Frame
	if err := src.Read(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	if err := src.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if pool.Outstanding() != len(Wants()) {
		t.Error("closing the source touched a frame that was handed out")
	}
	if f.Pictures[0].Pix[0] = 1; f.Pictures[0].Pix[0] != 1 { // still ours
		t.Error("the frame's pixels went with the source")
	}
	if err := src.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
	if err := src.Read(t.Context(), &f); err == nil {
		t.Error("read after close succeeded")
	} else if errors.Is(err, ingest.ErrEndOfStream) {
		t.Errorf("read after close: %v, which looks like a whole stream", err)
	}
	if len(f.Pictures) != 0 {
		t.Error("a read after close left the frame as it was")
	}
}

func testSkip(t *testing.T, open Factory) {
	all := func() []copied {
		src, _ := start(t, open)
		all, _ := readAll(t, src, 0)
		return all
	}()
	for _, n := range []int{0, 1, 2, len(all) / 2, len(all) - 1} {
		src, _ := start(t, open)
		sk, ok := src.(ingest.Skipper)
		if !ok {
			return // not every source can
		}
		if err := sk.Skip(t.Context(), int64(n)); err != nil {
			t.Fatalf("skip %d of %d: %v", n, len(all), err)
		}
		rest, err := readAll(t, src, 0)
		if !errors.Is(err, ingest.ErrEndOfStream) || len(rest) != len(all)-n {
			t.Fatalf("after skipping %d of %d: %d frames, %v", n, len(all), len(rest), err)
		}
		for i := range rest {
			if !rest[i].equal(all[n+i]) {
				t.Fatalf("after skipping %d, frame %d is %+v, read in one go it is %+v", n, n+i, rest[i].frame, all[n+i].frame)
			}
		}
	}
	src, _ := start(t, open)
	if err := src.(ingest.Skipper).Skip(t.Context(), int64(len(all))+1); !errors.Is(err, ingest.ErrEndOfStream) {
		t.Errorf("skip beyond the end: %v, want end of stream", err)
	}
}

func testHash(t *testing.T, open Factory) {
	src, _ := start(t, open)
	h, ok := src.(ingest.Hasher)
	if !ok {
		if sum := src.Info().SHA256; sum != "" && len(sum) != 64 {
			t.Errorf("info: SHA-256 %q", sum)
		}
		return
	}
	sum, err := h.SHA256(t.Context())
	if err != nil || len(sum) != 64 {
		t.Fatalf("SHA-256 %q, %v", sum, err)
	}
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	if again, err := h.SHA256(t.Context()); again != sum || err != nil {
		t.Errorf("after close the SHA-256 is %q, %v", again, err)
	}
	if got := src.Info().SHA256; got != sum {
		t.Errorf("info: SHA-256 %q, want %q", got, sum)
	}
}
