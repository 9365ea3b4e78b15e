//go:build cgo && gocv_specific_modules

package app_test

import (
	"testing"
)

// BenchmarkAnalyze is the whole analysis of vtest.avi with everything on; for
// profiles: go test -tags … -run=NO -bench=Analyze -cpuprofile=cpu.out ./app
func BenchmarkAnalyze(b *testing.B) {
	for _, filter := range []string{"linear", "area"} {
		b.Run(filter, func(b *testing.B) {
			frames := int64(0)
			for b.Loop() {
				o := nativeOptions(b)
				o.Sources = []string{asset(b, "footage", "vtest.avi")}
				o.Resize, o.Tables, o.Quiet = filter, "parquet", true
				frames += int64(analyze(b, o).Streams[0].Frames)
			}
			b.ReportMetric(float64(frames)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}
