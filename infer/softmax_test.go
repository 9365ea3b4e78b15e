package infer

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// slowSoftmax sums in arbitrary precision.
func slowSoftmax(x []float32) []float32 {
	sum := new(big.Float).SetPrec(200)
	most := slices.Max(x)
	exps := make([]*big.Float, len(x))
	for i, v := range x {
		exps[i] = new(big.Float).SetPrec(200).SetFloat64(math.Exp(float64(v) - float64(most)))
		sum.Add(sum, exps[i])
	}
	out := make([]float32, len(x))
	for i := range exps {
		out[i], _ = exps[i].Quo(exps[i], sum).Float32()
	}
	return out
}

func TestSoftmaxAgainstArbitraryPrecision(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, scale := range []float64{0.01, 1, 30, 1e4, 1e30} {
		for range 20 {
			x := make([]float32, 1+rng.IntN(1000))
			for i := range x {
				x[i] = float32(rng.NormFloat64() * scale)
			}
			want := slowSoftmax(x)
			order := slices.Clone(x)
			if err := Softmax(x); err != nil {
				t.Fatal(err)
			}
			for i := range x {
				if math.Abs(float64(x[i]-want[i])) > 1e-7*float64(want[i]) {
					t.Fatalf("scale %g: class %d is %v, want %v", scale, i, x[i], want[i])
				}
			}
			for i := 1; i < len(x); i++ {
				if order[i] > order[i-1] && x[i] < x[i-1] {
					t.Fatalf("scale %g: the order of classes %d and %d changed", scale, i-1, i)
				}
			}
		}
	}
}

func TestSoftmaxEdges(t *testing.T) {
	inf := float32(math.Inf(1))
	nan := float32(math.NaN())
	for name, c := range map[string]struct{ x, want []float32 }{
		"one":            {[]float32{-3}, []float32{1}},
		"equal":          {[]float32{5, 5, 5, 5}, []float32{.25, .25, .25, .25}},
		"masked class":   {[]float32{1, -inf, 1}, []float32{.5, 0, .5}},
		"huge":           {[]float32{math.MaxFloat32, -math.MaxFloat32}, []float32{1, 0}},
		"not a number":   {[]float32{1, nan}, nil},
		"infinite":       {[]float32{1, inf}, nil},
		"nothing finite": {[]float32{-inf, -inf}, nil},
		"empty":          {[]float32{}, nil},
	} {
		x := slices.Clone(c.x)
		err := Softmax(x)
		if (err == nil) != (c.want != nil) {
			t.Errorf("%s: error %v", name, err)
		}
		if c.want != nil && !slices.Equal(x, c.want) {
			t.Errorf("%s: %v, want %v", name, x, c.want)
		}
		if c.want == nil && !slices.EqualFunc(x, c.x, func(a, b float32) bool { return a == b || a != a && b != b }) {
			t.Errorf("%s: refused, but changed to %v", name, x)
		}
	}
}

func TestDecideOutput(t *testing.T) {
	for name, c := range map[string]struct {
		scores []float32
		want   Output
	}{
		"probabilities":     {[]float32{.25, .25, .5}, OutputProbabilities},
		"within tolerance":  {[]float32{.25, .25, .5009}, OutputProbabilities},
		"sum too large":     {[]float32{.25, .25, .502}, OutputLogits},
		"sum too small":     {[]float32{.25, .25, .498}, OutputLogits},
		"negative":          {[]float32{-.1, .6, .5}, OutputLogits},
		"above one":         {[]float32{1.5, 0}, OutputLogits},
		"not a number":      {[]float32{float32(math.NaN()), 1}, OutputLogits},
		"one class for all": {[]float32{1}, OutputProbabilities},
		"sigmoids":          {[]float32{.9, .8, .1}, OutputLogits},
	} {
		if got := DecideOutput(c.scores); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func BenchmarkSoftmax1000(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 1000)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64() * 3)
	}
	x := make([]float32, len(logits))
	for b.Loop() {
		copy(x, logits)
		if err := Softmax(x); err != nil {
			b.Fatal(err)
		}
	}
}
