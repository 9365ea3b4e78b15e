package v4l2test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// NewMode codes RGB pictures of width × height × 3 bytes as a camera would.
func NewMode(t testing.TB, fourCC string, width, height, fps int, rgb [][]byte) Mode {
	t.Helper()
	m := Mode{FourCC: fourCC, Width: width, Height: height, FPS: fps}
	for _, pix := range rgb {
		switch fourCC {
		case "YUYV":
			m.Pictures = append(m.Pictures, yuyv(pix))
		case "MJPG":
			img := image.NewNRGBA(image.Rect(0, 0, width, height))
			for i := range width * height {
				img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3] = pix[3*i], pix[3*i+1], pix[3*i+2], 255
			}
			var b bytes.Buffer
			if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
				t.Fatal(err)
			}
			m.Pictures = append(m.Pictures, b.Bytes())
		default:
			t.Fatalf("no way to make pictures of %s", fourCC)
		}
	}
	return m
}

// yuyv codes pairs of pixels as Y U Y V, in the limited range of BT.601.
func yuyv(rgb []byte) []byte {
	out := make([]byte, 0, len(rgb)/3*2)
	limited := func(v byte, low, high int) byte { return byte(low + (int(v)*(high-low)+127)/255) }
	for i := 0; i+6 <= len(rgb); i += 6 {
		y0, cb, cr := color.RGBToYCbCr(rgb[i], rgb[i+1], rgb[i+2])
		y1, _, _ := color.RGBToYCbCr(rgb[i+3], rgb[i+4], rgb[i+5])
		out = append(out, limited(y0, 16, 235), limited(cb, 16, 240), limited(y1, 16, 235), limited(cr, 16, 240))
	}
	return out
}

// coded is the file from which the library takes the pictures.
func (m *Mode) coded() []byte {
	var b []byte
	for _, p := range m.Pictures {
		b = binary.NativeEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}
