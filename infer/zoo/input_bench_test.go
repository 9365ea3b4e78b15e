//go:build cgo && unix

package zoo

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/infer"
)

// BenchmarkInput is one picture from RGB bytes to scores, with the arithmetic
// of preprocessing inside the network (bytes) and in the host (floats). The
// two take turns, and processor time is what counts, so that a busy machine
// disturbs both alike; the figures are medians of single frames.
func BenchmarkInput(b *testing.B) {
	for _, name := range []string{"efficientnet-lite0", "resnet50", "inception-resnet-v2"} {
		b.Run(name, func(b *testing.B) {
			a, err := Find(name)
			if err != nil {
				b.Fatal(err)
			}
			picture := goldenPicture(a.Preprocessing.Width, 3)
			inputs := []Input{InputBytes, InputFloats}
			var networks []infer.Classifier
			for _, in := range inputs {
				m, err := Store{b.TempDir()}.Build(context.Background(), a, RandomSource(1), in)
				if err != nil {
					b.Fatal(err)
				}
				networks = append(networks, open(b, m.Path))
			}
			var taken [2][]time.Duration
			for round := 0; b.Loop(); round++ {
				for turn := range networks {
					i := (turn + round) % 2 // neither always comes first
					before := processorTime(b)
					logits(b, networks[i], picture)
					taken[i] = append(taken[i], processorTime(b)-before)
				}
			}
			for i, in := range inputs {
				slices.Sort(taken[i])
				median := taken[i][len(taken[i])/2]
				b.ReportMetric(float64(median)/1e6, fmt.Sprintf("%s-cpu-ms", in))
			}
		})
	}
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
