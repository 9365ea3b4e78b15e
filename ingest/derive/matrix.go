package derive

import (
	"fmt"
	"math"
)

// ColorMatrix names the coefficients that turn YCbCr into RGB.
type ColorMatrix string

// The matrices of video, by the luma weights that define them. RGB is video
// that is stored without any.
const (
	BT601     ColorMatrix = "bt601"     // ITU-R BT.601: standard definition, JPEG
	BT709     ColorMatrix = "bt709"     // ITU-R BT.709: high definition
	BT2020    ColorMatrix = "bt2020"    // ITU-R BT.2020, non-constant luminance
	FCC       ColorMatrix = "fcc"       // FCC 1953
	SMPTE240M ColorMatrix = "smpte240m" // SMPTE 240M
	RGBMatrix ColorMatrix = "rgb"       // no matrix
)

// lumaWeights are Kr and Kb of ITU-T H.273, table 4; Kg = 1 − Kr − Kb.
var lumaWeights = map[ColorMatrix][2]float64{
	BT601:     {0.299, 0.114},
	BT709:     {0.2126, 0.0722},
	BT2020:    {0.2627, 0.0593},
	FCC:       {0.30, 0.11},
	SMPTE240M: {0.212, 0.087},
}

// Coding is how RGB is coded as YCbCr.
type Coding struct {
	Matrix ColorMatrix
	// FullRange is set where 8-bit luma takes 0…255 rather than 16…235.
	FullRange bool
}

// Correction turns colours that were decoded by one coding although another
// one was meant into what they should be. Colours that were clipped when
// they were decoded wrongly can't be restored.
type Correction struct {
	// lut[c][v] is what byte v of channel c adds to the three channels of
	// the result: one field of fieldBits each, in units of 2^-fraction. The
	// fields of the sum of three entries are never negative, because the
	// first channel's entries hold the bias, beside offset and rounding.
	lut [3][256]uint64
}

const (
	fieldBits = 21
	fraction  = 11
	bias      = 256 // grey levels; results lie within −256 … 767
)

// clipped turns a biased result into a byte.
var clipped = func() (t [1 << (fieldBits - fraction)]byte) {
	for i := range t {
		t[i] = byte(min(max(i-bias, 0), 255))
	}
	return t
}()

// NewCorrection is the correction of colours that were decoded as one coding
// although they are in another; nil where those are equal.
func NewCorrection(decoded, meant Coding) (*Correction, error) {
	if decoded == meant {
		return nil, nil
	}
	a, ok := lumaWeights[decoded.Matrix]
	b, ok2 := lumaWeights[meant.Matrix]
	if !ok || !ok2 {
		return nil, fmt.Errorf("correct colours from %s to %s: no such matrix", decoded.Matrix, meant.Matrix)
	}
	enc, dec := toYUV(a), toRGB(b)
	luma, chroma, offset := rescale(decoded.FullRange, meant.FullRange)
	c := &Correction{}
	for o := range 3 {
		for i := range 3 {
			m := luma*dec[o][0]*enc[0][i] + chroma*(dec[o][1]*enc[1][i]+dec[o][2]*enc[2][i])
			for v := range 256 {
				add := m * float64(v)
				if i == 0 {
					add += offset + bias + 0.5
				}
				c.lut[i][v] += uint64(int64(math.Round(add*(1<<fraction)))) << (o * fieldBits)
			}
		}
	}
	return c, nil
}

// rescale says by what luma and chroma are to be multiplied, and how many
// grey levels are to be added, where one range was decoded as another.
func rescale(decodedFull, meantFull bool) (luma, chroma, offset float64) {
	switch {
	case meantFull && !decodedFull:
		return 219.0 / 255, 224.0 / 255, 16
	case decodedFull && !meantFull:
		return 255.0 / 219, 255.0 / 224, -16 * 255.0 / 219
	}
	return 1, 1, 0
}

// toYUV is the matrix RGB → (Y, (B−Y)/(2(1−Kb)), (R−Y)/(2(1−Kr))).
func toYUV(w [2]float64) [3][3]float64 {
	kr, kb := w[0], w[1]
	kg := 1 - kr - kb
	u, v := 1/(2*(1-kb)), 1/(2*(1-kr))
	return [3][3]float64{
		{kr, kg, kb},
		{-kr * u, -kg * u, (1 - kb) * u},
		{(1 - kr) * v, -kg * v, -kb * v},
	}
}

// toRGB is the inverse of toYUV.
func toRGB(w [2]float64) [3][3]float64 {
	kr, kb := w[0], w[1]
	kg := 1 - kr - kb
	u, v := 2*(1-kb), 2*(1-kr)
	return [3][3]float64{
		{1, 0, v},
		{1, -kb * u / kg, -kr * v / kg},
		{1, u, 0},
	}
}

// Apply corrects RGB pixels in place. A nil Correction does nothing.
func (c *Correction) Apply(rgb []byte) {
	if c == nil {
		return
	}
	r, g, b := &c.lut[0], &c.lut[1], &c.lut[2]
	const mask = uint64(len(clipped) - 1)
	for i := 0; i+3 <= len(rgb); i += 3 {
		p := rgb[i : i+3 : i+3]
		sum := r[p[0]] + g[p[1]] + b[p[2]]
		p[0] = clipped[sum>>fraction&mask]
		p[1] = clipped[sum>>(fieldBits+fraction)&mask]
		p[2] = clipped[sum>>(2*fieldBits+fraction)&mask]
	}
}
