package pipeline

import (
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// A frame that can't be classified is a lost one: no pair over it, no flip
// made of it, and the stream goes on.
func TestTolerantStreamLosesOnlyTheFrame(t *testing.T) {
	var pool frame.Pool
	failed := 0
	r := rig{src: &scripted{n: 60, seed: 1, pool: &pool}, sessions: 2, rec: &log{}, breakAt: 30, tolerant: true,
		failed: func(err error) {
			failed++
			if !strings.Contains(err.Error(), "the session died") {
				t.Error(err)
			}
		}}
	res, err := r.run(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if failed != 1 || res.Summary.Frames != 60 || pool.Outstanding() != 0 {
		t.Errorf("%d failures, %d frames, %d buffers", failed, res.Summary.Frames, pool.Outstanding())
	}
	var lost, after string
	for _, line := range r.rec.lines {
		switch {
		case strings.HasPrefix(line, "30 "):
			lost = line
		case strings.HasPrefix(line, "31 "):
			after = line
		}
	}
	if !strings.Contains(lost, "label -1 ") || strings.Contains(lost, "flip {") {
		t.Errorf("the frame: %s", lost)
	}
	// Frame 31 shows another picture than 30 in this script.
	if !strings.Contains(after, "break gap") || strings.Contains(after, "flip {") {
		t.Errorf("the one after: %s", after)
	}
}
