package app_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/stability"
)

var pastNoon = time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)

// keepPast writes two hours of two cameras, as watch does, into a data
// folder: a flip a minute at the door, none at the gate, which is measured
// for the second hour only.
func keepPast(t testing.TB) (data string) {
	t.Helper()
	data = t.TempDir()
	s, err := history.Open(history.Config{Dir: filepath.Join(data, "history"), Now: func() time.Time { return pastNoon }})
	if err != nil {
		t.Fatal(err)
	}
	door := s.Camera("door", 7, func(i int32) string { return []string{"cat", "<b>dog</b>"}[i] })
	gate := s.Camera("gate", 7, nil)
	for i := range 120 {
		at := pastNoon.Add(time.Duration(i+1-120)*time.Minute - time.Second)
		w := stability.Window{Width: time.Minute, Pairs: 300, Flips: 1, Unexplained: int64(i % 2), DecidedPairs: 100, Observed: time.Minute, MAC: .1}
		f := stability.Flip{Seq: uint64(i), From: int32(i % 2), To: int32(1 - i%2), Kind: stability.KindGlitch, Unexplained: i%2 == 1, Final: true, HeldBefore: time.Second, HeldAfter: time.Second}
		door.Notify(&event.Event{At: at, Window: &w, Update: stability.Update{Late: []stability.Flip{f}}})
		if i >= 60 {
			w.Flips, w.Unexplained = 0, 0
			gate.Notify(&event.Event{At: at, Window: &w})
		}
	}
	v, bound := 0.07, 0.05
	s.Notices([]alerts.Notice{{ID: "door/FlickerHigh/1", State: alerts.Firing, Camera: "door", Rule: "FlickerHigh", Metric: "unexplained_fraction", At: pastNoon.Add(-time.Hour), StartsAt: pastNoon.Add(-time.Hour), Value: &v, Bound: &bound}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return data
}

func pastReport(t testing.TB, o app.ReportOptions) (page, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	o.Until, o.Tool = pastNoon, "flipmeter test"
	if err := app.Report(t.Context(), o, app.Streams{Out: &out, Err: &errs}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(o.Out, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b), out.String()
}

func TestReportOfThePast(t *testing.T) {
	o := app.DefaultReportOptions()
	o.Data, o.Since, o.Out, o.Export = keepPast(t), time.Hour, t.TempDir(), "csv"
	page, said := pastReport(t, o)
	if want := "door: 60 flips in 18000 pairs, 30 unexplained\ngate: 0 flips in 18000 pairs, 0 unexplained\n"; said != want {
		t.Errorf("said %q, want %q", said, want)
	}
	for _, want := range []string{"2 streams together", "FlickerHigh", "unexplained_fraction", "Not there are single frames", "&lt;b&gt;dog", "How it went, step by step", "the network", "95 %"} {
		if !strings.Contains(strings.ToLower(page), strings.ToLower(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, never := range []string{"<b>dog", "What it said, frame by frame", "What smoothing would do", "NaN", "ZgotmplZ"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %q", never)
		}
	}
	for name, want := range map[string]int{"windows.csv": 120, "flips.csv": 60, "alerts.csv": 1} {
		f, err := os.Open(filepath.Join(o.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		if err := errors.Join(err, f.Close()); err != nil || len(rows) != want+1 {
			t.Errorf("%s: %d rows, want %d (%v)", name, len(rows)-1, want, err)
		}
	}
	// One camera, in Parquet, which stays to be read beside the tables above.
	o.Camera, o.Export, o.Since = "gate", "parquet", 2*time.Hour
	page, said = pastReport(t, o)
	if said != "gate: 0 flips in 18000 pairs, 0 unexplained\n" || !strings.Contains(page, "nothing measured") {
		t.Errorf("said %q", said)
	}
	if b, err := os.ReadFile(filepath.Join(o.Out, "windows.parquet")); err != nil || !bytes.HasPrefix(b, []byte("PAR1")) {
		t.Errorf("windows.parquet: %.4q, %v", b, err)
	}
	left, err := filepath.Glob(filepath.Join(o.Out, ".partial-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// Where the wall clock was set back, what lies ahead of it is of the past, too.
func TestReportAheadOfNow(t *testing.T) {
	o := app.DefaultReportOptions()
	o.Data, o.Since, o.Out = t.TempDir(), time.Hour, t.TempDir()
	s, err := history.Open(history.Config{Dir: filepath.Join(o.Data, "history")})
	if err != nil {
		t.Fatal(err)
	}
	door := s.Camera("door", 7, nil)
	for i := range 100 { // from 20 minutes ago on
		door.Notify(&event.Event{At: time.Now().Add(time.Duration(i-20) * time.Minute), Window: &stability.Window{Width: time.Minute, Pairs: 300, Observed: time.Minute}})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := errors.Join(s.Run(ctx), app.Report(t.Context(), o, app.Streams{Out: &out, Err: io.Discard})); err != nil {
		t.Fatal(err)
	}
	if want := "door: 0 flips in 30000 pairs, 0 unexplained\n"; out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
}

// A stretch of time without anything is said so, in one line.
func TestReportOfAnEmptyPast(t *testing.T) {
	o := app.DefaultReportOptions()
	o.Data, o.Since, o.Out = keepPast(t), time.Hour, t.TempDir()
	o.Tool, o.Until = "flipmeter test", pastNoon.Add(-48*time.Hour)
	var out bytes.Buffer
	if err := app.Report(t.Context(), o, app.Streams{Out: &out, Err: &bytes.Buffer{}}); err != nil {
		t.Fatal(err)
	}
	const want = "nothing was measured from 2026-05-08 11:00 to 2026-05-08 12:00 UTC: the history has 2026-05-10 to 2026-05-10 (choose with --since and --until)\n"
	if out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
	// Of one camera there is nothing yet.
	o.Until = pastNoon.Add(-90 * time.Minute)
	out.Reset()
	if err := app.Report(t.Context(), o, app.Streams{Out: &out, Err: &bytes.Buffer{}}); err != nil || !strings.Contains(out.String(), "gate: nothing was measured\n") {
		t.Errorf("said %q, %v", out.String(), err)
	}
}

func TestReportRefuses(t *testing.T) {
	good := app.DefaultReportOptions()
	good.Data, good.Out = keepPast(t), t.TempDir()
	for name, c := range map[string]struct {
		change func(*app.ReportOptions)
		want   string
	}{
		"camera": {func(o *app.ReportOptions) { o.Camera = "attic" }, `nothing is kept of "attic"; of these there is: door, gate`},
		"folder": {func(o *app.ReportOptions) { o.Data = t.TempDir() }, "there is no history in"},
		"since":  {func(o *app.ReportOptions) { o.Since = -time.Hour }, "--since: must be above 0"},
		"export": {func(o *app.ReportOptions) { o.Export = "xlsx" }, "--export: must be parquet"},
		"config": {func(o *app.ReportOptions) { o.Data, o.Config = "", "missing.yaml" }, "--data"},
	} {
		o := good
		c.change(&o)
		err := app.Report(t.Context(), o, app.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
		if !errors.Is(err, app.ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want ErrUsage with %q", name, err, c.want)
		}
	}
}
