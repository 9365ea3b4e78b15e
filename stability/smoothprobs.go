package stability

// vector is a frame's probabilities by class.
type vector struct{ full []float32 }

// of returns all probabilities: those given, or a complete ranking's.
func (v *vector) of(o *Observation, probs []float32) (p []float32, ok bool) {
	if len(probs) > 0 {
		return probs, true
	}
	if !o.TopComplete || o.N == 0 {
		return nil, false
	}
	v.full = v.full[:0]
	for _, r := range o.Top[:o.N] {
		if r.Index < 0 || r.Index >= maxTracked || isNaN32(r.Score) {
			return nil, false
		}
		for int(r.Index) >= len(v.full) {
			v.full = append(v.full, 0)
		}
		v.full[r.Index] = r.Score
	}
	return v.full, true
}

// emaSmoother averages with weights that fall by 1−alpha a frame.
type emaSmoother struct {
	alpha  float64
	vector vector
	sum    []float64
}

func (s *emaSmoother) first(o *Observation, probs []float32) (int32, bool) {
	p, ok := s.vector.of(o, probs)
	s.sum = s.sum[:0]
	for _, x := range p {
		s.sum = append(s.sum, float64(x))
	}
	return o.Label, ok
}

func (s *emaSmoother) next(o *Observation, probs []float32) (int32, bool) {
	p, ok := s.vector.of(o, probs)
	if !ok {
		return o.Label, false
	}
	for len(s.sum) < len(p) { // a class that a complete ranking hadn't yet
		s.sum = append(s.sum, 0)
	}
	best, at := -1.0, 0
	for i := range s.sum {
		x := 0.0
		if i < len(p) {
			x = float64(p[i])
		}
		// Converted, so that no machine fuses it: results are the same
		// everywhere.
		v := s.sum[i] + float64(s.alpha*(x-s.sum[i]))
		s.sum[i] = v
		if v > best {
			best, at = v, i
		}
	}
	return int32(at), true
}

// meanSmoother sums the last n vectors in units of 2⁻³¹, so that what is
// added can be taken away again exactly.
type meanSmoother struct {
	n      int
	vector vector
	ring   [][]uint32
	at     int
	sum    []uint64
}

const meanOne = 1 << 31

func (s *meanSmoother) first(o *Observation, probs []float32) (int32, bool) {
	s.at = 0
	for i := range s.ring {
		s.ring[i] = s.ring[i][:0]
	}
	clear(s.sum)
	return s.next(o, probs)
}

func (s *meanSmoother) next(o *Observation, probs []float32) (int32, bool) {
	p, ok := s.vector.of(o, probs)
	if !ok {
		return o.Label, false
	}
	if len(s.ring) < s.n && s.at == len(s.ring) {
		s.ring = append(s.ring, nil)
	}
	for len(s.sum) < len(p) {
		s.sum = append(s.sum, 0)
	}
	old := s.ring[s.at]
	for i, x := range old {
		s.sum[i] -= uint64(x)
	}
	old = old[:0]
	for i, x := range p {
		q := uint32(0)
		if x > 0 { // no number counts as nothing
			q = uint32(float64(min(x, 1))*meanOne + 0.5)
		}
		old = append(old, q)
		s.sum[i] += uint64(q)
	}
	s.ring[s.at] = old
	s.at = (s.at + 1) % s.n
	best, at := uint64(0), 0
	for i, v := range s.sum {
		if v > best {
			best, at = v, i
		}
	}
	return int32(at), true
}
