package perturb

import (
	"cmp"
	"image"
	"math"
	"slices"
)

// biasBins is into how many equal parts 0…1 is divided, along each axis and
// for height.
const biasBins = 10

// MinBoxes is the number of boxes from which a class is tested: five expected
// in every bin, as Pearson's χ² asks for.
const MinBoxes = 5 * biasBins

// Placed is where a box is in its picture: everything as a share of the
// picture's width or height.
type Placed struct {
	Class   string  `json:"class" parquet:"class,dict"`
	Picture string  `json:"picture" parquet:"picture,dict"`
	X       float64 `json:"x" parquet:"x"`           // of the centre
	Y       float64 `json:"y" parquet:"y"`           // of the centre
	Height  float64 `json:"height" parquet:"height"` // of the box
}

// Place finds out where boxes are. size gives a picture's size where the
// annotations don't; ok is false where nobody knows it.
func Place(boxes []Box, size func(picture string) (s image.Point, ok bool)) ([]Placed, []LeftOut) {
	var out []Placed
	var left []LeftOut
	for _, b := range boxes {
		s := image.Pt(b.Width, b.Height)
		if s.X <= 0 || s.Y <= 0 {
			var ok bool
			if s, ok = size(b.Picture); !ok {
				left = append(left, LeftOut{b.Picture + ": " + b.Class, "the size of its picture is not known: give the folder of the pictures"})
				continue
			}
		}
		r := b.Rect.Intersect(image.Rect(0, 0, s.X, s.Y))
		if r.Empty() {
			left = append(left, LeftOut{b.Picture + ": " + b.Class, "it lies outside of its picture"})
			continue
		}
		out = append(out, Placed{
			Class: b.Class, Picture: b.Picture,
			X: float64(r.Min.X+r.Max.X) / 2 / float64(s.X), Y: float64(r.Min.Y+r.Max.Y) / 2 / float64(s.Y),
			Height: float64(r.Dy()) / float64(s.Y),
		})
	}
	return out, left
}

// Uniformity is the test of one distribution.
type Uniformity struct {
	Counts [biasBins]int `json:"counts"`
	// ChiSquare is Pearson's statistic against equal bins, with 9 degrees of
	// freedom; V is Cramér's, √(χ²/(9n)): 0 where all bins are equal, 1 where
	// one holds everything.
	ChiSquare float64 `json:"chi_square"`
	V         float64 `json:"cramers_v"`
	// P is the probability of such a χ² if the bins were equally likely, and
	// Corrected the same after Holm over all tests of the run. Both are nil
	// below MinBoxes boxes.
	P         *float64 `json:"p"`
	Corrected *float64 `json:"p_holm"`
}

// ClassBias is how a class's boxes lie.
type ClassBias struct {
	Class  string     `json:"class"`
	Boxes  int        `json:"boxes"`
	X      Uniformity `json:"x"`
	Y      Uniformity `json:"y"`
	Height Uniformity `json:"height"`
}

// Tested says that there are enough boxes for a test.
func (c *ClassBias) Tested() bool { return c.Boxes >= MinBoxes }

// Bias tests, for each class, whether the boxes' centres and heights are
// uniform. Classes come with the most boxes first.
func Bias(placed []Placed) []ClassBias {
	byClass := make(map[string]*ClassBias)
	var out []*ClassBias
	for _, p := range placed {
		c := byClass[p.Class]
		if c == nil {
			c = &ClassBias{Class: p.Class}
			byClass[p.Class] = c
			out = append(out, c)
		}
		c.Boxes++
		c.X.Counts[bin(p.X)]++
		c.Y.Counts[bin(p.Y)]++
		c.Height.Counts[bin(p.Height)]++
	}
	slices.SortStableFunc(out, func(a, b *ClassBias) int {
		return cmp.Or(cmp.Compare(b.Boxes, a.Boxes), cmp.Compare(a.Class, b.Class))
	})
	var tests []*Uniformity
	for _, c := range out {
		for _, u := range []*Uniformity{&c.X, &c.Y, &c.Height} {
			u.test(c.Boxes)
			if u.P != nil {
				tests = append(tests, u)
			}
		}
	}
	holm(tests)
	list := make([]ClassBias, len(out))
	for i, c := range out {
		list[i] = *c
	}
	return list
}

// bin of a share; 1 belongs to the last.
func bin(v float64) int { return min(max(int(v*biasBins), 0), biasBins-1) }

func (u *Uniformity) test(n int) {
	expected := float64(n) / biasBins
	for _, c := range u.Counts {
		d := float64(c) - expected
		u.ChiSquare += d * d / expected
	}
	u.V = math.Sqrt(u.ChiSquare / (float64(n) * (biasBins - 1)))
	if n >= MinBoxes {
		p := chiSquareTail9(u.ChiSquare)
		u.P = &p
	}
}

// holm multiplies the k-th smallest of m values by m−k+1 and keeps them in
// order (Holm 1979).
func holm(tests []*Uniformity) {
	slices.SortStableFunc(tests, func(a, b *Uniformity) int { return cmp.Compare(*a.P, *b.P) })
	least := 0.0
	for k, u := range tests {
		least = max(least, min(1, *u.P*float64(len(tests)-k)))
		v := least
		u.Corrected = &v
	}
}

// chiSquareTail9 is P(χ² > x) with 9 degrees of freedom. For odd degrees it
// has a closed form: 2Q(√x) + 2φ(√x)·(√x + √x³/3 + √x⁵/15 + √x⁷/105).
func chiSquareTail9(x float64) float64 {
	if x <= 0 {
		return 1
	}
	s := math.Sqrt(x)
	density := math.Exp(-x/2) / math.Sqrt(2*math.Pi)
	term, sum := s, 0.0
	for _, odd := range []float64{3, 5, 7, 9} {
		sum += term
		term *= x / odd
	}
	return min(1, math.Erfc(s/math.Sqrt2)+2*density*sum)
}
