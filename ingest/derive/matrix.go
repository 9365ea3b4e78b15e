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
	// lut[c][o][v] is what byte v of channel c adds to channel o, in units
	// of 2^-shift; the first channel's holds offset and rounding, too.
	lut [3][3][256]int32
}

const shift = 16

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
				c.lut[i][o][v] = int32(math.Round(m * float64(v) * (1 << shift)))
			}
		}
		for v := range 256 {
			c.lut[0][o][v] += int32(math.Round(offset*(1<<shift))) + 1<<(shift-1)
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
	for i := 0; i+3 <= len(rgb); i += 3 {
		p := rgb[i : i+3 : i+3]
		r, g, b := &c.lut[0], &c.lut[1], &c.lut[2]
		x, y, z := p[0], p[1], p[2]
		p[0] = clip(r[0][x] + g[0][y] + b[0][z])
		p[1] = clip(r[1][x] + g[1][y] + b[1][z])
		p[2] = clip(r[2][x] + g[2][y] + b[2][z])
	}
}

func clip(v int32) byte {
	v >>= shift
	if uint32(v) <= 255 {
		return byte(v)
	}
	if v < 0 {
		return 0
	}
	return 255
}
