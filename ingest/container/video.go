package container

// video is what a stream's own headers tell.
type video struct {
	codec      string
	matrix     Matrix
	fullRange  Answer
	interlaced Answer
}

// merge fills in what is not known yet.
func (f *Facts) merge(v video) {
	if f.Codec == "" {
		f.Codec = v.codec
	}
	if f.Matrix == MatrixUnknown {
		f.Matrix = v.matrix
	}
	if f.FullRange == Unknown {
		f.FullRange = v.fullRange
	}
	if f.Interlaced == Unknown {
		f.Interlaced = v.interlaced
	}
}

// merge fills in what is not known yet.
func (v *video) merge(w video) {
	f := Facts{Codec: v.codec, Matrix: v.matrix, FullRange: v.fullRange, Interlaced: v.interlaced}
	f.merge(w)
	*v = video{codec: f.Codec, matrix: f.Matrix, fullRange: f.FullRange, interlaced: f.Interlaced}
}

// avcRecord reads the first sequence parameter set of an
// AVCDecoderConfigurationRecord (ISO/IEC 14496-15).
func avcRecord(p []byte) video {
	if len(p) < 8 || p[5]&31 == 0 {
		return video{}
	}
	n := int(p[6])<<8 | int(p[7])
	if n < 1 || 8+n > len(p) {
		return video{}
	}
	return h264SPS(p[8 : 8+n])
}

// hevcRecord reads the first sequence parameter set of an
// HEVCDecoderConfigurationRecord (ISO/IEC 14496-15).
func hevcRecord(p []byte) video {
	if len(p) < 23 {
		return video{}
	}
	arrays := int(p[22])
	p = p[23:]
	for range arrays {
		if len(p) < 3 {
			break
		}
		kind, units := p[0]&63, int(p[1])<<8|int(p[2])
		p = p[3:]
		for range units {
			if len(p) < 2 {
				return video{}
			}
			n := int(p[0])<<8 | int(p[1])
			if 2+n > len(p) {
				return video{}
			}
			if kind == hevcNALSPS {
				return h265SPS(p[2 : 2+n])
			}
			p = p[2+n:]
		}
	}
	return video{}
}
