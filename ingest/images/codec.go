package images

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the formats that
	_ "image/png"  // PureGo reads
	"runtime"

	// and those that the standard library lacks.
	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"github.com/flipmeter/flipmeter/ingest/derive"
)

// maxPixels bounds the memory that a picture can ask for.
const maxPixels = 1 << 27

// Bitmap is a decoded picture: three bytes a pixel, rows without padding.
// Its buffer is used again.
type Bitmap struct {
	Pix           []byte
	Width, Height int
}

// Codec decodes picture files.
type Codec struct {
	// Name and version, part of a result's identity.
	Name string
	// Decode decodes the content of a file, turned as its metadata says,
	// into a bitmap.
	Decode func(content []byte, into *Bitmap) error
	BGR    bool // the order of channels that Decode writes
	// Scaler makes the resize functions that go with it.
	Scaler derive.NewScaler
}

// PureGo is the codec of the standard library and golang.org/x/image. Of the
// resize filters it knows area, linear and nearest.
func PureGo() Codec {
	return Codec{Name: runtime.Version() + " image", Decode: decode, Scaler: derive.Simple}
}

func decode(content []byte, into *Bitmap) error {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxPixels/cfg.Height {
		return fmt.Errorf("read picture: %dx%d pixels is not a size", cfg.Width, cfg.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	b := img.Bounds()
	if b.Dx() != cfg.Width || b.Dy() != cfg.Height {
		return errors.New("read picture: its header lies about its size")
	}
	turn := upright
	if format == "jpeg" {
		turn = exifOrientation(content)
	}
	turn.copy(into, img)
	return nil
}

// copy writes the picture, turned, into a bitmap.
func (o orientation) copy(into *Bitmap, img image.Image) {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	into.Width, into.Height = w, h
	if o.sideways() {
		into.Width, into.Height = h, w
	}
	if n := 3 * w * h; cap(into.Pix) < n {
		into.Pix = make([]byte, n)
	} else {
		into.Pix = into.Pix[:n]
	}
	colour := reader(img)
	for y := range h {
		for x := range w {
			tx, ty := o.place(x, y, w, h)
			p := into.Pix[3*(ty*into.Width+tx):][:3]
			p[0], p[1], p[2] = colour(b.Min.X+x, b.Min.Y+y)
		}
	}
}

// reader returns a function that reads the colours of a picture, without
// transparency.
func reader(img image.Image) func(x, y int) (r, g, b byte) {
	switch img := img.(type) {
	case *image.YCbCr:
		return func(x, y int) (byte, byte, byte) {
			c := img.YCbCrAt(x, y)
			r, g, b, _ := c.RGBA()
			return byte(r >> 8), byte(g >> 8), byte(b >> 8)
		}
	case *image.NRGBA:
		return func(x, y int) (byte, byte, byte) {
			c := img.NRGBAAt(x, y)
			return c.R, c.G, c.B
		}
	case *image.Gray:
		return func(x, y int) (byte, byte, byte) {
			v := img.GrayAt(x, y).Y
			return v, v, v
		}
	}
	return func(x, y int) (byte, byte, byte) {
		r, g, b, a := img.At(x, y).RGBA()
		if a != 0 && a != 0xffff { // colours come multiplied by it
			r, g, b = r*0xffff/a, g*0xffff/a, b*0xffff/a
		}
		return byte(r >> 8), byte(g >> 8), byte(b >> 8)
	}
}
