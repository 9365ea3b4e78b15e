//go:build cgo && gocv_specific_modules

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/report"
)

// TestFramesTableOfFootageIsScored scores the frames table that analyze wrote
// of real footage, and what score then wrote, through every format: all
// measures stay the same, and at the end so do both tables, byte for byte.
func TestFramesTableOfFootageIsScored(t *testing.T) {
	o := nativeOptions(t)
	o.Sources = []string{asset(t, "footage", "Megamind.avi"), asset(t, "footage", "carphone_distorted.mp4")}
	o.Tables = "parquet"
	want := analyze(t, o)
	if want.Total.Micro.Flips == 0 || want.Total.Micro.NearCut == 0 || want.Total.Micro.Breaks.Cut == 0 {
		t.Fatalf("there is too little to compare: %+v", want.Total.Micro)
	}
	dir, format := o.Out, "parquet"
	for _, next := range []string{"csv", "jsonl", "parquet"} {
		s := app.DefaultScoreOptions()
		s.Files, s.Tables, s.JSON = []string{filepath.Join(dir, "frames."+format)}, next, true
		s.Out = filepath.Join(t.TempDir(), next)
		var out, errs bytes.Buffer
		if err := app.Score(context.Background(), s, app.Streams{Out: &out, Err: &errs}); err != nil {
			t.Fatal(err)
		}
		var got report.Summary
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Streams) != len(want.Streams) {
			t.Fatalf("%d streams, want %d", len(got.Streams), len(want.Streams))
		}
		for i := range want.Streams {
			w, g := fmt.Sprintf("%+v", want.Streams[i].Measures), fmt.Sprintf("%+v", got.Streams[i].Measures)
			if w != g || want.Streams[i].Stream != got.Streams[i].Stream {
				t.Errorf("from %s, %s:\n got %s\nwant %s", format, want.Streams[i].Stream, g, w)
			}
		}
		if w, g := fmt.Sprintf("%+v", want.Total), fmt.Sprintf("%+v", got.Total); w != g {
			t.Errorf("from %s, total:\n got %s\nwant %s", format, g, w)
		}
		dir, format = s.Out, next
	}
	for _, name := range []string{"frames.parquet", "flips.parquet"} {
		w, err := os.ReadFile(filepath.Join(o.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		g, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(w, g) {
			t.Errorf("%s differs", name)
		}
	}
}
