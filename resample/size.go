package resample

import "image"

// ShortSideSize is the size of a w×h picture scaled so that its shorter side
// is short pixels, aspect kept. The longer side is rounded to the nearest
// whole pixel, half up: 352×288 becomes 313×256 for 256. (torchvision's
// Resize cuts off instead and would give 312; the difference moves labels.)
func ShortSideSize(w, h, short int) (width, height int) {
	if w <= h {
		return short, max(short, (2*h*short+w)/(2*w))
	}
	return max(short, (2*w*short+h)/(2*h)), short
}

// CentreCrop is the cropW×cropH rectangle in the middle of a w×h picture. An
// odd remainder leaves the larger margin at the right and at the bottom:
// the offset is ⌊(w−cropW)/2⌋.
func CentreCrop(w, h, cropW, cropH int) image.Rectangle {
	x, y := (w-cropW)/2, (h-cropH)/2
	return image.Rect(x, y, x+cropW, y+cropH)
}
