package app

import (
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/report"
)

// TestFramesTableWithoutTimes scores what score wrote of labels without times:
// the column of times is there, and empty.
func TestFramesTableWithoutTimes(t *testing.T) {
	source := file(t, "cam.txt", "cat\ncat\ndog\ncat\n\ncat\nbird\n")
	for _, format := range []string{"parquet", "csv", "jsonl"} {
		out := filepath.Join(t.TempDir(), "out")
		want, err := scoreFiles(t, func(o *ScoreOptions) { o.Tables, o.Out = format, out }, source)
		if err != nil {
			t.Fatal(err)
		}
		got, err := scoreFiles(t, func(*ScoreOptions) {}, filepath.Join(out, "frames."+format))
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		w, g := want.Streams[0].Measures, got.Streams[0].Measures
		if g.Flips != 3 || g.Flips != w.Flips || g.Pairs != w.Pairs || g.Breaks.Gap != w.Breaks.Gap || g.FlipFraction != w.FlipFraction || g.FlipRateHz.Known() || g.Kinds.Glitch != -1 {
			t.Errorf("%s:\n got %+v\nwant %+v", format, g, w)
		}
		timed, err := scoreFiles(t, func(o *ScoreOptions) { o.FPS = 25 }, filepath.Join(out, "frames."+format))
		if err != nil || timed.Streams[0].FlipRateHz == report.Number(0) || !timed.Streams[0].FlipRateHz.Known() {
			t.Errorf("%s with --fps: %v", format, err)
		}
	}
}
