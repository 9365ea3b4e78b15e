package scene

// OpenCV's 8-bit HSV: hue in half degrees (0..179), saturation and value
// 0..255, divisions by a table of reciprocals in 12-bit fixed point.
const (
	hsvShift = 12
	hsvHalf  = 1 << (hsvShift - 1)
	hues     = 180
)

// reciprocals are OpenCV's tables: 255/v for the saturation and 30/diff for
// the hue, rounded to the nearest in fixed point.
type reciprocals struct {
	saturation, hue [256]int32
}

func newReciprocals() *reciprocals {
	r := new(reciprocals)
	for i := 1; i < 256; i++ {
		r.saturation[i] = int32((2*(255<<hsvShift) + i) / (2 * i))
		r.hue[i] = int32((2*(hues<<hsvShift) + 6*i) / (12 * i))
	}
	return r
}

// convert writes the hue, saturation and value of each RGB triple to hsv.
// Which channel is the largest changes from pixel to pixel as no processor
// can predict, so choices are made by masks (all ones or zero), not branches.
func (t *reciprocals) convert(hsv, rgb []byte) {
	n := len(rgb) / 3 * 3
	rgb, hsv = rgb[:n], hsv[:n]
	for i := 2; i < len(rgb) && i < len(hsv); i += 3 {
		r, g, b := int32(rgb[i-2]), int32(rgb[i-1]), int32(rgb[i])
		d := r - g
		m := d & (d >> 31)
		v, low := r-m, g+m // the larger and the smaller of r, g
		d = v - b
		v -= d & (d >> 31)
		d = low - b
		low -= d &^ (d >> 31)
		diff := v - low

		isR, isG := (v-r-1)>>31, (v-g-1)>>31 // ties go to red, then green
		h := isR&(g-b) | ^isR&(isG&(b-r+2*diff)|^isG&(r-g+4*diff))
		h = (h*t.hue[uint8(diff)] + hsvHalf) >> hsvShift
		h += h >> 31 & hues
		s := (diff*t.saturation[uint8(v)] + hsvHalf) >> hsvShift
		hsv[i-2], hsv[i-1], hsv[i] = byte(h), byte(s), byte(v)
	}
}
