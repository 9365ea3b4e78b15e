package perturb

import (
	"image"

	"github.com/flipmeter/flipmeter/infer"
)

// Step is the answer to one shot of a chain.
type Step struct {
	// At is where the content lies, in pixels from where it was placed; for
	// scales, At.X and At.Y are both the picture's shorter side.
	At image.Point `json:"at"`
	// Top are the five best classes, fewer if the classifier knows fewer.
	Top []infer.Ranked `json:"top"`
	// Reference is the probability of the chain's reference class.
	Reference float32 `json:"reference"`
	// Before is the probability of the label of the step before; nil at the
	// first.
	Before *float32 `json:"before"`
}

// Label is the top-1 class.
func (s *Step) Label() int32 { return s.Top[0].Index }

// Has says whether a class is among the best five.
func (s *Step) Has(class int32) bool {
	for _, t := range s.Top {
		if t.Index == class {
			return true
		}
	}
	return false
}

// Chain is a sequence of shots of one picture of which each differs from the
// one before by a single step.
type Chain struct {
	Picture string `json:"picture"`
	// Name tells the chains of a picture apart; empty where there is one.
	Name string `json:"name,omitempty"`
	// Truth is the picture's class, −1 where it is not known.
	Truth int32 `json:"truth"`
	// Reference is the truth, or else the label that most steps have (the
	// lower index among equals).
	Reference int32  `json:"reference"`
	Steps     []Step `json:"steps"`
}

// topK is how many classes a step keeps.
const topK = 5

// newChain reads the answers to a chain's shots.
func newChain(picture, name string, truth int32, at []image.Point, answers [][]float32) Chain {
	c := Chain{Picture: picture, Name: name, Truth: truth, Steps: make([]Step, len(at))}
	for i, probs := range answers {
		s := &c.Steps[i]
		s.At = at[i]
		s.Top = make([]infer.Ranked, topK)
		s.Top = s.Top[:infer.TopK(probs, s.Top)]
		if i > 0 {
			before := probs[c.Steps[i-1].Label()]
			s.Before = &before
		}
	}
	if c.Reference = truth; truth < 0 {
		c.Reference = modal(c.Steps)
	}
	for i, probs := range answers {
		if int(c.Reference) < len(probs) {
			c.Steps[i].Reference = probs[c.Reference]
		}
	}
	return c
}

// modal is the label that most steps have.
func modal(steps []Step) int32 {
	count := make(map[int32]int)
	for i := range steps {
		count[steps[i].Label()]++
	}
	best := steps[0].Label()
	for label, n := range count {
		if n > count[best] || n == count[best] && label < best {
			best = label
		}
	}
	return best
}

// Pairs is the number of neighbouring steps.
func (c *Chain) Pairs() int { return max(0, len(c.Steps)-1) }

// Changes counts the neighbours whose labels differ.
func (c *Chain) Changes() int {
	n := 0
	for i := 1; i < len(c.Steps); i++ {
		if c.Steps[i].Label() != c.Steps[i-1].Label() {
			n++
		}
	}
	return n
}

// Jaggedness counts the changes of "the reference class is in the top 5"
// along the chain.
func (c *Chain) Jaggedness() int {
	n := 0
	for i := 1; i < len(c.Steps); i++ {
		if c.Steps[i].Has(c.Reference) != c.Steps[i-1].Has(c.Reference) {
			n++
		}
	}
	return n
}

// absoluteChange is Σ abs(p_j[k] − p_{j−1}[k]), k = argmax p_{j−1}.
func (c *Chain) absoluteChange() float64 {
	sum := 0.0
	for i := 1; i < len(c.Steps); i++ {
		d := float64(*c.Steps[i].Before) - float64(c.Steps[i-1].Top[0].Score)
		if d < 0 {
			d = -d
		}
		sum += d
	}
	return sum
}

// top5Distance is Σ over pairs of ImageNet-P's d: Σ_i abs((i−1) − min(σ(i)−1, 5)),
// σ(i) the rank that the class of rank i in the step before has now. ok is
// false where fewer than five classes are known.
func (c *Chain) top5Distance() (sum float64, ok bool) {
	for i := 1; i < len(c.Steps); i++ {
		before, now := c.Steps[i-1].Top, c.Steps[i].Top
		if len(before) < topK || len(now) < topK {
			return 0, false
		}
		for rank, b := range before {
			at := topK
			for j, t := range now {
				if t.Index == b.Index {
					at = j
				}
			}
			sum += float64(max(rank-at, at-rank))
		}
	}
	return sum, true
}

// top5Loss counts the pairs whose first step has the reference in its top 5,
// and those of them whose second step has lost it.
func (c *Chain) top5Loss() (lost, had int) {
	for i := 1; i < len(c.Steps); i++ {
		if !c.Steps[i-1].Has(c.Reference) {
			continue
		}
		had++
		if !c.Steps[i].Has(c.Reference) {
			lost++
		}
	}
	return lost, had
}

// agreeing counts the ordered pairs of different steps with the same label,
// and all ordered pairs.
func (c *Chain) agreeing() (same, all int) {
	count := make(map[int32]int)
	for i := range c.Steps {
		count[c.Steps[i].Label()]++
	}
	for _, n := range count {
		same += n * (n - 1)
	}
	n := len(c.Steps)
	return same, n * (n - 1)
}
