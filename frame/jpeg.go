package frame

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
)

// encodeJPEG encodes an RGB picture with Go's own encoder.
func encodeJPEG(p Picture) []byte {
	if p.Channels != 3 || p.Width <= 0 || p.Height <= 0 || len(p.Pix) != p.Width*p.Height*3 {
		panic(fmt.Sprintf("BUG: frame: thumbnail of %d×%d×%d has %d bytes", p.Width, p.Height, p.Channels, len(p.Pix)))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, subsampled(p), &jpeg.Options{Quality: thumbQuality}); err != nil {
		panic("BUG: frame: encoding a thumbnail into memory: " + err.Error())
	}
	return b.Bytes()
}

// subsampled converts to 4:2:0. The encoder is twice as fast with it as with
// RGB.
func subsampled(p Picture) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, p.Width, p.Height), image.YCbCrSubsampleRatio420)
	for y := range p.Height {
		row := p.Pix[y*p.Width*3:]
		for x := range p.Width {
			yy, cb, cr := color.RGBToYCbCr(row[x*3], row[x*3+1], row[x*3+2])
			img.Y[y*img.YStride+x] = yy
			if (x|y)&1 == 0 { // one of four
				at := y/2*img.CStride + x/2
				img.Cb[at], img.Cr[at] = cb, cr
			}
		}
	}
	return img
}
