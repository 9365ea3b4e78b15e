package images

import (
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestNaturalOrder(t *testing.T) {
	want := []string{
		"01.png", "1.png", "2.jpg", "10.jpg", "0100.jpg", "A.png", "a.png", "b2.png", "B10.png",
		"frame-9-10.png", "frame-09-11.png", "frame-10-2.png",
		"x99999999999999999999999998.png", "x99999999999999999999999999.png",
	}
	for range 100 {
		got := slices.Clone(want)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, natural)
		if !slices.Equal(got, want) {
			t.Fatalf("got %q\nwant %q", got, want)
		}
	}
}

var pieces = regexp.MustCompile(`[0-9]+|[^0-9]`)

// slowNatural compares piece by piece, numbers as big integers.
func slowNatural(a, b string) int {
	x, y := pieces.FindAllString(strings.ToLower(a), -1), pieces.FindAllString(strings.ToLower(b), -1)
	for i := range min(len(x), len(y)) {
		n, ok1 := new(big.Int).SetString(x[i], 10)
		m, ok2 := new(big.Int).SetString(y[i], 10)
		if ok1 && ok2 {
			if c := n.Cmp(m); c != 0 {
				return c
			}
			continue
		}
		if x[i] != y[i] {
			return strings.Compare(x[i][:1], y[i][:1])
		}
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a, b)
}

func FuzzNatural(f *testing.F) {
	f.Add("a1", "a01", "A2")
	f.Add("9", "10", "1a")
	f.Add("", "0", "00")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, s := range []string{a, b, c} {
			for _, r := range s {
				if r > 126 || r < 32 {
					return // file names of interest
				}
			}
		}
		sign := func(n int) int { return max(-1, min(1, n)) }
		if got, want := sign(natural(a, b)), sign(slowNatural(a, b)); got != want {
			t.Errorf("%q, %q: %d, want %d", a, b, got, want)
		}
		if natural(a, b) != -natural(b, a) {
			t.Errorf("%q, %q: not antisymmetric", a, b)
		}
		if natural(a, b) <= 0 && natural(b, c) <= 0 && natural(a, c) > 0 {
			t.Errorf("%q, %q, %q: not transitive", a, b, c)
		}
		if (natural(a, b) == 0) != (a == b) {
			t.Errorf("%q, %q: not total", a, b)
		}
	})
}
