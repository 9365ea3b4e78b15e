package resample

// Luma writes one byte for each RGB triple of rgb to dst: BT.601 weights
// (0.299, 0.587, 0.114) in 15-bit fixed point, the arithmetic of OpenCV's
// COLOR_RGB2GRAY.
func Luma(dst, rgb []byte) {
	for i := range dst {
		p := rgb[3*i : 3*i+3 : 3*i+3]
		dst[i] = luma(p[0], p[1], p[2])
	}
}

func luma(r, g, b byte) byte {
	return byte((9798*uint32(r) + 19235*uint32(g) + 3735*uint32(b) + 1<<14) >> 15)
}
