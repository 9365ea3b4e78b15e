package synth

import (
	"math/bits"

	"github.com/flipmeter/flipmeter/frame"
)

// A block code is a square of 6×6 black or white cells in the middle of the
// picture, half as wide as the shorter side: 32 bits of the number, most
// significant first, and 4 check bits.
const codeCells = 6

// drawNumber draws n into a w×h RGB picture.
func drawNumber(pix []byte, w, h int, n uint32) {
	cell := min(w, h) / (2 * codeCells)
	x0, y0 := (w-codeCells*cell)/2, (h-codeCells*cell)/2
	code := uint64(n)<<4 | uint64(check(n))
	for k := range codeCells * codeCells {
		var v byte
		if code>>(codeCells*codeCells-1-k)&1 == 1 {
			v = 255
		}
		for y := range cell {
			at := 3 * ((y0+k/codeCells*cell+y)*w + x0 + k%codeCells*cell)
			row := pix[at : at+3*cell]
			for i := range row {
				row[i] = v
			}
		}
	}
}

// ReadNumber reads the number out of a picture made of the pattern number,
// whole or cropped in the middle. ShortSide is what the shorter side of the
// whole was scaled to, in pixels. Ok is false where there is no number.
func ReadNumber(p frame.Picture, shortSide int) (n uint32, ok bool) {
	cell := float64(shortSide) / (2 * codeCells)
	x0 := float64(p.Width)/2 - codeCells/2*cell
	y0 := float64(p.Height)/2 - codeCells/2*cell
	if cell < 3 || x0 < 0 || y0 < 0 {
		return 0, false
	}
	var code uint64
	for k := range codeCells * codeCells {
		x := int(x0 + (float64(k%codeCells)+0.5)*cell)
		y := int(y0 + (float64(k/codeCells)+0.5)*cell)
		code <<= 1
		switch v := p.Pix[(y*p.Width+x)*p.Channels]; {
		case v >= 160:
			code |= 1
		case v > 96:
			return 0, false
		}
	}
	n = uint32(code >> 4)
	return n, check(n) == uint32(code&15)
}

// check is four bits that a picture without a number hardly has.
func check(n uint32) uint32 {
	return (n*2654435761>>28 ^ uint32(bits.OnesCount32(n))) & 15
}
