package resample

import (
	"bytes"
	"image"
	"math"
	"math/rand/v2"
	"testing"
)

// A crop must show exactly what the whole result shows there, whatever the
// place, the padding of the rows and what lies in the scratch memory.
func TestCropIsAViewOfTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		srcW, srcH := 1+rng.IntN(200), 1+rng.IntN(120)
		dstW, dstH := 1+rng.IntN(srcW), 1+rng.IntN(srcH)
		channels := 1 + 2*rng.IntN(2)
		x, y := rng.IntN(dstW), rng.IntN(dstH)
		crop := image.Rect(x, y, x+1+rng.IntN(dstW-x), y+1+rng.IntN(dstH-y))
		src := picture([]string{"noise", "smooth", "extremes"}[rng.IntN(3)], srcW, srcH, channels)

		stride := srcW*channels + rng.IntN(20)
		padded := make([]byte, (srcH-1)*stride+srcW*channels)
		for i := range padded {
			padded[i] = byte(rng.Uint32())
		}
		for r := range srcH {
			copy(padded[r*stride:], src[r*srcW*channels:(r+1)*srcW*channels])
		}

		whole := exactly(t, srcW, srcH, dstW, dstH, channels, src)
		a, err := NewArea(srcW, srcH, dstW, dstH, crop, channels)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, crop.Dx()*crop.Dy()*channels)
		for range 2 {
			a.Resize(got, padded, stride)
			for r := range crop.Dy() {
				want := whole[((y+r)*dstW+x)*channels:][:crop.Dx()*channels]
				if have := got[r*crop.Dx()*channels:][:crop.Dx()*channels]; !bytes.Equal(have, want) {
					t.Fatalf("%dx%d to %dx%d, %d channels, crop %v, row %d:\ngot  %v\nwant %v", srcW, srcH, dstW, dstH, channels, crop, r, have, want)
				}
			}
		}
		if channels == 3 {
			rgb, grey, want := make([]byte, len(got)), make([]byte, len(got)/3), make([]byte, len(got)/3)
			a.ResizeBGRToRGB(rgb, padded, stride)
			a.ResizeBGRToLuma(grey, padded, stride)
			for i := 0; i < len(got); i += 3 {
				if rgb[i] != got[i+2] || rgb[i+1] != got[i+1] || rgb[i+2] != got[i] {
					t.Fatalf("pixel %d: RGB %v where BGR is %v", i/3, rgb[i:i+3], got[i:i+3])
				}
			}
			if Luma(want, rgb); !bytes.Equal(grey, want) {
				t.Fatal("luma differs from the luma of the RGB result")
			}
		}
	}
}

// exactly resizes sample by sample in OpenCV's order of operations, which
// TestAreaIsOpenCVs ties to OpenCV itself.
func exactly(t testing.TB, srcW, srcH, dstW, dstH, channels int, src []byte) []byte {
	t.Helper()
	a, err := NewArea(srcW, srcH, dstW, dstH, image.Rectangle{}, channels)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, dstW*dstH*channels)
	for y := range dstH {
		for x := range dstW {
			for c := range channels {
				out = append(out, a.sample(src, srcW*channels, x, y, c))
			}
		}
	}
	return out
}

func FuzzArea(f *testing.F) {
	f.Add(uint16(768), uint16(57), uint16(341), uint16(25), uint8(3), uint64(1))
	f.Add(uint16(640), uint16(48), uint16(224), uint16(22), uint8(1), uint64(2))
	f.Add(uint16(3989), uint16(4201), uint16(13), uint16(2), uint8(3), uint64(3))
	f.Fuzz(func(t *testing.T, srcW, srcH, dstW, dstH uint16, channels uint8, seed uint64) {
		w, h := 1+int(srcW)%4200, 1+int(srcH)%4200
		if w*h > 1<<22 {
			h = max(1, 1<<22/w)
		}
		dw, dh := 1+int(dstW)%w, 1+int(dstH)%h
		n := 1 + 2*int(channels&1)
		rng := rand.New(rand.NewPCG(seed, 0))
		x, y := rng.IntN(dw), rng.IntN(dh)
		crop := image.Rect(x, y, min(dw, x+1+rng.IntN(40)), min(dh, y+1+rng.IntN(40)))
		src := make([]byte, w*h*n)
		for i := range src {
			src[i] = byte(rng.Uint32())
		}
		a, err := NewArea(w, h, dw, dh, crop, n)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, crop.Dx()*crop.Dy()*n)
		a.Resize(got, src, w*n)
		for i, v := range got {
			p := i / n
			if want := a.sample(src, w*n, p%crop.Dx(), p/crop.Dx(), i%n); v != want {
				t.Fatalf("%dx%d to %dx%d crop %v: sample %d is %d, want %d", w, h, dw, dh, crop, i, v, want)
			}
		}
	})
}

