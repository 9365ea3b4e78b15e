package resample

// Sums in Pillow's fixed point: 32 bits less 8 for the sample and 2 for the
// sum.
const (
	fixedBits = 32 - 8 - 2
	fixedHalf = 1 << (fixedBits - 1)
)

func clipFixed(sum int32) byte {
	v := sum >> fixedBits
	if uint32(v) <= 255 {
		return byte(v)
	}
	return byte(^v >> 31) // 0 below, 255 above
}

// fixedRow resizes one row with any number of channels.
func (s *Separable) fixedRow(out, row []byte) {
	n := s.channels
	for x, sp := range s.x {
		for c := range n {
			in := row[sp.first*n+c:]
			sum := int32(fixedHalf)
			for k, w := range sp.fixed {
				sum += int32(in[k*n]) * w
			}
			out[x*n+c] = clipFixed(sum)
		}
	}
}

// fixedRow3 is fixedRow for three channels.
func (s *Separable) fixedRow3(out, row []byte) {
	for x, sp := range s.x {
		in := row[3*sp.first:]
		s0, s1, s2 := int32(fixedHalf), int32(fixedHalf), int32(fixedHalf)
		for _, w := range sp.fixed {
			if len(in) < 3 {
				break // never, but it spares the checks below
			}
			s0 += int32(in[0]) * w
			s1 += int32(in[1]) * w
			s2 += int32(in[2]) * w
			in = in[3:]
		}
		p := out[3*x : 3*x+3 : 3*x+3]
		p[0], p[1], p[2] = clipFixed(s0), clipFixed(s1), clipFixed(s2)
	}
}

// sumFixedRows makes one result row, before it is clipped, in s.lineFixed.
func (s *Separable) sumFixedRows(sp span) {
	out := s.lineFixed
	for i := range out {
		out[i] = fixedHalf
	}
	for k, w := range sp.fixed {
		from := (sp.first - s.top + k) * len(out)
		in := s.middleBytes[from : from+len(out)]
		for i, v := range in {
			out[i] += int32(v) * w
		}
	}
}
