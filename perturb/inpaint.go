package perturb

import (
	"image"

	"github.com/flipmeter/flipmeter/frame"
)

// The paper's diffusion: an unknown pixel becomes the mean of the known ones
// around it, weighted by a binomial kernel of 12 taps in both directions.
const (
	inpaintTaps   = 12
	inpaintRounds = 80
	// Rounds end when no more than this many pixels are unknown; those stay
	// as they are.
	inpaintEnough = 200
	// The kernel has no middle: its taps reach from −6 to +5.
	inpaintBack = 6
)

// binomial is [.5, .5] convolved with itself ten times more.
func binomial() (k [inpaintTaps]float32) {
	c := 1.0
	for i := range k {
		k[i] = float32(c / 2048)
		c = c * float64(inpaintTaps-1-i) / float64(i+1)
	}
	return k
}

// inpaint fills everything of p outside of known: value = blur(I·mask) /
// blur(mask), known pixels kept, again and again (Azulay & Weiss 2019). A
// pixel's value depends on those that were known a round before, so that each
// round works on the ring that it makes known and on nothing else.
func inpaint(p frame.Picture, known image.Rectangle) {
	known = known.Intersect(whole(p))
	if known.Empty() {
		return
	}
	in := newInpainter(p)
	left := p.Width*p.Height - known.Dx()*known.Dy()
	for round := 0; round < inpaintRounds && left > inpaintEnough; round++ {
		// A tap at −6…+5 sees something known up to 5 before and 6 behind.
		grown := image.Rect(known.Min.X-(inpaintTaps-1-inpaintBack), known.Min.Y-(inpaintTaps-1-inpaintBack),
			known.Max.X+inpaintBack, known.Max.Y+inpaintBack).Intersect(whole(p))
		in.round(known, grown)
		left = p.Width*p.Height - grown.Dx()*grown.Dy()
		known = grown
	}
	in.write()
}

// inpainter holds the picture in floats. What is known is always a rectangle,
// which the kernel's support, a rectangle too, makes a larger one.
type inpainter struct {
	p      frame.Picture
	kernel [inpaintTaps]float32
	pix    []float32 // three a pixel
	rows   []float32 // blurred along x: r, g, b and mask
	// painted is the union of the rings, for writing back.
	first, last image.Rectangle
}

func newInpainter(p frame.Picture) *inpainter {
	in := &inpainter{p: p, kernel: binomial(), pix: make([]float32, len(p.Pix)), rows: make([]float32, 4*p.Width*p.Height)}
	for i, b := range p.Pix {
		in.pix[i] = float32(b)
	}
	return in
}

// round makes the pixels of grown known that known does not hold. All of them
// see only known.
func (in *inpainter) round(known, grown image.Rectangle) {
	if in.first.Empty() {
		in.first = known
	}
	in.last = grown
	// Bands above, below, left and right of what is known.
	for _, band := range [...]image.Rectangle{
		image.Rect(grown.Min.X, grown.Min.Y, grown.Max.X, known.Min.Y),
		image.Rect(grown.Min.X, known.Max.Y, grown.Max.X, grown.Max.Y),
		image.Rect(grown.Min.X, known.Min.Y, known.Min.X, known.Max.Y),
		image.Rect(known.Max.X, known.Min.Y, grown.Max.X, known.Max.Y),
	} {
		in.blur(band, known)
	}
}

// blur computes a band. The blurred rows are computed for the known rows that
// the band's kernel reaches.
func (in *inpainter) blur(band, known image.Rectangle) {
	if band.Empty() {
		return
	}
	w := in.p.Width
	top := max(known.Min.Y, band.Min.Y-inpaintBack)
	bottom := min(known.Max.Y, band.Max.Y+inpaintTaps-1-inpaintBack)
	for y := top; y < bottom; y++ {
		for x := band.Min.X; x < band.Max.X; x++ {
			var r, g, b, m float32
			from, to := max(x-inpaintBack, known.Min.X), min(x-inpaintBack+inpaintTaps, known.Max.X)
			for s := from; s < to; s++ {
				k := in.kernel[s-x+inpaintBack]
				px := in.pix[3*(y*w+s):][:3]
				r += float32(k * px[0])
				g += float32(k * px[1])
				b += float32(k * px[2])
				m += k
			}
			row := in.rows[4*(y*w+x):][:4]
			row[0], row[1], row[2], row[3] = r, g, b, m
		}
	}
	for y := band.Min.Y; y < band.Max.Y; y++ {
		from, to := max(y-inpaintBack, known.Min.Y), min(y-inpaintBack+inpaintTaps, known.Max.Y)
		for x := band.Min.X; x < band.Max.X; x++ {
			var r, g, b, m float32
			for s := from; s < to; s++ {
				k := in.kernel[s-y+inpaintBack]
				row := in.rows[4*(s*w+x):][:4]
				r += float32(k * row[0])
				g += float32(k * row[1])
				b += float32(k * row[2])
				m += float32(k * row[3])
			}
			px := in.pix[3*(y*w+x):][:3]
			px[0], px[1], px[2] = r/m, g/m, b/m
		}
	}
}

// write rounds what was painted into the picture.
func (in *inpainter) write() {
	for y := in.last.Min.Y; y < in.last.Max.Y; y++ {
		for x := in.last.Min.X; x < in.last.Max.X; x++ {
			if image.Pt(x, y).In(in.first) {
				continue
			}
			i := 3 * (y*in.p.Width + x)
			for c := range 3 {
				in.p.Pix[i+c] = byte(min(max(in.pix[i+c], 0), 255) + 0.5)
			}
		}
	}
}