// The bound that decides which samples are computed twice must hold: OpenCV's
// float sums may never be further from the true mean.
func TestBoundHolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		srcW, srcH := 8+rng.IntN(2000), 8+rng.IntN(1000)
		dstW, dstH := 1+rng.IntN(srcW), 1+rng.IntN(srcH)
		a, err := NewArea(srcW, srcH, dstW, dstH, image.Rectangle{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if a.whole {
			continue
		}
		for range 50 {
			xt, yt := a.x.of(rng.IntN(dstW)), a.y.of(rng.IntN(dstH))
			var sum float32
			var exact float64
			for _, ty := range yt {
				var row float32
				for _, tx := range xt {
					v := 255 - rng.IntN(3)
					row += float32(float32(v) * tx.alpha)
					exact += float64(v) * float64(tx.share) * float64(ty.share)
				}
				sum += float32(row * ty.alpha)
			}
			exact /= float64(a.x.unit) * float64(a.y.unit)
			if d := math.Abs(float64(sum) - exact); d > a.bound() {
				t.Fatalf("%dx%d to %dx%d: off by %g, bound %g", srcW, srcH, dstW, dstH, d, a.bound())
			}
		}
	}
}

func TestResizeAllocatesNothing(t *testing.T) {
	for _, size := range [][2]int{{768, 576}, {1920, 1080}, {499, 701}} {
		w, h := size[0], size[1]
		dw, dh := ShortSideSize(w, h, 256)
		a, err := NewArea(w, h, dw, dh, CentreCrop(dw, dh, 224, 224), 3)
		if err != nil {
			t.Fatal(err)
		}
		src, dst := picture("noise", w, h, 3), make([]byte, 224*224*3)
		if n := testing.AllocsPerRun(3, func() { a.ResizeBGRToRGB(dst, src, w*3) }); n != 0 {
			t.Errorf("%dx%d: %v allocations a frame", w, h, n)
		}
	}
}

func TestNewAreaRefuses(t *testing.T) {
	for name, f := range map[string]func() (*Area, error){
		"no source":         func() (*Area, error) { return NewArea(0, 10, 1, 1, image.Rectangle{}, 3) },
		"no result":         func() (*Area, error) { return NewArea(10, 10, 1, 0, image.Rectangle{}, 3) },
		"an enlargement":    func() (*Area, error) { return NewArea(10, 10, 5, 11, image.Rectangle{}, 3) },
		"a crop outside":    func() (*Area, error) { return NewArea(10, 10, 5, 5, image.Rect(1, 1, 6, 5), 3) },
		"two channels":      func() (*Area, error) { return NewArea(10, 10, 5, 5, image.Rectangle{}, 2) },
		"a crop that's off": func() (*Area, error) { return NewArea(10, 10, 5, 5, image.Rect(-1, 0, 3, 3), 3) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct{ w, h, short, wantW, wantH int }{
		{768, 576, 256, 341, 256},
		{1280, 720, 256, 455, 256},
		{352, 288, 256, 313, 256}, // 312.89: torchvision would cut it to 312
		{720, 528, 256, 349, 256},
		{320, 240, 256, 341, 256},
		{288, 352, 256, 256, 313},
		{100, 100, 256, 256, 256},
		{5, 2, 1, 3, 1}, // 2.5, half up
	} {
		if w, h := ShortSideSize(c.w, c.h, c.short); w != c.wantW || h != c.wantH {
			t.Errorf("short side of %dx%d to %d: %dx%d, want %dx%d", c.w, c.h, c.short, w, h, c.wantW, c.wantH)
		}
	}
	if got, want := CentreCrop(341, 256, 224, 224), image.Rect(58, 16, 282, 240); got != want {
		t.Errorf("crop %v, want %v", got, want)
	}
}
