package container

// av1Record reads the sequence header in an AV1CodecConfigurationRecord (AV1
// in ISO BMFF, 2.3.3); Matroska keeps the same bytes.
func av1Record(p []byte) video {
	if len(p) < 4 || p[0] != 0x81 {
		return video{}
	}
	return av1OBUs(p[4:])
}

// av1OBUs looks for a sequence header among open bitstream units (AV1
// specification, 5.3).
func av1OBUs(p []byte) video {
	for len(p) >= 2 {
		kind, extended, sized := p[0]>>3&15, p[0]&4 != 0, p[0]&2 != 0
		p = p[1:]
		if extended {
			p = p[1:]
		}
		n := len(p)
		if sized {
			var used int
			if n, used = leb128(p); used == 0 || n > len(p)-used {
				return video{}
			}
			p = p[used:]
		}
		if kind == 1 {
			return av1Sequence(p[:n])
		}
		p = p[n:]
	}
	return video{}
}

// leb128 reads a little-endian number of 7-bit groups; used is 0 where there
// is none of a sensible size.
func leb128(p []byte) (n, used int) {
	for i, c := range p {
		if i == 4 {
			break
		}
		n |= int(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			return n, i + 1
		}
	}
	return 0, 0
}

// av1Sequence reads a sequence header, 5.5.
func av1Sequence(p []byte) video {
	r := &bitReader{b: p} // no emulation prevention here
	profile := r.bits(3)
	r.skip(1)
	if reduced := r.flag(); reduced {
		r.skip(5)
		av1FrameSize(r, true)
	} else {
		av1Timing(r)
		av1FrameSize(r, false)
	}
	r.skip(3) // superres, cdef, restoration
	v := video{codec: "av1", interlaced: No}
	av1Colour(r, profile, &v)
	if r.bad {
		return video{}
	}
	return v
}

// av1Timing passes over timing and operating points.
func av1Timing(r *bitReader) {
	decoderModel, delayBits := false, 0
	if r.flag() { // timing_info_present_flag
		r.skip(64)
		if r.flag() {
			r.uvlc()
		}
		if decoderModel = r.flag(); decoderModel {
			delayBits = int(r.bits(5)) + 1
			r.skip(32 + 10)
		}
	}
	display := r.flag()
	for range r.bits(5) + 1 {
		r.skip(12)
		if r.bits(5) > 7 {
			r.skip(1)
		}
		if decoderModel && r.flag() {
			r.skip(2*delayBits + 1)
		}
		if display && r.flag() {
			r.skip(4)
		}
	}
}

// av1FrameSize passes over the size of frames and the coding tools.
func av1FrameSize(r *bitReader, reduced bool) {
	w, h := int(r.bits(4))+1, int(r.bits(4))+1
	r.skip(w + h)
	if !reduced && r.flag() { // frame_id_numbers_present_flag
		r.skip(7)
	}
	r.skip(3)
	if reduced {
		return
	}
	r.skip(4)
	hint := r.flag() // enable_order_hint
	if hint {
		r.skip(2)
	}
	screen := uint(2)
	if !r.flag() { // seq_choose_screen_content_tools
		screen = r.bits(1)
	}
	if screen > 0 && !r.flag() { // seq_choose_integer_mv
		r.skip(1)
	}
	if hint {
		r.skip(3)
	}
}

// av1Colour reads color_config, 5.5.2.
func av1Colour(r *bitReader, profile uint, v *video) {
	high := r.flag()
	if profile == 2 && high {
		r.skip(1)
	}
	mono := profile != 1 && r.flag()
	primaries, transfer, matrix := uint(2), uint(2), uint(2)
	if r.flag() {
		primaries, transfer, matrix = r.bits(8), r.bits(8), r.bits(8)
	}
	v.matrix = matrixOf(int(matrix))
	if !mono && primaries == 1 && transfer == 13 && matrix == 0 { // sRGB
		v.fullRange = Yes
		return
	}
	v.fullRange = answer(r.flag())
}
