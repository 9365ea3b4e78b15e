//go:build cgo && gocv_specific_modules

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
)

// results reads what must be the same in two runs of the same analysis: the
// tables byte for byte, and the summary without its speeds.
func results(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, name := range []string{"frames.parquet", "flips.parquet", "frames.csv", "flips.csv"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			out[name] = string(b)
		}
	}
	if len(out) != 2 {
		t.Fatalf("%s holds %d tables, want 2", dir, len(out))
	}
	b, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	out["summary.json"] = regexp.MustCompile(`(?s)"fps": \{.*?\}`).ReplaceAllString(string(b), "")
	return out
}

func sameResults(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	for name := range want {
		if want[name] != got[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

func TestTablesAreByteIdenticalWhateverTheSessions(t *testing.T) {
	var want map[string]string
	for _, sessions := range []int{1, 2, 3} {
		o := nativeOptions(t)
		o.Sources = []string{asset(t, "footage", "bigbuckbunny.mp4"), asset(t, "footage", "carphone_distorted.mp4")}
		o.Tables, o.Sessions = "parquet", sessions
		analyze(t, o)
		got := results(t, o.Out)
		if want == nil {
			want = got
			continue
		}
		sameResults(t, "more sessions", want, got)
	}
}

// TestInterruptAndResume interrupts an analysis in the middle, looks at what
// it wrote, and goes on: the result is that of one go.
func TestInterruptAndResume(t *testing.T) {
	whole := nativeOptions(t)
	whole.Sources = []string{asset(t, "footage", "bigbuckbunny.mp4")}
	whole.Tables, whole.Trace = "csv", []string{"albatross"}
	analyze(t, whole)

	o := whole
	o.Out = filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Listeners = []event.Listener{listenerFunc(func(ev *event.Event) {
		if ev.Observation != nil && ev.Observation.Seq == 60 {
			cancel()
		}
	})}
	var printed bytes.Buffer
	err := app.Analyze(ctx, o, app.Streams{Out: &printed, Err: new(bytes.Buffer)})
	if !errors.Is(err, app.ErrInterrupted) {
		t.Fatalf("got %v, want an interruption", err)
	}
	var sum struct {
		Complete bool
		Streams  []struct{ Frames int }
	}
	if err := json.Unmarshal(printed.Bytes(), &sum); err != nil {
		t.Fatal(err)
	}
	if sum.Complete || sum.Streams[0].Frames < 60 || sum.Streams[0].Frames > 80 {
		t.Errorf("interrupted at frame 60: %+v", sum)
	}
	page, err := os.ReadFile(filepath.Join(o.Out, "report.html"))
	if err != nil || !strings.Contains(string(page), "interrupted after") {
		t.Errorf("the report does not say that it is incomplete (%v)", err)
	}
	o.Listeners, o.Resume = nil, true
	changed := o
	changed.Start = time.Second
	if err := app.Analyze(t.Context(), changed, app.Streams{Out: new(bytes.Buffer), Err: new(bytes.Buffer)}); err == nil || !strings.Contains(err.Error(), `--start was "0s", is "1s"`) {
		t.Errorf("resumed with another --start: %v", err)
	}
	analyze(t, o)
	sameResults(t, "resumed", results(t, whole.Out), results(t, o.Out))
	if _, err := os.Stat(filepath.Join(o.Out, ".resume")); !os.IsNotExist(err) {
		t.Error("the journal was left behind")
	}
	// Nothing is left to go on with: that is said, and a new run made.
	var words bytes.Buffer
	o.Quiet = false
	if err := app.Analyze(t.Context(), o, app.Streams{Out: new(bytes.Buffer), Err: &words}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(words.String(), "no unfinished run in "+o.Out) {
		t.Errorf("said %q", words.String())
	}
}

// TestInterruptBetweenSources interrupts at the end of the first of two
// sources: the first one's results are written, and the second is not begun.
func TestInterruptBetweenSources(t *testing.T) {
	o := nativeOptions(t)
	o.Sources = []string{asset(t, "footage", "carphone_pristine.mp4"), asset(t, "footage", "bigbuckbunny.mp4")}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Listeners = []event.Listener{listenerFunc(func(ev *event.Event) {
		if ev.Observation != nil && ev.Observation.Seq == 119 {
			cancel()
		}
	})}
	var printed bytes.Buffer
	err := app.Analyze(ctx, o, app.Streams{Out: &printed, Err: new(bytes.Buffer)})
	if !errors.Is(err, app.ErrInterrupted) {
		t.Fatalf("got %v, want an interruption", err)
	}
	if !strings.Contains(printed.String(), `"frames": 120`) || strings.Contains(printed.String(), "bigbuckbunny") {
		t.Errorf("the summary is not that of the first source:\n%s", printed.String())
	}

	// Interrupted before the start: nothing is written, and that is no failure.
	o.Out = filepath.Join(t.TempDir(), "never")
	if err := app.Analyze(ctx, o, app.Streams{Out: &printed, Err: new(bytes.Buffer)}); !errors.Is(err, app.ErrInterrupted) {
		t.Errorf("got %v, want an interruption", err)
	}
	if _, err := os.Stat(o.Out); !os.IsNotExist(err) {
		t.Error("a run that never began left a folder")
	}
}

type listenerFunc func(*event.Event)

func (f listenerFunc) Notify(ev *event.Event) { f(ev) }
