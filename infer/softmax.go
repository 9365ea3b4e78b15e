package infer

import (
	"fmt"
	"math"
)

// Softmax replaces logits by probabilities, in place: p_i = exp(x_i − max) /
// Σ exp(x_j − max), summed in float64 and in index order, so that the result
// does not depend on who computes it. A logit of −Inf gives 0. NaN, +Inf and
// a vector of nothing but −Inf are refused, and x is then left as it is.
func Softmax(x []float32) error {
	if err := checkScores(x); err != nil {
		return err
	}
	most := math.Inf(-1)
	for _, v := range x {
		most = max(most, float64(v))
	}
	if math.IsInf(most, -1) {
		return fmt.Errorf("softmax: no finite score among %d", len(x))
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - most)
	}
	for i, v := range x {
		x[i] = float32(math.Exp(float64(v)-most) / sum)
	}
	return nil
}

// checkScores refuses what no ranking and no sum can deal with.
func checkScores(x []float32) error {
	for i, v := range x {
		if v != v || v > math.MaxFloat32 {
			return fmt.Errorf("the network emitted %v for class %d: the model or the precision that it runs in is broken (try --accelerator cpu)", v, i)
		}
	}
	return nil
}

// probabilityTolerance is how far a probability vector's sum may be from 1.
const probabilityTolerance = 1e-3

// DecideOutput says what a network's output numbers are, judged by one
// frame: probabilities if all lie in [0,1] and their sum is 1 ± 1e-3, else
// logits. It is for networks of which neither the file nor the user says it.
func DecideOutput(scores []float32) Output {
	sum := 0.0
	for _, v := range scores {
		if !(v >= 0 && v <= 1) {
			return OutputLogits
		}
		sum += float64(v)
	}
	if math.Abs(sum-1) > probabilityTolerance {
		return OutputLogits
	}
	return OutputProbabilities
}

// fill makes the prediction from a network's raw scores, which it copies.
// kind is known.
func (p *Prediction) fill(scores []float32) {
	p.Probs = append(p.Probs[:0], scores...)
	if p.Logits != nil {
		p.Logits = append(p.Logits[:0], scores...)
	}
}

// finish turns the copied scores into probabilities.
func (p *Prediction) finish(kind Output) error {
	if kind == OutputLogits {
		return Softmax(p.Probs)
	}
	if p.Logits != nil {
		p.Logits = p.Logits[:0]
	}
	return checkScores(p.Probs)
}
