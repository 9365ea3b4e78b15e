package resample

import "math"

// sample is one sample of the result in OpenCV's own order of operations:
// float32, products rounded before they are added (a fused multiply-add
// would differ), columns before rows, halves to even. With two whole scales
// OpenCV sums integers instead, and rounds 2×2 half up.
func (a *Area) sample(src []byte, stride, x, y, c int) byte {
	xt, yt := a.x.of(x), a.y.of(y)
	if a.whole {
		var sum int
		for _, ty := range yt {
			for _, tx := range xt {
				sum += int(src[ty.src*stride+tx.src*a.channels+c])
			}
		}
		if len(xt) == 2 && len(yt) == 2 {
			return byte((sum + 2) / 4)
		}
		return byte(math.RoundToEven(float64(float32(sum) * (1 / float32(len(xt)*len(yt))))))
	}
	var sum float32
	for _, ty := range yt {
		line := src[ty.src*stride+c:]
		var row float32
		for _, tx := range xt {
			row += float32(float32(line[tx.src*a.channels]) * tx.alpha)
		}
		sum += float32(row * ty.alpha)
	}
	return byte(min(255, math.RoundToEven(float64(sum))))
}
