package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/stability"
)

// TestSmoothedLabelsAreShown: what is recorded and measured is what the what-if
// of the same smoother says.
func TestSmoothedLabelsAreShown(t *testing.T) {
	for _, of := range []stability.Smoother{stability.EMA(0.3), stability.Majority(5), stability.Consecutive(2)} {
		smooth := stability.SmoothingConfig{Smoothers: []stability.Smoother{of}}
		run := func(show bool) (*Result, int64) {
			var pool frame.Pool
			r := rig{src: &scripted{n: 300, seed: 1, pool: &pool}, sessions: 2, rec: &log{}, smooth: smooth, show: show}
			res, err := r.run(t, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n := pool.Outstanding(); n != 0 {
				t.Errorf("%d buffers are outstanding", n)
			}
			flips := int64(0)
			for _, line := range r.rec.lines {
				flips += int64(strings.Count(line, " flip {"))
			}
			return res, flips
		}
		raw, _ := run(false)
		shown, flips := run(true)
		want := raw.Smoothing.Smoothed("cam")[0].Result.Summary
		if got := shown.Summary; fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", *want) {
			t.Errorf("%v: shown %+v, as a what-if %+v", of, *got, *want)
		}
		if flips != want.Flips || want.Flips == raw.Summary.Flips || shown.Smoothing != nil {
			t.Errorf("%v: %d flips recorded, %d measured, %d unsmoothed", of, flips, want.Flips, raw.Summary.Flips)
		}
	}
}
