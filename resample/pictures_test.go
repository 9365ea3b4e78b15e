package resample

// picture makes the same pixels as picture() of testdata/area_opencv.py.
func picture(kind string, w, h, channels int) []byte {
	pix := make([]byte, w*h*channels)
	for i := range pix {
		x := uint32(i)*2654435761 + 12345
		x ^= x >> 15
		x *= 2246822519
		x ^= x >> 13
		p := i / channels
		switch kind {
		case "noise":
			pix[i] = byte(x >> 24)
		case "extremes":
			pix[i] = byte(x>>31) * 255
		case "smooth":
			pix[i] = byte(p%w*3 + p/w*2 + i%channels*40 + int(x>>30))
		default:
			panic("BUG: no picture " + kind)
		}
	}
	return pix
}
