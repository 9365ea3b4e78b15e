package derive

import (
	"image"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/resample"
)

// place puts the RGB pixels of the crop into the result dst: in its format,
// with padding where there is some. Dst and rgb may be the same slice where
// the result is RGB without padding; nothing is done then.
func (p Plan) place(dst, rgb []byte) {
	luma := p.Want.Format == frame.Luma
	switch {
	case p.Padded():
		p.fillPad(dst)
		w, h := p.Crop.Dx(), p.Crop.Dy()
		ch := p.Want.Format.Channels()
		for y := range h {
			to := dst[((p.At.Y+y)*p.Width+p.At.X)*ch:][:w*ch]
			from := rgb[3*y*w : 3*(y+1)*w]
			if luma {
				resample.Luma(to, from)
			} else {
				copy(to, from)
			}
		}
	case luma:
		resample.Luma(dst, rgb)
	case len(dst) > 0 && &dst[0] != &rgb[0]:
		copy(dst, rgb)
	}
}

// fillPad fills the whole result with the padding colour.
func (p Plan) fillPad(pix []byte) {
	if p.Want.Format == frame.Luma {
		var y [1]byte
		resample.Luma(y[:], p.Want.Pad[:])
		for i := range pix {
			pix[i] = y[0]
		}
		return
	}
	for i := 0; i+3 <= len(pix); i += 3 {
		copy(pix[i:i+3], p.Want.Pad[:])
	}
}

// CropBGRToRGB copies the crop of a BGR picture, stride bytes a row, into
// rgb, rows without padding.
func CropBGRToRGB(rgb, bgr []byte, stride int, crop image.Rectangle) {
	n := 3 * crop.Dx()
	for y := range crop.Dy() {
		from := bgr[(crop.Min.Y+y)*stride+3*crop.Min.X:][:n]
		to := rgb[y*n:][:n]
		for i := 0; i+3 <= n; i += 3 {
			s, d := from[i:i+3:i+3], to[i:i+3:i+3]
			d[0], d[1], d[2] = s[2], s[1], s[0]
		}
	}
}
