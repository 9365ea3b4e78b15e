//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/flipmeter/flipmeter/app"
)

// reference holds what an independent implementation (OpenCV and ONNX
// Runtime from Python) found on six real clips; see its "about".
type reference struct {
	About  string
	Videos map[string]map[string]struct {
		Frames, Flips int
		MAC, T5D      float64
		Top1          []int32
	}
}

// TestFootageMatchesReference runs the whole analysis on real footage with
// real weights: the labels, flips, MAC and T5D must be those of the
// reference. Cuts are off and BT.601 is given, because the reference ignores
// both. It is left out under the race detector, which makes it ten times as
// slow; shorter clips run the same code there.
func TestFootageMatchesReference(t *testing.T) {
	var ref reference
	b, err := os.ReadFile("testdata/footage.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	preprocessings := map[string]func(*app.AnalyzeOptions){
		"area-crop":     func(*app.AnalyzeOptions) {},
		"linear-crop":   func(o *app.AnalyzeOptions) { o.Resize = "linear" },
		"linear-squash": func(o *app.AnalyzeOptions) { o.Resize, o.Fit = "linear", "squash" },
	}
	files := map[string]string{"vtest": "vtest.avi", "Megamind": "Megamind.avi", "tree": "tree.avi",
		"bigbuckbunny": "bigbuckbunny.mp4", "carphone_pristine": "carphone_pristine.mp4", "carphone_distorted": "carphone_distorted.mp4"}
	same, all := 0, 0
	for video, runs := range ref.Videos {
		for name, want := range runs {
			change, ok := preprocessings[name]
			if !ok {
				t.Fatalf("%s: no such preprocessing: %s", video, name)
			}
			o := nativeOptions(t)
			o.Sources = []string{asset(t, "footage", files[video])}
			o.Cuts, o.ColorMatrix, o.Tables = "off", "bt601", "csv"
			change(&o)
			sum := analyze(t, o)
			got := topLabels(t, filepath.Join(o.Out, "frames.csv"))

			if len(got) != want.Frames {
				t.Errorf("%s %s: %d frames, want %d", video, name, len(got), want.Frames)
				continue
			}
			equal := 0
			for i := range got {
				if got[i] == want.Top1[i] {
					equal++
				}
			}
			same, all = same+equal, all+len(got)
			m := sum.Streams[0].Measures
			t.Logf("%s %s: %d of %d labels equal; flips %d (reference %d), MAC %.5f (%.5f), T5D %.4f (%.4f)", video, name,
				equal, len(got), m.Flips, want.Flips, m.MAC, want.MAC, m.T5D, want.T5D)
			if share := float64(equal) / float64(len(got)); share < 0.98 {
				t.Errorf("%s %s: only %.4f of the labels are equal", video, name, share)
			}
			if d := int(m.Flips) - want.Flips; d < -2 || d > 2 {
				t.Errorf("%s %s: %d flips, want %d ± 2", video, name, m.Flips, want.Flips)
			}
			if d := math.Abs(float64(m.MAC) - want.MAC); !(d <= 0.002) {
				t.Errorf("%s %s: MAC %v, want %v ± 0.002", video, name, m.MAC, want.MAC)
			}
			if d := math.Abs(float64(m.T5D) - want.T5D); !(d <= 0.05) {
				t.Errorf("%s %s: T5D %v, want %v ± 0.05", video, name, m.T5D, want.T5D)
			}
		}
	}
	share := float64(same) / float64(all)
	t.Logf("%d of %d labels equal (%.4f)", same, all, share)
	if share < 0.995 {
		t.Errorf("only %.4f of all labels are equal, want 0.995", share)
	}
}

// topLabels reads the label_index column of a frames table.
func topLabels(t *testing.T, path string) []int32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := -1
	for i, name := range rows[0] {
		if name == "label_index" {
			column = i
		}
	}
	if column < 0 {
		t.Fatalf("%s has no column label_index: %v", path, rows[0])
	}
	var out []int32
	for _, r := range rows[1:] {
		n, err := strconv.Atoi(r[column])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, int32(n))
	}
	return out
}
