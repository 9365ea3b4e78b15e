package stability

import (
	"math"
	"math/bits"
)

// TruthSums are what the scores of one or more streams follow from. All are
// whole numbers, so that they can be merged in any order with the same result
// to the last bit. The zero value is that of no stream.
type TruthSums struct {
	streams         int64
	frames, correct int64
	tp, fp, fn      [numOverlaps]int64
	edit            preciseSum // Levenshtein's distance by the longer's length
	editUnknown     int64      // streams with too many segments
	severalLabels   bool       // a frame has several true labels: no segments

	anchors, anchorsRight    int64
	windows, windowsConstant int64

	flips       [numClasses]int64
	kinds       [numKinds][numClasses]int64
	unexplained [numClasses]int64
	untimed     bool // kinds are not known

	pairsWithoutTruth, pairsWithoutRanks int64
	top5Changes, top5Samples, top5Lost   int64
}

// preciseSum adds numbers between 0 and 1 as multiples of 2⁻⁵³, so that the
// order of adding doesn't matter and a single one comes out as it went in.
type preciseSum struct {
	high, low uint64
	n         int64
}

const preciseOne = 1 << 53

func (s *preciseSum) add(x float64) { s.merge(preciseSum{low: uint64(x*preciseOne + 0.5), n: 1}) }

func (s *preciseSum) merge(o preciseSum) {
	var carry uint64
	s.low, carry = bits.Add64(s.low, o.low, 0)
	s.high += o.high + carry
	s.n += o.n
}

func (s *preciseSum) mean() float64 {
	return (math.Ldexp(float64(s.high), 64) + float64(s.low)) / preciseOne / float64(s.n)
}

// Merge adds the sums of other streams.
func (s *TruthSums) Merge(o *TruthSums) {
	s.streams += o.streams
	s.frames += o.frames
	s.correct += o.correct
	for i := range s.tp {
		s.tp[i] += o.tp[i]
		s.fp[i] += o.fp[i]
		s.fn[i] += o.fn[i]
	}
	s.edit.merge(o.edit)
	s.editUnknown += o.editUnknown
	s.severalLabels = s.severalLabels || o.severalLabels
	s.anchors += o.anchors
	s.anchorsRight += o.anchorsRight
	s.windows += o.windows
	s.windowsConstant += o.windowsConstant
	for c := range numClasses {
		s.flips[c] += o.flips[c]
		s.unexplained[c] += o.unexplained[c]
		for k := range s.kinds {
			s.kinds[k][c] += o.kinds[k][c]
		}
	}
	s.untimed = s.untimed || o.untimed
	s.pairsWithoutTruth += o.pairsWithoutTruth
	s.pairsWithoutRanks += o.pairsWithoutRanks
	s.top5Changes += o.top5Changes
	s.top5Samples += o.top5Samples
	s.top5Lost += o.top5Lost
}

// TruthSummary holds the scores against a truth. What is not known is NaN,
// counts -1.
type TruthSummary struct {
	Streams int64
	// Frames are those whose truth is known.
	Frames int64

	// Acc, Edit and the F1 are those of MS-TCN's scorer (Farha & Gall, CVPR
	// 2019), 0 to 100. Acc is pooled over frames. Edit is 100·(1 − d/n), d
	// Levenshtein's distance between the two sequences of segment labels
	// and n the longer's length, averaged over streams; streams without any
	// segment don't count, and it is NaN if one has more than 32,768. All but
	// Acc are NaN where a frame has several true labels. F1 is
	// that of segments whose IoU is at least 0.10, 0.25 and 0.50, from true
	// and false positives and misses pooled over streams. The background
	// class is no segment in either.
	Acc, Edit, F1At10, F1At25, F1At50 float64

	// PM is pm_k (Shankar et al., ICCV 2021): the share of frames around
	// which all frames up to k before and behind are right, over the frames
	// that exist; they never look over lost frames.
	PM float64
	// VC is vc_n (Miao et al., VSPW, CVPR 2021): of the windows of n frames
	// in which the truth is constant, the share in which the label is.
	VC float64

	// FlipsOnConstantTruth are flips with no change of the truth within the
	// tolerance, FlipsAtTrueChange the others. Flips of pairs whose truth
	// isn't known are neither.
	FlipsOnConstantTruth, FlipsAtTrueChange int64
	// Precision and Recall say how far the kinds can be trusted: Glitch,
	// Churn and Unexplained are taken as claims that a flip lies on constant
	// truth, Transition as the claim that it lies at a true change.
	Precision, Recall KindScores

	// Top5Jaggedness is how often the true class entered or left the top
	// five between adjacent frames (Azulay & Weiss, arXiv:1805.12177v1, Fig.
	// 2; any of them where there are several), and Top5Loss the share of pairs on constant truth in which it was
	// among them before and not after. Both need every pair's truth and
	// ranking.
	Top5Jaggedness int64
	Top5Loss       float64
}

// KindScores has one figure per claim, 0 to 1.
type KindScores struct {
	Glitch, Churn, Transition, Unexplained float64
}

// Summary computes the scores.
func (s *TruthSums) Summary() TruthSummary {
	constant, change := s.flips[classConstant], s.flips[classChange]
	out := TruthSummary{
		Streams: s.streams, Frames: s.frames,
		Acc: ratio(100*s.correct, s.frames), Edit: nan(),
		F1At10: s.f1(0), F1At25: s.f1(1), F1At50: s.f1(2),
		PM: ratio(s.anchorsRight, s.anchors), VC: ratio(s.windowsConstant, s.windows),
		FlipsOnConstantTruth: constant, FlipsAtTrueChange: change,
		Precision:      KindScores{nan(), nan(), nan(), nan()},
		Recall:         KindScores{nan(), nan(), nan(), nan()},
		Top5Jaggedness: -1, Top5Loss: nan(),
	}
	if s.frames == 0 {
		out.FlipsOnConstantTruth, out.FlipsAtTrueChange = -1, -1
	}
	if s.editUnknown == 0 && !s.severalLabels && s.edit.n > 0 {
		out.Edit = 100 * (1 - s.edit.mean())
	}
	if !s.untimed {
		score := func(of [numClasses]int64, claim truthClass, all int64) (precision, recall float64) {
			return ratio(of[claim], of[classConstant]+of[classChange]), ratio(of[claim], all)
		}
		out.Precision.Glitch, out.Recall.Glitch = score(s.kinds[KindGlitch], classConstant, constant)
		out.Precision.Churn, out.Recall.Churn = score(s.kinds[KindChurn], classConstant, constant)
		out.Precision.Transition, out.Recall.Transition = score(s.kinds[KindTransition], classChange, change)
		out.Precision.Unexplained, out.Recall.Unexplained = score(s.unexplained, classConstant, constant)
	}
	if s.frames > 0 && s.pairsWithoutTruth == 0 && s.pairsWithoutRanks == 0 {
		out.Top5Jaggedness = s.top5Changes
		out.Top5Loss = ratio(s.top5Lost, s.top5Samples)
	}
	return out
}

// f1 is 100 times the harmonic mean of precision and recall; 0 where no
// predicted segment hits, NaN where there are no segments at all.
func (s *TruthSums) f1(i int) float64 {
	if s.severalLabels || s.tp[i]+s.fp[i]+s.fn[i] == 0 {
		return nan()
	}
	if s.tp[i] == 0 {
		return 0
	}
	precision := float64(s.tp[i]) / float64(s.tp[i]+s.fp[i])
	recall := float64(s.tp[i]) / float64(s.tp[i]+s.fn[i])
	return 100 * 2 * (precision * recall) / (precision + recall)
}
