package scene

import (
	"encoding/binary"

	"github.com/flipmeter/flipmeter/frame"
)

// Content scores how much the content of consecutive pictures differs: the
// mean of the mean absolute differences of hue, saturation and value, in
// OpenCV's 8-bit convention (the content_val of PySceneDetect's
// ContentDetector with its default weights). Hue differences are plain: red
// on both sides of 0 counts as far apart, as there.
//
// It keeps the previous picture as HSV, so that each is converted once.
type Content struct {
	tables    *reciprocals
	prev, cur []byte
	width     int
	height    int
}

// NewContent starts the scores of one stream.
func NewContent() *Content { return &Content{tables: newReciprocals()} }

// Reset forgets the previous picture.
func (c *Content) Reset() { c.prev = c.prev[:0] }

// Score compares an RGB picture with the one before, 0 to about 230. Ok is
// false where there is none, or one of another size. The picture is copied;
// it may be used again by the caller.
func (c *Content) Score(rgb frame.Picture) (score float64, ok bool) {
	if rgb.Channels != 3 || len(rgb.Pix) != 3*rgb.Width*rgb.Height {
		panic("BUG: scene: content is scored on RGB pictures")
	}
	if cap(c.cur) < len(rgb.Pix) {
		c.cur = make([]byte, len(rgb.Pix))
	}
	c.cur = c.cur[:len(rgb.Pix)]
	c.tables.convert(c.cur, rgb.Pix)
	ok = len(c.prev) > 0 && c.width == rgb.Width && c.height == rgb.Height
	if ok {
		score = float64(sumAbsDiff(c.prev, c.cur)) / float64(len(c.cur))
	}
	c.prev, c.cur = c.cur, c.prev
	c.width, c.height = rgb.Width, rgb.Height
	return score, ok
}

// sumAbsDiff is Σ|a−b| over slices of equal length, eight bytes at a time:
// in lanes of 16 bits a difference plus 256 keeps bit 8 where it is not
// negative, which says which lanes to negate.
func sumAbsDiff(a, b []byte) uint64 {
	const (
		lanes = 0x00FF00FF00FF00FF
		carry = 0x0100010001000100
	)
	var sum uint64
	for len(a) >= 8 && len(b) >= 8 {
		var part uint64 // up to 128 steps of 2·255 fit a lane
		for range 64 {
			if len(a) < 8 || len(b) < 8 {
				break
			}
			x, y := binary.LittleEndian.Uint64(a), binary.LittleEndian.Uint64(b)
			even := (x&lanes | carry) - y&lanes
			odd := (x>>8&lanes | carry) - y>>8&lanes
			part += abs16(even) + abs16(odd)
			a, b = a[8:], b[8:]
		}
		sum += part&0xFFFF + part>>16&0xFFFF + part>>32&0xFFFF + part>>48
	}
	for i, x := range a {
		y := b[i]
		sum += uint64(max(x, y) - min(x, y))
	}
	return sum
}

// abs16 has, in each lane, |d| for the d+256 given, |d| < 256.
func abs16(d uint64) uint64 {
	const ones = 0x0001000100010001
	negative := ^d >> 8 & ones // 1 where d < 0
	return (d&0x00FF00FF00FF00FF ^ negative*0xFF) + negative
}
