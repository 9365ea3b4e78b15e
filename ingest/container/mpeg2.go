package container

import "bytes"

// scanVideo looks for the headers of MPEG-2, H.264 or H.265 in a byte stream
// with start codes (ITU-T H.264, annex B).
func scanVideo(b []byte) (v video) {
	mpeg2 := false
	for {
		i := bytes.Index(b, []byte{0, 0, 1})
		if i < 0 || i+4 > len(b) {
			return v
		}
		b = b[i+3:]
		unit := b
		if j := bytes.Index(b, []byte{0, 0, 1}); j >= 0 {
			unit = b[:j]
		}
		switch {
		case len(unit) == 0: // two start codes in a row
		case unit[0] == 0xb3 && len(unit) >= 8: // sequence_header
			mpeg2 = true
			v.merge(video{codec: "mpeg1video"})
		case mpeg2 && unit[0] == 0xb5 && len(unit) >= 5:
			if done := mpeg2Extension(unit[1:], &v); done {
				return v
			}
		case !mpeg2 && unit[0]&0x9f == h264NALSPS && h264SPS(unit) != (video{}):
			return h264SPS(unit)
		case !mpeg2 && unit[0]>>1 == hevcNALSPS && h265SPS(unit) != (video{}):
			return h265SPS(unit)
		}
	}
}

// mpeg2Extension reads an extension of ITU-T H.262, 6.2.2.3 to 6.2.3.1. Done
// says that a picture has told about its fields, which comes last.
func mpeg2Extension(p []byte, v *video) (done bool) {
	r := newBitReader(p)
	switch r.bits(4) {
	case 1: // sequence
		v.codec = "mpeg2video"
		r.skip(8)
		if r.flag() { // progressive_sequence
			v.interlaced = No
		}
	case 2: // sequence display
		r.skip(3)
		if r.flag() {
			r.skip(16)
			v.matrix = matrixOf(int(r.bits(8)))
		}
	case 8: // picture coding
		r.skip(16 + 2 + 2 + 8 + 1) // up to chroma_420_type
		progressive := r.flag()
		if v.interlaced == Unknown && !r.bad {
			v.interlaced = answer(!progressive)
		}
		return true
	}
	return false
}
