package gocv

// How pictures are told to be woven of two fields, after the idea of
// FFmpeg's filter idet: where things move, a field fits better between the
// lines of the picture before or after it than between those of its own
// picture; in a progressive picture it is the other way round. The
// thresholds are those of idet.
const (
	wovenRatio       = 1.04
	progressiveRatio = 1.5
	columnStep       = 4 // only every 4th column is looked at
)

// weave counts votes of pictures.
type weave struct{ woven, progressive int }

// look compares three pictures of a stream, one after the other: BGR or RGB,
// rows of stride bytes without padding. A picture in which nothing moves
// does not vote.
func (w *weave) look(before, cur, after []byte, stride int) {
	if len(before) != len(cur) || len(after) != len(cur) {
		return
	}
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
	x, y, o := float64(field[0]), float64(field[1]), float64(own)
	switch {
	case x > wovenRatio*y || y > wovenRatio*x:
		w.woven++
	case y > progressiveRatio*o:
		w.progressive++
	}
}

// misfit is how far a pixel is from the line between its neighbours.
func misfit(sum int, v byte) int {
	d := sum - 2*int(v)
	return max(d, -d)
}

// minVotes is how many pictures must have voted the same.
const minVotes = 3

// verdict is "yes", "no", or "" where too few pictures voted or they
// disagree.
func (w *weave) verdict() string {
	switch {
	case w.woven >= minVotes && w.woven > 2*w.progressive:
		return "yes"
	case w.progressive >= minVotes && w.progressive > 2*w.woven:
		return "no"
	}
	return ""
}
