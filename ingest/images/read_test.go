package images

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"n02", "n01/deep", ".hidden", "empty"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"n02/10.png", "n02/9.png", "n01/deep/a.png", "b.png", ".hidden/c.png", ".d.png", "n01/notes.txt"} {
		write(t, dir, name, picture(4, 4, 1))
	}
	writeBytes(t, dir, "n02/IMG_2.HEIC", []byte("x"))
	got, other, err := Walk(dir)
	if want := []string{"b.png", "n01/deep/a.png", "n02/9.png", "n02/10.png"}; err != nil || !slices.Equal(got, want) || !slices.Equal(other, []string{"IMG_2.HEIC"}) {
		t.Errorf("%q, %q, %v; want %q", got, other, err, want)
	}
	writeBytes(t, dir, "empty/a.heic", []byte("x"))
	if _, other, err := Walk(filepath.Join(dir, "empty")); err == nil || !strings.Contains(err.Error(), "convert files like a.heic") || len(other) != 1 {
		t.Errorf("a folder of other pictures: %q, %v", other, err)
	}
	if err := os.Remove(filepath.Join(dir, "empty/a.heic")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Walk(filepath.Join(dir, "empty")); err == nil || !strings.Contains(err.Error(), "no pictures") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, _, err := Walk(filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("a missing folder: %v", err)
	}
}

// TestReadFile: kinds of pictures that experiments meet. A grey picture has
// three equal channels, 16 bits become 8, transparency is ignored.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	grey, deep := image.NewGray(image.Rect(0, 0, 2, 1)), image.NewRGBA64(image.Rect(0, 0, 2, 1))
	grey.Set(1, 0, color.Gray{77})
	deep.Set(1, 0, color.RGBA64{0x1234, 0xABCD, 0x00FF, 0xFFFF})
	clear := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	clear.Set(1, 0, color.NRGBA{10, 200, 30, 0})
	write(t, dir, "grey.png", grey)
	write(t, dir, "deep.png", deep)
	write(t, dir, "clear.png", clear)
	for name, want := range map[string][3]byte{"grey.png": {77, 77, 77}, "deep.png": {0x12, 0xAB, 0}, "clear.png": {10, 200, 30}} {
		var b Bitmap
		if err := ReadFile(filepath.Join(dir, name), PureGo(), &b); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if b.Width != 2 || b.Height != 1 || [3]byte(b.Pix[3:]) != want {
			t.Errorf("%s: %d×%d %v", name, b.Width, b.Height, b.Pix)
		}
	}
	writeBytes(t, dir, "turned.jpg", turnedJPEG(t, 6))
	var b Bitmap
	if err := ReadFile(filepath.Join(dir, "turned.jpg"), PureGo(), &b); err != nil || b.Width != 32 || b.Height != 48 {
		t.Errorf("a turned picture: %d×%d, %v", b.Width, b.Height, err)
	}
	writeBytes(t, dir, "empty.png", nil)
	writeBytes(t, dir, "broken.png", []byte("\x89PNG\r\n\x1a\nno"))
	for _, name := range []string{"empty.png", "broken.png", "missing.png"} {
		if err := ReadFile(filepath.Join(dir, name), PureGo(), &b); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// TestCMYK: a picture in four inks, made by testdata/cmyk.py.
func TestCMYK(t *testing.T) {
	var b Bitmap
	if err := ReadFile("testdata/cmyk.jpg", PureGo(), &b); err != nil {
		t.Fatal(err)
	}
	for x, want := range map[int][3]byte{2: {255, 0, 0}, 13: {0, 255, 255}} {
		got := [3]byte(b.Pix[3*(16*8+x):])
		for c := range want {
			if max(got[c], want[c])-min(got[c], want[c]) > 40 {
				t.Errorf("column %d: %v, want about %v", x, got, want)
			}
		}
	}
}
