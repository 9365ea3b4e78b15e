package gocv

// How pictures are told to be woven of two fields, after the idea of
// FFmpeg's filter idet: put the lines of the field of the picture before, or
// of the one after, between the picture's own lines of the other field. In a
// woven picture, one of the two neighbours fits as well as the picture's
// own lines, and the other one worse: its time is further away. In a
// progressive picture both fit equally badly.
//
// The thresholds were set on five clips of real footage, as they are and
// woven by FFmpeg's tinterlace (see TestFieldsOfRealFootage).
const (
	lopsided   = 1.04 // idet's threshold between the neighbours
	asGood     = 1.15 // the better neighbour against the picture's own
	even       = 1.02 // progressive: the neighbours are alike,
	moved      = 1.1  // and worse than the picture's own
	movedALot  = 1.5  // or both much worse: idet's threshold
	columnStep = 4    // only every 4th column is looked at
)

// weave counts votes of pictures.
type weave struct {
	woven       [2]int // by which field comes first
	progressive int
}

// look compares three pictures of a stream, one after the other: BGR or RGB,
// rows of stride bytes without padding. A picture in which nothing moves
// does not vote.
func (w *weave) look(before, cur, after []byte, stride int) {
	if len(before) != len(cur) || len(after) != len(cur) {
		return
	}
	x, y, own := misfits(before, cur, after, stride)
	best, worst := min(x, y), max(x, y)
	switch {
	case worst > lopsided*best && best < asGood*own:
		if x > y {
			w.woven[0]++
		} else {
			w.woven[1]++
		}
	case best > movedALot*own || worst < even*best && best > moved*own:
		w.progressive++
	}
}

// misfits says how badly the lines of the neighbours' fields, by parity, and
// those of the picture itself fit between the picture's lines.
func misfits(before, cur, after []byte, stride int) (top, bottom, itself float64) {
	rows := len(cur) / stride
	var field [2]int // misfit of the neighbours' fields, by parity
	own := 0         // misfit of the picture's own
	for y := 2; y < rows-2; y++ {
		up, down := cur[(y-1)*stride:y*stride], cur[(y+1)*stride:(y+2)*stride]
		at := y * stride
		b, c, a := before[at:at+stride], cur[at:at+stride], after[at:at+stride]
		parity := y & 1
		for i := 1; i < stride; i += 3 * columnStep { // green
			sum := int(up[i]) + int(down[i])
			field[parity] += misfit(sum, b[i])
			field[1-parity] += misfit(sum, a[i])
			own += misfit(sum, c[i])
		}
	}
	return float64(field[0]), float64(field[1]), float64(own)
}

// misfit is how far a pixel is from the line between its neighbours.
func misfit(sum int, v byte) int {
	d := sum - 2*int(v)
	return max(d, -d)
}

// minVotes is how many pictures must have voted the same.
const minVotes = 3

// verdict is "yes", "no", or "" where too few pictures voted or they
// disagree: the order of fields does not change within a stream.
func (w *weave) verdict() string {
	woven, against := max(w.woven[0], w.woven[1]), min(w.woven[0], w.woven[1])
	switch {
	case woven >= minVotes && woven > 2*(against+w.progressive):
		return "yes"
	case w.progressive >= minVotes && w.progressive > 2*(woven+against):
		return "no"
	}
	return ""
}
