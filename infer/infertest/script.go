package infertest

import (
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/frame"
)

// sure is the probability that a script gives to its answer; the other
// classes share the rest.
const sure = 0.9

// ByBrightness answers by the picture's mean: as many equal steps from black
// to white as there are classes.
func ByBrightness(_ *frame.Frame, p frame.Picture, probs []float32) error {
	sum := 0
	for _, b := range p.Pix {
		sum += int(b)
	}
	answer(probs, sum*len(probs)/(256*len(p.Pix)), sure)
	return nil
}

// BySeq answers frame n with labels[n], beginning again after the last.
func BySeq(labels ...int) Script {
	return func(f *frame.Frame, _ frame.Picture, probs []float32) error {
		if len(labels) == 0 {
			return errors.New("the script has no labels")
		}
		label := labels[f.Seq%uint64(len(labels))]
		if label < 0 || label >= len(probs) {
			return fmt.Errorf("the script says class %d of %d", label, len(probs))
		}
		answer(probs, label, sure)
		return nil
	}
}

// Failing answers as next does, except that the frame with number seq is an
// error.
func Failing(seq uint64, err error, next Script) Script {
	return func(f *frame.Frame, p frame.Picture, probs []float32) error {
		if f.Seq == seq {
			return err
		}
		return next(f, p, probs)
	}
}

// answer gives class k the score, and the others the rest in equal parts.
func answer(probs []float32, k int, score float32) {
	if len(probs) == 1 {
		probs[0] = 1
		return
	}
	rest := (1 - score) / float32(len(probs)-1)
	for i := range probs {
		probs[i] = rest
	}
	probs[k] = score
}
