package derive

import "fmt"

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

// Correction turns colours that were decoded with one matrix into those of
// another. It is the same for limited and full range, because the scaling
// of range cancels out. Colours that were clipped when they were decoded
// with the wrong matrix can't be restored.
type Correction struct {
	// lut[c][o][v] is what byte v of channel c adds to channel o, in units
	// of 2^-shift; one of the three holds the rounding term.
	lut [3][3][256]int32
}

const shift = 16

// NewCorrection is the correction of colours that were decoded with the
// matrix from although they were encoded with to; nil where they are equal.
func NewCorrection(from, to ColorMatrix) (*Correction, error) {
	if from == to {
		return nil, nil
	}
	a, ok := lumaWeights[from]
	b, ok2 := lumaWeights[to]
	if !ok || !ok2 {
		return nil, fmt.Errorf("correct colours from %s to %s: no such matrix", from, to)
	}
	enc, dec := toYUV(a), toRGB(b)
	c := &Correction{}
	for o := range 3 {
		for i := range 3 {
			var m float64
			for k := range 3 {
				m += dec[o][k] * enc[k][i]
			}
			for v := range 256 {
				t := m * float64(v) * (1 << shift)
				if t < 0 {
					t -= 0.5
				} else {
					t += 0.5
				}
				c.lut[i][o][v] = int32(t)
			}
		}
		for v := range 256 {
			c.lut[0][o][v] += 1 << (shift - 1)
		}
	}
	return c, nil
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
