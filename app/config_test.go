package app_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/perturb"
)

// The hardware's keys reach the options, and their defaults are the same
// with and without a file.
func TestHardwareFromConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flipmeter.yaml")
	for text, want := range map[string]app.Hardware{
		"": app.DefaultAnalyzeOptions().Hardware,
		"threads: 2\n    device: 1\n    memory_limit: 2GiB\n    engine_cache: /e\n    batch: 16\n    batch_delay: 20ms": {
			Threads: 2, Device: 1, MemoryLimit: 2 << 30, EngineCache: "/e", Batch: 16, BatchDelay: 20 * time.Millisecond,
		},
	} {
		if err := os.WriteFile(path, []byte("analyze:\n  model:\n    precision: fp32\n    "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := app.OptionsFromConfig(path)
		if err != nil || o.Hardware != want || o.Precision != "fp32" {
			t.Errorf("%q: %+v, %v", text, o.Hardware, err)
		}
	}
}

// The what-ifs' keys reach the options of both commands; without them the
// options are those without a file.
func TestWhatIfsFromConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flipmeter.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const smoothing = "smoothing: {smoothers: [three-in-a-row, ema(0.2)], recommend: true, max_lag: 2s}"
	want := app.SmoothOptions{Specs: []string{"three-in-a-row", "ema(0.2)"}, Recommend: true, MaxLag: 2 * time.Second}
	const gate = "min_coverage: 0.75\n  truth: {tolerance: 3, objects: all, background: nothing}"
	truth := app.TruthOptions{Tolerance: 3, Objects: "all", Background: "nothing"}
	write("analyze:\n  explain: true\n  tta: 5\n  " + smoothing + "\n  " + gate + "\nscore:\n  fps: 12.5\n  format: list\n  stride: 3\n  logits: true\n  out: o\n  tables: csv\n" +
		"  labels: l\n  label_map: m\n  fail_on: [flips>3]\n  measures: {min_score: 0.25}\n  " + smoothing + "\n  " + gate + "\n")
	a, err := app.OptionsFromConfig(path)
	if err != nil || !a.Explain || a.TTA != 5 || !reflect.DeepEqual(a.Smooth, want) || a.Truth != truth || a.MinCoverage != .75 {
		t.Errorf("%+v, %v", a, err)
	}
	s, err := app.ScoreOptionsFromConfig(path)
	if err != nil || s.FPS != 12.5 || s.Format != "list" || s.Stride != 3 || !s.Logits || s.Out != "o" || s.Tables != "csv" ||
		s.Labels != "l" || s.LabelMap != "m" || len(s.FailOn) != 1 || s.Measures.MinScore != .25 || !reflect.DeepEqual(s.Smooth, want) || s.Truth != truth || s.MinCoverage != .75 {
		t.Errorf("%+v, %v", s, err)
	}
	write("analyze:\n  tables: parquet\n")
	if s, err = app.ScoreOptionsFromConfig(path); err != nil {
		t.Fatal(err)
	}
	s.FailOn, s.Smooth.Specs, s.Measures.Windows = nil, nil, nil
	if plain := app.DefaultScoreOptions(); !reflect.DeepEqual(s, plain) {
		t.Errorf("without keys %+v, without a file %+v", s, plain)
	}
	if a, err = app.OptionsFromConfig(path); err != nil || a.Explain || a.TTA != 0 || a.Smooth.MaxLag != app.DefaultAnalyzeOptions().Smooth.MaxLag ||
		a.Truth != app.DefaultAnalyzeOptions().Truth || a.MinCoverage != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	// The declaration's words and bounds are those of the packages.
	format, ok := reflect.TypeFor[configs.Score]().FieldByName("Format")
	if !ok || format.Tag.Get("enum") != strings.Join(app.LabelFormats(), "|") {
		t.Errorf("formats %s, want %v", format.Tag.Get("enum"), app.LabelFormats())
	}
	tta, ok := reflect.TypeFor[configs.Analyze]().FieldByName("TTA")
	if !ok || tta.Tag.Get("max") != strconv.Itoa(perturb.MaxCopies) {
		t.Errorf("copies up to %s, want %d", tta.Tag.Get("max"), perturb.MaxCopies)
	}
}
