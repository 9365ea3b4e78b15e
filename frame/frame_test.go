package frame

import (
	"bytes"
	"image/jpeg"
	"testing"
)

func TestPrepareAndReleaseRecycle(t *testing.T) {
	var pool Pool
	wants := []Want{
		{Width: 4, Height: 4, Fit: FitCrop, Filter: FilterArea},
		{Width: 8, Fit: FitSquash, Filter: FilterLinear, Format: Luma},
	}
	var f Frame
	f.Prepare(&pool, wants, 16, 9)
	if got := len(f.Pictures[0].Pix); got != 4*4*3 {
		t.Errorf("rgb buffer has %d bytes, want 48", got)
	}
	// 8 wide at 16:9 is 4.5 high, rounded half up.
	if p := f.Pictures[1]; p.Height != 5 || p.Channels != 1 || len(p.Pix) != 40 {
		t.Errorf("luma picture is %dx%dx%d with %d bytes, want 8x5x1 with 40", p.Width, p.Height, p.Channels, len(p.Pix))
	}
	first := &f.Pictures[0].Pix[0]
	f.Prepare(&pool, wants, 16, 9)
	if &f.Pictures[0].Pix[0] != first {
		t.Error("a released buffer was not used again")
	}
	f.Release()
	f.Release()
	if n := pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers are outstanding after release", n)
	}
}

func TestCopyHasItsOwnPixels(t *testing.T) {
	var pool Pool
	wants := []Want{
		{Width: 4, Height: 4, Fit: FitCrop, Filter: FilterArea},
		{Width: 8, Fit: FitSquash, Filter: FilterLinear, Format: Luma},
	}
	var f, g Frame
	g.Prepare(&pool, wants, 16, 9) // what was there before goes back to the pool
	f.Prepare(&pool, wants, 16, 9)
	f.Seq, f.Break, f.Pictures[1].Pix[3] = 7, BreakGap, 99
	f.CopyTo(&g, &pool, []int{1})
	f.Pictures[1].Pix[3] = 1
	if len(g.Pictures) != 1 || g.Pictures[0].Height != 5 || g.Pictures[0].Pix[3] != 99 || g.Seq != 7 || g.Break != BreakGap || g.Width != 16 {
		t.Errorf("copied %+v", g)
	}
	f.Release()
	g.Release()
	if n := pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers are outstanding after release", n)
	}
}

func TestThumbOutlivesItsFrame(t *testing.T) {
	var pool Pool
	var f Frame
	f.Prepare(&pool, []Want{{Width: 16, Height: 8, Fit: FitSquash, Filter: FilterLinear}}, 16, 8)
	for i := range f.Pictures[0].Pix {
		f.Pictures[0].Pix[i] = 200
	}
	th := f.TakeThumb(0)
	f.Release()
	th.Retain()
	th.Release()
	if pool.Outstanding() != 1 || th.Pix[0] != 200 {
		t.Fatal("the thumb lost its pixels while a reference was held")
	}
	img, err := jpeg.Decode(bytes.NewReader(th.JPEG()))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := img.At(3, 3).RGBA(); r>>8 < 195 || r>>8 > 205 {
		t.Errorf("jpeg shows %d where 200 was drawn", r>>8)
	}
	th.Release()
	if pool.Outstanding() != 0 {
		t.Error("the last release did not give the buffer back")
	}
	defer func() {
		if recover() == nil {
			t.Error("a release too many went unnoticed")
		}
	}()
	th.Release()
}

func TestWantValidate(t *testing.T) {
	valid := func() Want {
		return Want{Width: 224, Height: 224, ShortSide: 256, Fit: FitCrop, Filter: FilterArea}
	}
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, mutate := range map[string]func(*Want){
		"no width":                  func(w *Want) { w.Width = 0 },
		"negative height":           func(w *Want) { w.Height = -1 },
		"aspect kept while cropped": func(w *Want) { w.Height = 0 },
		"unknown fit":               func(w *Want) { w.Fit = "stretch" },
		"no filter":                 func(w *Want) { w.Filter = "" },
	} {
		w := valid()
		mutate(&w)
		if w.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPoolForgetsAPeak(t *testing.T) {
	var pool Pool
	wants := []Want{{Width: 8, Height: 8, Fit: FitSquash, Filter: FilterLinear}}
	frames := make([]Frame, 500)
	take := func(n int) {
		for i := range n {
			frames[i].Prepare(&pool, wants, 16, 9)
		}
		for i := range n {
			frames[i].Release()
		}
	}
	take(len(frames))
	if kept := len(pool.free[8*8*3].spare); kept == 0 || kept > len(frames)/2 {
		t.Errorf("%d buffers are kept of %d that were in use at once", kept, len(frames))
	}
	if made := testing.AllocsPerRun(10, func() { take(fewSpares) }); made > 0 {
		t.Errorf("%v allocations where spare buffers would have done", made)
	}
	// A queue that was full for a moment, long ago.
	for range 2 * idleGets {
		take(1)
	}
	if kept := len(pool.free[8*8*3].spare); kept != 1 {
		t.Errorf("%d spare buffers are kept where one at a time is in use", kept)
	}
	if made := testing.AllocsPerRun(2*idleGets, func() { take(1) }); made > 0 {
		t.Errorf("%v allocations a frame", made)
	}
}
