//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// BenchmarkRead reads vtest.avi (768×576), one frame an iteration: decoding
// alone, and decoding with everything that an analysis asks for.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name  string
		wants []frame.Want
	}{
		{"decode", nil},
		{"area", standardWants(frame.FilterArea)},
		{"linear", standardWants(frame.FilterLinear)},
		{"area-input-only", standardWants(frame.FilterArea)[:1]},
		{"linear-input-only", standardWants(frame.FilterLinear)[:1]},
	} {
		b.Run(c.name, func(b *testing.B) {
			path, pool := footage(b, "vtest.avi"), new(frame.Pool)
			open := func() ingest.Source {
				src, err := Open(b.Context(), Config{Path: path, Wants: c.wants, Pool: pool})
				if err != nil {
					b.Fatal(err)
				}
				return src
			}
			src := open()
			var f frame.Frame
			b.ReportAllocs()
			for b.Loop() {
				err := src.Read(b.Context(), &f)
				if errors.Is(err, ingest.ErrEndOfStream) {
					src.Close()
					src = open()
					err = src.Read(b.Context(), &f)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			f.Release()
			src.Close()
		})
	}
}
