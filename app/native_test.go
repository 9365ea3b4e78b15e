//go:build cgo && gocv_specific_modules

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/internal/assettest"
	"github.com/flipmeter/flipmeter/report"
)

// home is the folder that make setup fills. A missing part fails the test:
// a suite that skips what it can't run is green for nothing.
func home(t testing.TB) string { t.Helper(); return assettest.Home(t) }

func asset(t testing.TB, parts ...string) string { t.Helper(); return assettest.Path(t, parts...) }

// nativeOptions are options for a run with the real network.
func nativeOptions(t testing.TB) app.AnalyzeOptions {
	t.Helper()
	o := app.DefaultAnalyzeOptions()
	o.Home = home(t)
	o.Model = asset(t, "models", "efficientnet-lite0.onnx")
	o.Out = filepath.Join(t.TempDir(), "out")
	o.Tables, o.JSON, o.Tool = "none", true, "flipmeter test"
	o.Accelerator = "cpu" // whatever else lies beside its library
	return o
}

// analyze runs to the end and returns what --json printed.
func analyze(t testing.TB, o app.AnalyzeOptions) report.Summary {
	t.Helper()
	var out, errs bytes.Buffer
	if err := app.Analyze(context.Background(), o, app.Streams{Out: &out, Err: &errs}); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var sum report.Summary
	if err := json.Unmarshal(out.Bytes(), &sum); err != nil {
		t.Fatalf("reading the summary: %v", err)
	}
	return sum
}
