package infer

import "fmt"

// LabelSet names a model's classes, in class order.
type LabelSet struct {
	Names []string
	WNIDs []string // WordNet ids, as many as names, or none
}

// The outputs of ImageNet classifiers: networks trained with TF-Slim have
// one more, a "background" class in front.
const (
	imageNetClasses               = 1000
	imageNetClassesWithBackground = 1001
)

// Background is the name of the class that a network of 1001 outputs has
// before the 1000 of ImageNet.
const Background = "background"

// MatchLabels gives each of a network's outputs a name. own are the labels
// that belong to the model (from its file or the user), imageNet those of
// the 1000 ImageNet classes, which stand in where own is empty.
//
// 1001 outputs and 1000 labels: output 0 is the background, and the others
// move down by one, so that a class has the same number in every ImageNet
// model; rotate is then set, and the background's score belongs behind the
// others, as class 1000 (see [RotateBackground]).
func MatchLabels(outputs int, own, imageNet LabelSet) (labels LabelSet, rotate bool, err error) {
	labels = own
	if len(own.Names) == 0 {
		if outputs != imageNetClasses && outputs != imageNetClassesWithBackground {
			return LabelSet{}, false, namesNone(outputs)
		}
		labels = imageNet
	}
	if n := len(labels.WNIDs); n != 0 && n != len(labels.Names) {
		return LabelSet{}, false, fmt.Errorf("%d labels, but %d WordNet ids", len(labels.Names), n)
	}
	switch n := len(labels.Names); {
	case n == outputs:
		return labels, false, nil
	case n == imageNetClasses && outputs == imageNetClassesWithBackground:
		return labels.withBackground(), true, nil
	case n == 0:
		return LabelSet{}, false, namesNone(outputs)
	default:
		return LabelSet{}, false, Unstated("the model has %d classes, but %d labels are given: give a file with one name for each class (--labels FILE)", outputs, n)
	}
}

func namesNone(outputs int) error {
	return Unstated("the model has %d classes and names none of them: give a file with one name a line (--labels FILE)", outputs)
}

func (l LabelSet) withBackground() LabelSet {
	out := LabelSet{Names: append(append([]string(nil), l.Names...), Background)}
	if len(l.WNIDs) > 0 {
		out.WNIDs = append(append([]string(nil), l.WNIDs...), "")
	}
	return out
}

// RotateBackground moves output 0 behind the others, in place.
func RotateBackground(scores []float32) {
	first := scores[0]
	copy(scores, scores[1:])
	scores[len(scores)-1] = first
}
