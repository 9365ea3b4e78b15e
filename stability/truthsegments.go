package stability

// overlaps are the thresholds of the segmental F1.
var overlaps = [...]float64{0.10, 0.25, 0.50}

const numOverlaps = len(overlaps)

// maxEditSegments bounds the segments of either side that the edit score
// keeps of a stream: 128 KB each, and a second or two at the end.
const maxEditSegments = 1 << 15

// maxWaiting is from how many waiting segments on it is worth looking which
// of them wait in vain.
const maxWaiting = 16

// segmentMatch matches the segments of the labels with those of the truth, as
// the scorer of Farha & Gall, "MS-TCN: Multi-stage temporal convolutional
// network for action segmentation", CVPR 2019, does at a stream's end, while
// the stream runs.
//
// It takes every predicted segment in turn, looks for the true segment of the
// same label with the highest IoU, the first of several, and counts a true
// positive if the IoU reaches the threshold and that true segment was not hit
// before. Only true segments that overlap the predicted one matter: the one
// that began before it ("outer"), those wholly inside it, of which the longest
// has the highest IoU ("inner"), and the one that is open when it ends. The
// last may still grow, so the predicted segment waits for its end; once it has
// outgrown the lowest threshold, there is nothing to wait for.
type segmentMatch struct {
	background int32

	frames  int64
	label   predicted
	truth   stretch
	waiting []predicted // for the open true segment to end

	labels, truths []int32 // of the segments so far, for the edit score
	tooMany        bool
}

// stretch is a segment of either side, end exclusive; NoLabel is none.
type stretch struct {
	label      int32
	start, end int64
}

// predicted is a predicted segment with what may be its best true segment.
type predicted struct {
	stretch
	outer, inner trueSegment
}

// trueSegment is a closed true segment; the zero value is none.
type trueSegment struct {
	start, end int64
	hits       [numOverlaps]bool
}

// iou is that of two segments, as the source computes it.
func (p *stretch) iou(start, end int64) float64 {
	return float64(min(p.end, end)-max(p.start, start)) / float64(max(p.end, end)-min(p.start, start))
}

// add takes the next frame.
func (s *segmentMatch) add(label, truth int32, sum *TruthSums) {
	if label == s.background {
		label = NoLabel
	}
	if truth == s.background {
		truth = NoLabel
	}
	if s.frames == 0 {
		s.label.label, s.truth.label = NoLabel, NoLabel
	}
	newTruth, newLabel := truth != s.truth.label, label != s.label.label
	if newTruth {
		s.closeTruth(sum)
	}
	if newLabel {
		s.closeLabel(sum)
		s.label = predicted{stretch: stretch{label: label, start: s.frames}}
		s.keep(&s.labels, label)
	}
	if newTruth {
		s.truth = stretch{label: truth, start: s.frames}
		s.keep(&s.truths, truth)
	}
	s.frames++
}

func (s *segmentMatch) keep(list *[]int32, label int32) {
	switch {
	case label == NoLabel:
	case len(*list) == maxEditSegments:
		s.tooMany = true
	default:
		*list = append(*list, label)
	}
}

// closeTruth ends the open true segment before the frame that comes next.
func (s *segmentMatch) closeTruth(sum *TruthSums) {
	if s.truth.label == NoLabel {
		return
	}
	closed := trueSegment{start: s.truth.start, end: s.frames}
	for i := range overlaps {
		sum.fn[i]++ // until it is hit
	}
	for i := range s.waiting {
		s.waiting[i].decide(&closed, sum)
	}
	s.waiting = s.waiting[:0]
	if p := &s.label; p.label == s.truth.label {
		switch {
		case closed.start < p.start:
			p.outer = closed
		case closed.end-closed.start > p.inner.end-p.inner.start:
			p.inner = closed
		}
	}
	s.truth.label = NoLabel
}

// closeLabel ends the open predicted segment before the frame that comes next.
func (s *segmentMatch) closeLabel(sum *TruthSums) {
	if s.label.label == NoLabel {
		return
	}
	s.label.end = s.frames
	if s.label.label != s.truth.label {
		s.label.decide(nil, sum)
		return
	}
	if len(s.waiting) >= maxWaiting {
		s.giveUp(sum)
	}
	s.waiting = append(s.waiting, s.label)
}

// giveUp decides the waiting segments that the open true segment has outgrown:
// their IoU with it only falls.
func (s *segmentMatch) giveUp(sum *TruthSums) {
	n := 0
	for i := range s.waiting {
		w := &s.waiting[i]
		if w.iou(s.truth.start, s.frames) < overlaps[0] {
			w.decide(nil, sum)
			continue
		}
		s.waiting[n] = *w
		n++
	}
	s.waiting = s.waiting[:n]
}

// decide counts the predicted segment; open is the true segment that was open
// at its end, closed now, or nil.
func (p *predicted) decide(open *trueSegment, sum *TruthSums) {
	var best *trueSegment
	highest := 0.0
	for _, t := range []*trueSegment{&p.outer, &p.inner, open} {
		if t == nil || t.end == t.start {
			continue
		}
		if v := p.iou(t.start, t.end); v > highest {
			best, highest = t, v
		}
	}
	for i, threshold := range overlaps {
		if highest < threshold || best.hits[i] {
			sum.fp[i]++
			continue
		}
		best.hits[i] = true
		sum.tp[i]++
		sum.fn[i]--
	}
}

// finish adds the rest to the sums, as if the stream ended now.
func (s *segmentMatch) finish(sum *TruthSums) {
	if s.frames == 0 {
		return
	}
	end := *s
	end.waiting = append([]predicted(nil), s.waiting...)
	end.closeTruth(sum)
	end.closeLabel(sum)
	longest := max(len(s.labels), len(s.truths))
	switch {
	case s.tooMany:
		sum.editUnknown++
	case longest > 0:
		sum.edit.add(float64(editDistance(s.labels, s.truths)) / float64(longest))
	}
}

// editDistance is Levenshtein's.
func editDistance(a, b []int32) int {
	if len(a) < len(b) {
		a, b = b, a
	}
	row := make([]int32, len(b)+1)
	for j := range row {
		row[j] = int32(j)
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = int32(i + 1)
		for j, y := range b {
			d := diagonal
			if x != y {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal = row[j+1]
			row[j+1] = d
		}
	}
	return int(row[len(b)])
}
