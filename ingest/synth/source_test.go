package synth

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/ingesttest"
)

func TestContract(t *testing.T) {
	for _, address := range []string{
		"synth:square?frames=20&noise=2&size=120x90",
		"synth:still?frames=12&size=120x90",
		"synth:number?frames=30&cut=7&repeat=5&gap=9&resize=11&noise=1&size=120x100",
	} {
		t.Run(address, func(t *testing.T) {
			ingesttest.TestSource(t, func(t *testing.T, pool *frame.Pool) ingest.Source {
				src, err := Open(t.Context(), Config{Address: address, Wants: ingesttest.Wants(), Pool: pool})
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

func openScript(t *testing.T, cfg Config) ingest.Source {
	t.Helper()
	cfg.Pool = new(frame.Pool)
	src, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func TestNumberIsReadable(t *testing.T) {
	src := openScript(t, Config{
		Address: "synth:number?frames=90&repeat=10&gap=25&noise=6&cut=40&size=321x243",
		Wants: []frame.Want{
			{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: frame.FilterLinear},
			{Width: 160, Height: 120, Fit: frame.FitSquash, Filter: frame.FilterArea, Format: frame.Luma},
		},
	})
	var f frame.Frame
	for i := range uint32(90) {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		want, repeat := i, i%10 == 9
		if repeat {
			want--
		}
		for k, short := range []int{256, 120} {
			if n, ok := ReadNumber(f.Pictures[k], short); !ok || n != want {
				t.Fatalf("frame %d, picture %d: number %d, %v; want %d", i, k, n, ok, want)
			}
		}
		if f.Repeat != repeat {
			t.Errorf("frame %d: repeat %v", i, f.Repeat)
		}
		if gap := i > 0 && i%25 == 0; (f.Break == frame.BreakGap) != gap {
			t.Errorf("frame %d: break %q", i, f.Break)
		}
		if want := uint64(i + i/25); f.Seq != want || f.PTS != time.Duration(want)*40*time.Millisecond {
			t.Errorf("frame %d: seq %d at %v", i, f.Seq, f.PTS)
		}
	}
	f.Release()
}

func TestNoNumberIsRead(t *testing.T) {
	src := openScript(t, Config{Address: "synth:square?noise=5&cut=1&frames=30",
		Wants: []frame.Want{{Width: 320, Height: 240, Fit: frame.FitSquash, Filter: frame.FilterArea}}})
	var f frame.Frame
	for range 30 {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		if n, ok := ReadNumber(f.Pictures[0], 240); ok {
			t.Errorf("read %d out of a picture without a number", n)
		}
	}
	f.Release()
}

func TestNoiseHasItsDeviation(t *testing.T) {
	const sigma = 4
	read := func(address string) []byte {
		src := openScript(t, Config{Address: address,
			Wants: []frame.Want{{Width: 320, Height: 240, Fit: frame.FitSquash, Filter: frame.FilterNearest}}})
		var f frame.Frame
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		defer f.Release()
		return append([]byte(nil), f.Pictures[0].Pix...)
	}
	clean, noisy := read("synth:still"), read("synth:still?noise=4")
	var sum, squares float64
	for i := range clean {
		d := float64(noisy[i]) - float64(clean[i])
		sum += d
		squares += d * d
	}
	n := float64(len(clean))
	if mean := sum / n; mean < -0.05 || mean > 0.05 {
		t.Errorf("noise has mean %.3f", mean)
	}
	// Rounding to whole grey levels adds 1/12.
	if v := squares / n; v < sigma*sigma*0.97 || v > sigma*sigma*1.03+0.1 {
		t.Errorf("noise has variance %.2f, want %d", v, sigma*sigma)
	}
}

func TestEndings(t *testing.T) {
	for address, want := range map[string]error{
		"synth:still?frames=3":             ingest.ErrEndOfStream,
		"synth:still?frames=3&truncated=1": ingest.ErrTruncated,
		"synth:still?frames=9&fail=3":      errScript,
	} {
		src := openScript(t, Config{Address: address})
		var f frame.Frame
		for range 3 {
			if err := src.Read(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
		}
		if err := src.Read(t.Context(), &f); !errors.Is(err, want) {
			t.Errorf("%s ends with %v", address, err)
		}
	}
}

func TestRegionAndMask(t *testing.T) {
	if _, err := Open(t.Context(), Config{Address: "synth:still", Pool: new(frame.Pool), Region: ingest.Region{X: 300, Width: 21, Height: 10}}); err == nil ||
		!strings.Contains(err.Error(), "beyond the picture of 320x240") {
		t.Errorf("region outside: %v", err)
	}
	src := openScript(t, Config{Address: "synth:square?frames=20&side=20&speed=10", Region: ingest.Region{X: 200, Y: 100, Width: 100, Height: 100}})
	var f frame.Frame
	for i := range 10 {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		// The square has not reached the region yet: nothing is seen to move.
		if i > 0 && !f.Repeat {
			t.Errorf("frame %d moves although nothing moves within the region", i)
		}
		if f.Width != 320 || f.Height != 240 {
			t.Errorf("frame is %dx%d", f.Width, f.Height)
		}
	}
}

// TestConstantMemory: a frame costs no new memory, so length doesn't either.
func TestConstantMemory(t *testing.T) {
	src := openScript(t, Config{Address: "synth:number?frames=1000000&size=64x64&noise=1&repeat=7&gap=9", Wants: ingesttest.Wants()})
	var f frame.Frame
	read := func() {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if n := testing.AllocsPerRun(200, read); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	f.Release()
}
