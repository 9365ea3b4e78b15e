//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// standardWants are what an analysis asks for.
func standardWants(filter frame.Filter) []frame.Want {
	return []frame.Want{
		{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: filter},
		{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: frame.FilterArea, Format: frame.Luma},
		{Width: 256, Fit: frame.FitSquash, Filter: frame.FilterLinear},
	}
}

// footage is the path of a clip that set-up fetches.
func footage(t testing.TB, name string) string {
	t.Helper()
	home := os.Getenv("FLIPMETER_HOME")
	if home == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				t.Fatal("no go.mod above the test")
			}
			dir = parent
		}
		home = filepath.Join(dir, ".flipmeter")
	}
	path := filepath.Join(home, "footage", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make setup", err)
	}
	return path
}

func TestVtest(t *testing.T) {
	pool := new(frame.Pool)
	src, err := Open(t.Context(), Config{Path: footage(t, "vtest.avi"), Wants: standardWants(frame.FilterArea), Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	t.Logf("%+v", src.Info())
	var f frame.Frame
	n := 0
	for {
		err := src.Read(context.Background(), &f)
		if errors.Is(err, ingest.ErrEndOfStream) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Break != "" {
			t.Errorf("frame %d: break %q", f.Seq, f.Break)
		}
		n++
	}
	if n != 795 {
		t.Errorf("%d frames, want 795", n)
	}
	sum, err := src.(ingest.Hasher).SHA256(t.Context())
	if err != nil || len(sum) != 64 {
		t.Errorf("sha256 %q, %v", sum, err)
	}
	if o := pool.Outstanding(); o != 0 {
		t.Errorf("%d buffers outstanding", o)
	}
}
