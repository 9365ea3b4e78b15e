package app_test

import (
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

// decodeVariable makes the test binary a decoding process, see TestMain.
const decodeVariable = "FLIPMETER_TEST_DECODE"

// readNumber reads the burned-in number of a whole picture.
func readNumber(p frame.Picture) (uint32, bool) {
	return synth.ReadNumber(p, min(p.Width, p.Height))
}

// labelOf is the class of the frame with number n: it changes at places that
// follow no rhythm, with runs of all lengths.
func labelOf(n uint32) int {
	h := uint64(n/7+1) * 0x9e3779b97f4a7c15
	if (h>>32)%3 == 0 && n%7 == 3 {
		return 9 // a frame of its own
	}
	return int(h>>40) % 9
}

// flipsOfNumbers counts the label changes in the numbers 0 … n−1.
func flipsOfNumbers(n uint32) (flips int) {
	for i := uint32(1); i < n; i++ {
		if labelOf(i) != labelOf(i-1) {
			flips++
		}
	}
	return flips
}
