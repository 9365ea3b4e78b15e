package images

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// exifSegment is an APP1 segment that holds an orientation.
func exifSegment(order binary.AppendByteOrder, magic string, o uint16) []byte {
	tiff := []byte(magic)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][2]uint16{{0x0100, 7}, {exifTagOrientation, o}} {
		tiff = order.AppendUint16(tiff, entry[0])
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, entry[1])
		tiff = append(tiff, 0, 0)
	}
	tiff = append(tiff, 0, 0, 0, 0)
	body := append([]byte("Exif\x00\x00"), tiff...)
	return append([]byte{0xff, 0xe1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// turnedJPEG is a 48×32 picture, red in its top left corner, blue in its top
// right one, with an orientation.
func turnedJPEG(t testing.TB, o uint16) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 48, 32))
	for y := range 32 {
		for x := range 48 {
			c := color.RGBA{128, 128, 128, 255}
			if x < 16 && y < 16 {
				c = color.RGBA{220, 20, 20, 255}
			}
			if x >= 32 && y < 16 {
				c = color.RGBA{20, 20, 220, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	j := b.Bytes()
	return append(append(bytes.Clone(j[:2]), exifSegment(binary.BigEndian, "MM\x00*", o)...), j[2:]...)
}

// corners of a turned picture: where red and blue are, by EXIF 2.3.
var corners = map[uint16][2]string{
	1: {"top left", "top right"}, 2: {"top right", "top left"},
	3: {"bottom right", "bottom left"}, 4: {"bottom left", "bottom right"},
	5: {"top left", "bottom left"}, 6: {"top right", "bottom right"},
	7: {"bottom right", "top right"}, 8: {"bottom left", "top left"},
}

func cornerOf(b Bitmap, red bool) string {
	for name, at := range map[string][2]int{"top left": {4, 4}, "top right": {b.Width - 5, 4},
		"bottom left": {4, b.Height - 5}, "bottom right": {b.Width - 5, b.Height - 5}} {
		p := b.Pix[3*(at[1]*b.Width+at[0]):]
		if red && p[0] > 180 && p[2] < 80 || !red && p[2] > 180 && p[0] < 80 {
			return name
		}
	}
	return "nowhere"
}

func TestOrientation(t *testing.T) {
	for o, want := range corners {
		var b Bitmap
		if err := decode(turnedJPEG(t, o), &b); err != nil {
			t.Fatal(err)
		}
		if w, h := b.Width, b.Height; (w == 32) != (o >= 5) || w+h != 80 {
			t.Errorf("orientation %d: %dx%d pixels", o, w, h)
		}
		if red, blue := cornerOf(b, true), cornerOf(b, false); red != want[0] || blue != want[1] {
			t.Errorf("orientation %d: red %s, blue %s; want %v", o, red, blue, want)
		}
	}
	if o := tiffOrientation(exifSegment(binary.LittleEndian, "II*\x00", 6)[10:]); o != 6 {
		t.Errorf("little endian: orientation %d", o)
	}
	if o := exifOrientation(turnedJPEG(t, 9)); o != upright {
		t.Errorf("nonsense: orientation %d", o)
	}
}

func FuzzEXIF(f *testing.F) {
	f.Add(turnedJPEG(f, 6))
	f.Add(exifSegment(binary.LittleEndian, "II*\x00", 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := exifOrientation(b); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		if o := tiffOrientation(b); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}
