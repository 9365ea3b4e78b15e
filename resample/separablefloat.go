package resample

// Sums in float32. Products are rounded before they are added: a fused
// multiply-add would give other results on other processors.

// floatRow resizes one row with any number of channels.
func (s *Separable) floatRow(out []float32, row []byte) {
	n := s.channels
	for x, sp := range s.x {
		for c := range n {
			in := row[sp.first*n+c:]
			var sum float32
			for k, w := range sp.weight {
				sum += float32(float32(in[k*n]) * w)
			}
			out[x*n+c] = sum
		}
	}
}

// floatRow3 is floatRow for three channels.
func (s *Separable) floatRow3(out []float32, row []byte) {
	for x, sp := range s.x {
		in := row[3*sp.first:]
		var s0, s1, s2 float32
		for _, w := range sp.weight {
			if len(in) < 3 {
				break // never, but it spares the checks below
			}
			s0 += float32(float32(in[0]) * w)
			s1 += float32(float32(in[1]) * w)
			s2 += float32(float32(in[2]) * w)
			in = in[3:]
		}
		p := out[3*x : 3*x+3 : 3*x+3]
		p[0], p[1], p[2] = s0, s1, s2
	}
}

// sumRows makes one result row.
func (s *Separable) sumRows(out []float32, sp span) {
	clear(out)
	for k, w := range sp.weight {
		from := (sp.first - s.top + k) * len(out)
		in := s.middle[from : from+len(out)]
		for i, v := range in {
			out[i] += float32(v * w)
		}
	}
}
