package frame

import (
	"bytes"
	"errors"
	"image/jpeg"
	"testing"
)

func filledThumb(pool *Pool, level byte) *Thumb {
	var f Frame
	f.Prepare(pool, []Want{{Width: 16, Height: 8, Fit: FitSquash, Filter: FilterLinear}}, 16, 8)
	for i := range f.Pictures[0].Pix {
		f.Pictures[0].Pix[i] = level
	}
	th := f.TakeThumb(0)
	f.Release()
	return th
}

// A picture that two consumers show is encoded once, by the pool's encoder.
func TestEncoderOfThePool(t *testing.T) {
	calls := 0
	pool := Pool{EncodeJPEG: func(p Picture, quality int) ([]byte, error) {
		calls++
		if p.Width != 16 || p.Height != 8 || p.Pix[0] != 90 || quality != thumbQuality {
			t.Errorf("asked for %d×%d of %d at quality %d", p.Width, p.Height, p.Pix[0], quality)
		}
		return []byte("jpeg"), nil
	}}
	th := filledThumb(&pool, 90)
	defer th.Release()
	one, two := th.JPEG(), th.JPEG()
	if calls != 1 || string(one) != "jpeg" || &one[0] != &two[0] {
		t.Errorf("%d calls gave %q and %q", calls, one, two)
	}
}

func TestFailingEncoderIsReplaced(t *testing.T) {
	pool := Pool{EncodeJPEG: func(Picture, int) ([]byte, error) { return nil, errors.New("no memory") }}
	th := filledThumb(&pool, 90)
	defer th.Release()
	if img, err := jpeg.Decode(bytes.NewReader(th.JPEG())); err != nil || img.Bounds().Dx() != 16 {
		t.Errorf("%v, %v", img, err)
	}
}

func TestPicturesOfTheWrongSizeAreABug(t *testing.T) {
	var pool Pool
	th := filledThumb(&pool, 90)
	defer th.Release()
	th.Width++
	defer func() {
		if recover() == nil {
			t.Error("encoded")
		}
	}()
	th.JPEG()
}

func BenchmarkJPEG(b *testing.B) {
	p := Picture{Width: 256, Height: 192, Channels: 3, Pix: make([]byte, 256*192*3)}
	for i := range p.Pix {
		p.Pix[i] = byte(i*i>>8 ^ i>>3)
	}
	for b.Loop() {
		encodeJPEG(p)
	}
}
