package resample

import "encoding/binary"

// Blended samples are uint32 side by side, so that a word holds the first
// two channels of a pixel and one multiplication serves both; the third is
// read alone. The word's upper half never runs over (else the plan is wide).

// colourRow writes result row y from a.blended.
func (a *Area) colourRow(dst, src []byte, stride, y int, o output) {
	n := a.x.most
	r := a.round
	for x, at := range a.column {
		v := a.blended[at:]
		var c01, c2 uint64
		for _, share := range a.share[n*x : n*x+n] {
			if len(v) < 12 {
				break // never, but it spares the checks below
			}
			c01 += binary.LittleEndian.Uint64(v) * share
			c2 += uint64(binary.LittleEndian.Uint32(v[8:])) * share
			v = v[12:]
		}
		t0, t1, t2 := r.scale(c01&low32), r.scale(c01>>32), r.scale(c2)
		put(dst, x, byte(t0>>56), byte(t1>>56), byte(t2>>56), o)
		if r.near(t0) || r.near(t1) || r.near(t2) {
			a.exactPixel(dst, src, stride, x, y, o)
		}
	}
}

// colourRow4 is colourRow for four taps a pixel, as scales above 2 and up to
// 3 have: the common reductions of video to a network's input.
func (a *Area) colourRow4(dst, src []byte, stride, y int, o output) {
	r := a.round
	for x, at := range a.column {
		v := a.blended[at : at+48 : at+48]
		s := a.share[4*x : 4*x+4 : 4*x+4]
		c01 := binary.LittleEndian.Uint64(v[0:])*s[0] + binary.LittleEndian.Uint64(v[12:])*s[1] +
			binary.LittleEndian.Uint64(v[24:])*s[2] + binary.LittleEndian.Uint64(v[36:])*s[3]
		c2 := uint64(binary.LittleEndian.Uint32(v[8:]))*s[0] + uint64(binary.LittleEndian.Uint32(v[20:]))*s[1] +
			uint64(binary.LittleEndian.Uint32(v[32:]))*s[2] + uint64(binary.LittleEndian.Uint32(v[44:]))*s[3]
		t0, t1, t2 := r.scale(c01&low32), r.scale(c01>>32), r.scale(c2)
		put(dst, x, byte(t0>>56), byte(t1>>56), byte(t2>>56), o)
		if r.near(t0) || r.near(t1) || r.near(t2) {
			a.exactPixel(dst, src, stride, x, y, o)
		}
	}
}

// colourRowWide is colourRow for sums of more than 32 bits.
func (a *Area) colourRowWide(dst, src []byte, stride, y int, o output) {
	n := a.x.most
	r := a.round
	for x, at := range a.column {
		v := a.blended[at : at+12*n]
		var c0, c1, c2 uint64
		for k, share := range a.share[n*x : n*x+n] {
			p := v[12*k : 12*k+12]
			c0 += uint64(binary.LittleEndian.Uint32(p[0:])) * share
			c1 += uint64(binary.LittleEndian.Uint32(p[4:])) * share
			c2 += uint64(binary.LittleEndian.Uint32(p[8:])) * share
		}
		t0, t1, t2 := r.scale(c0), r.scale(c1), r.scale(c2)
		put(dst, x, byte(t0>>56), byte(t1>>56), byte(t2>>56), o)
		if r.near(t0) || r.near(t1) || r.near(t2) {
			a.exactPixel(dst, src, stride, x, y, o)
		}
	}
}

// greyRow is colourRow for one channel.
func (a *Area) greyRow(dst, src []byte, stride, y int) {
	n := a.x.most
	r := a.round
	for x, at := range a.column {
		v := a.blended[at : at+4*n]
		var sum uint64
		for _, share := range a.share[n*x : n*x+n] {
			if len(v) < 4 {
				break // never, but it spares the checks below
			}
			sum += uint64(binary.LittleEndian.Uint32(v)) * share
			v = v[4:]
		}
		t := r.scale(sum)
		dst[x] = byte(t >> 56)
		if r.near(t) {
			dst[x] = a.sample(src, stride, x, y, 0)
		}
	}
}
