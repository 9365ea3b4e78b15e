package resample

import "math"

// Places in the source as TensorFlow computes them, in float32.

// tf1Legacy is TensorFlow 1's default: the result's left edge on the
// source's first pixel, which shifts the picture by up to half a pixel.
func tf1Legacy(d, srcN, dstN int) float32 {
	return float32(d) * (float32(srcN) / float32(dstN))
}

// tf1AlignCorners puts the corner pixels' centres on one another.
func tf1AlignCorners(d, srcN, dstN int) float32 {
	if dstN == 1 {
		return 0
	}
	return float32(d) * (float32(srcN-1) / float32(dstN-1))
}

// halfPixel has pixel centres at half coordinates: TensorFlow 2, PyTorch,
// OpenCV.
func halfPixel(d, srcN, dstN int) float32 {
	return float32((float32(d)+0.5)*(float32(srcN)/float32(dstN))) - 0.5
}

// tf2Area is the mean of the covered rectangle.
func tf2Area(srcN, dstN int) []span {
	scale := float64(srcN) / float64(dstN)
	spans := make([]span, dstN)
	for d := range spans {
		lo, hi := float64(d)*scale, float64(d+1)*scale
		from, to := int(math.Floor(lo)), min(int(math.Ceil(hi)), srcN)
		w := make([]float64, to-from)
		for i := range w {
			s := float64(from + i)
			w[i] = max(0, min(s+1, hi)-max(s, lo))
		}
		spans[d] = newSpan(from, w, scale)
	}
	return spans
}

// tf2Bicubic is ResizeBicubic with half-pixel centres: the cubic with
// a = −0.5 read from a table of 1,024 steps, weights outside the picture
// dropped and the rest normalised; no anti-aliasing.
func tf2Bicubic(srcN, dstN int) []span {
	const steps = 1024
	spans := make([]span, dstN)
	for d := range spans {
		at := halfPixel(d, srcN, dstN)
		low := math.Floor(float64(at))
		part := math.RoundToEven((float64(at)-low)*steps) / steps
		from, to := max(int(low)-1, 0), min(int(low)+3, srcN)
		w := make([]float64, to-from)
		var sum float64
		for i := range w {
			w[i] = keys.at(float64(from+i) - low - part)
			sum += w[i]
		}
		spans[d] = newSpan(from, w, sum)
	}
	return spans
}

// tf2Antialias is ScaleAndTranslate: nearly antialiased, but the span's ends
// are rounded otherwise.
func tf2Antialias(k kernel) func(srcN, dstN int) []span {
	return func(srcN, dstN int) []span {
		scale := float64(srcN) / float64(dstN)
		stretch := max(scale, 1)
		spans := make([]span, dstN)
		for d := range spans {
			centre := (float64(d) + 0.5) * scale
			from := max(int(math.Ceil(centre-k.support*stretch-0.5)), 0)
			to := min(int(math.Floor(centre+k.support*stretch-0.5)), srcN-1) + 1
			w := make([]float64, to-from)
			var sum float64
			for i := range w {
				w[i] = k.at((float64(from+i) + 0.5 - centre) / stretch)
				sum += w[i]
			}
			spans[d] = newSpan(from, w, sum)
		}
		return spans
	}
}
