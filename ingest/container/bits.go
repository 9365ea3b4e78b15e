package container

// bitReader reads bits, most significant first, of a NAL unit's payload:
// bytes 3 after two zeros are left out (emulation prevention). Beyond the
// end it delivers zeros and is bad.
type bitReader struct {
	b   []byte
	at  int // next bit
	bad bool
}

func newBitReader(nal []byte) *bitReader {
	clean := make([]byte, 0, len(nal))
	zeros := 0
	for _, c := range nal {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if c == 0 {
			zeros++
		} else {
			zeros = 0
		}
		clean = append(clean, c)
	}
	return &bitReader{b: clean}
}

func (r *bitReader) bit() uint {
	if r.at >= 8*len(r.b) {
		r.bad = true
		return 0
	}
	v := r.b[r.at/8] >> (7 - r.at%8) & 1
	r.at++
	return uint(v)
}

func (r *bitReader) flag() bool { return r.bit() == 1 }

// bits reads n ≤ 32 bits.
func (r *bitReader) bits(n int) uint {
	var v uint
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

func (r *bitReader) skip(n int) {
	if r.at += n; r.at > 8*len(r.b) {
		r.bad = true
	}
}

// ue reads an unsigned Exp-Golomb code.
func (r *bitReader) ue() uint {
	n := 0
	for !r.flag() {
		if n++; n > 32 || r.bad {
			r.bad = true
			return 0
		}
	}
	return 1<<n - 1 + r.bits(n)
}

// se reads a signed Exp-Golomb code.
func (r *bitReader) se() int {
	v := r.ue()
	if v&1 == 1 {
		return int(v/2) + 1
	}
	return -int(v / 2)
}

// uvlc reads AV1's variable-length code, which is ue with any number of
// zeros.
func (r *bitReader) uvlc() { r.ue() }
