//go:build cgo && gocv_specific_modules

package app_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/report"
)

// A network held against its own answers is always right, and flips only
// where the truth does; held against one label all along, every flip is on
// constant truth. Parts of the footage find their part of the truth.
func TestAnalyzeAgainstATruth(t *testing.T) {
	o := nativeOptions(t)
	o.Sources = []string{asset(t, "footage", "bigbuckbunny.mp4")}
	o.Tables = "csv"
	analyze(t, o)
	own := readSummary(t, o.Out)
	if own.Truth != nil {
		t.Error("without a truth there are scores against it")
	}
	frames := filepath.Join(o.Out, "frames.csv")

	o.Tables = "none"
	run := func(truth string, end time.Duration) *report.Measures {
		o.Out, o.Truth.Path, o.End = filepath.Join(t.TempDir(), "out"), truth, end
		analyze(t, o)
		m := readSummary(t, o.Out)
		if m.Truth == nil {
			t.Fatalf("no scores against %s", truth)
		}
		return m
	}
	for _, end := range []time.Duration{0, 2 * time.Second} {
		m := run(frames, end)
		if m.Truth.Acc != 100 || m.Truth.FlipsOnConstantTruth != 0 || m.Truth.FlipsAtTrueChange != m.Flips || m.Flips == 0 {
			t.Errorf("against its own answers until %v: %+v with %d flips", end, m.Truth, m.Flips)
		}
	}
	constant := rewriteLabels(t, frames, func(string) string { return "albatross" })
	if m := run(constant, 0); m.Truth.FlipsOnConstantTruth != own.Flips || m.Truth.FlipsAtTrueChange != 0 || m.Truth.Acc <= 50 || m.Truth.Acc >= 100 {
		t.Errorf("against one label: %+v", m.Truth)
	}

	// With merged labels the truth may name members.
	m := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(m, []byte("groups:\n  - {name: any, members: [albatross, sea lion]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.LabelMap = m
	merged := run(frames, 0)
	if merged.Truth.Acc != 100 || merged.Flips >= own.Flips {
		t.Errorf("merged: %+v with %d flips, unmerged %d", merged.Truth, merged.Flips, own.Flips)
	}
}

func readSummary(t *testing.T, dir string) *report.Measures {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, report.SummaryName))
	if err != nil {
		t.Fatal(err)
	}
	var s report.Summary
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return &s.Streams[0].Measures
}

// rewriteLabels writes a table of seq and label beside the frames table.
func rewriteLabels(t *testing.T, frames string, change func(string) string) string {
	t.Helper()
	b, err := os.ReadFile(frames)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seq, label := slices.Index(rows[0], "seq"), slices.Index(rows[0], "label")
	var out strings.Builder
	out.WriteString("seq,label\n")
	for _, row := range rows[1:] {
		out.WriteString(row[seq] + "," + change(row[label]) + "\n")
	}
	name := filepath.Join(t.TempDir(), "truth.csv")
	if err := os.WriteFile(name, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
