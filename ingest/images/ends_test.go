package images

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

func noisy() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range img.Pix {
		img.Pix[i] = byte(i * i >> 3)
	}
	for y := range 30 {
		img.Set(0, y, color.White)
	}
	return img
}

// TestCutOffFilesAreSeen: whole files pass, and none of their beginnings does.
func TestCutOffFilesAreSeen(t *testing.T) {
	var j, p, thumb bytes.Buffer
	if err := errors.Join(jpeg.Encode(&j, noisy(), nil), png.Encode(&p, noisy()), jpeg.Encode(&thumb, image.NewGray(image.Rect(0, 0, 8, 8)), nil)); err != nil {
		t.Fatal(err)
	}
	// A camera's file: a whole small JPEG lies in a segment of the large one.
	n := thumb.Len() + 2
	camera := append([]byte{0xff, 0xd8, 0xff, 0xe1, byte(n >> 8), byte(n)}, thumb.Bytes()...)
	camera = append(camera, j.Bytes()[2:]...)
	for name, whole := range map[string][]byte{"jpeg": j.Bytes(), "png": p.Bytes(), "camera": camera} {
		if err := ends(whole); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := ends(append(bytes.Clone(whole), "what some programs append"...)); err != nil {
			t.Errorf("%s with something behind it: %v", name, err)
		}
		last := len(whole) - 2
		if name == "png" {
			last = len(whole) - 12 // before the last chunk
		}
		for cut := 8; cut <= last; cut++ {
			if err := ends(whole[:cut]); !errors.Is(err, errCutOff) {
				t.Fatalf("%s, %d of %d bytes: %v", name, cut, len(whole), err)
			}
		}
	}
	for _, other := range []string{"", "BM", "GIF89a", "\xff\xd8\xff\xe0\x00\x02no marker", "\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02\xff\xd9"} {
		if err := ends([]byte(other)); err != nil {
			t.Errorf("%q: %v", other, err)
		}
	}
}

func FuzzEnds(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02\xff\xd9"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x01IDATx1234\x00\x00\x00\x00IEND1234"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := ends(content); err != nil && !errors.Is(err, errCutOff) {
			t.Error(err)
		}
	})
}
