package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/internal/natstest"
	"github.com/flipmeter/flipmeter/stability"
)

func TestMain(m *testing.M) {
	if asked, err := natstest.ServeIfAsked(os.Stdin, os.Stdout); asked {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv("FLIPMETER_TEST_DECODE") != "" {
		// This binary as the decoding process of a test.
		if err := Decode(context.Background(), os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func TestCleanupsRunLastFirstAndAllOfThem(t *testing.T) {
	var order []string
	var c cleanups
	for _, name := range []string{"a", "b", "c"} {
		c.push(name, func() error {
			order = append(order, name)
			if name == "b" {
				return io.ErrUnexpectedEOF
			}
			return nil
		})
	}
	err := c.run()
	if got := strings.Join(order, ""); got != "cba" {
		t.Errorf("order %q, want cba", got)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), "b: ") {
		t.Errorf("got %v, want the failed step's name and reason", err)
	}
	if err := c.run(); err != nil || len(order) != 3 {
		t.Error("steps ran twice")
	}
}

func TestCleanupThatHangsIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var c cleanups
		c.push("stuck", func() error { <-release; return nil })
		err := c.run()
		if err == nil || !strings.Contains(err.Error(), "stuck: did not end within") {
			t.Errorf("got %v", err)
		}
		close(release)
		synctest.Wait()
	})
}

func TestProgressLine(t *testing.T) {
	p := newProgress(io.Discard, "film", 200)
	flip := event.Event{Observation: &stability.Observation{}, Update: stability.Update{Flip: true}}
	for range 50 {
		p.Notify(&flip)
	}
	p.Notify(&event.Event{}) // tells no frame
	f := func(want string) {
		t.Helper()
		if got := p.line(2 * time.Second); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	f("film [██████··················]  25 %  50/200 frames  25 fps  50 flips  6s left")
	p.total = 0
	f("film  50 frames  25 fps  50 flips")
	p.total = 10 // the container promised fewer: no bar over 100 %
	f("film  50 frames  25 fps  50 flips")
}

func TestProgressIsSeldomOffTheTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(&out, "film", 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Second)
		defer cancel()
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != 4 {
			t.Errorf("%d lines in a minute, want 4:\n%s", n, out.String())
		}
	})
}

func TestStreamNames(t *testing.T) {
	f := func(source, want string) {
		t.Helper()
		if got := streamName(source); got != want {
			t.Errorf("streamName(%q) = %q, want %q", source, got, want)
		}
	}
	f("/footage/film.mp4", "film")
	f("film.final.mp4", "film.final")
	f("pictures/", "pictures")
	f(".", ".")
	f("synth:square?frames=3", "synth-square")
	got := strings.Join(streamNames([]string{"a/x.mp4", "b/x.mp4", "y.avi"}), " ")
	if got != "x x-2 y" {
		t.Errorf("got %q", got)
	}
}

func TestFindClass(t *testing.T) {
	m := &infer.ModelInfo{Name: "net", Labels: []string{"tench", "great white shark"}, WNIDs: []string{"n01440764", "n01484850"}}
	f := func(name string, want int32) {
		t.Helper()
		if got, err := findClass(m, name); err != nil || got != want {
			t.Errorf("findClass(%q) = %d, %v, want %d", name, got, err, want)
		}
	}
	f("tench", 0)
	f("Great White Shark", 1)
	f("n01484850", 1)
	f("1", 1)
	for _, bad := range []string{"2", "-1", "shark", ""} {
		_, err := findClass(m, bad)
		if !errors.Is(err, ErrUsage) {
			t.Errorf("findClass(%q): %v", bad, err)
		}
		if bad == "shark" && !strings.Contains(err.Error(), `did you mean "great white shark"?`) {
			t.Errorf("no hint: %v", err)
		}
	}
}

func TestWindowFitsFourTimes(t *testing.T) {
	f := func(length, want time.Duration) {
		t.Helper()
		if got := windowFor(length); got != want {
			t.Errorf("windowFor(%v) = %v, want %v", length, got, want)
		}
	}
	f(0, time.Second)
	f(5280*time.Millisecond, time.Second)
	f(8*time.Second, 2*time.Second)
	f(79*time.Second, 10*time.Second)
	f(time.Hour, time.Minute)
}

func TestOptionsValidate(t *testing.T) {
	valid := func() AnalyzeOptions {
		o := DefaultAnalyzeOptions()
		o.Sources = []string{"film.mp4"}
		return o
	}
	o := valid()
	if _, err := o.validate(); err != nil {
		t.Fatal(err)
	}
	for want, mutate := range map[string]func(*AnalyzeOptions){
		"nothing to analyse":  func(o *AnalyzeOptions) { o.Sources = nil },
		"--out":               func(o *AnalyzeOptions) { o.Out = "" },
		"--stride":            func(o *AnalyzeOptions) { o.Stride = 0 },
		"--fps":               func(o *AnalyzeOptions) { o.FPS = -1 },
		"--start must lie":    func(o *AnalyzeOptions) { o.Start, o.End = 5, 4 },
		"--window":            func(o *AnalyzeOptions) { o.Window = -1 },
		"--sessions":          func(o *AnalyzeOptions) { o.Sessions = -1 },
		"--tables must be":    func(o *AnalyzeOptions) { o.Tables = "xls" },
		"--deinterlace must":  func(o *AnalyzeOptions) { o.Deinterlace = "maybe" },
		"--color-matrix must": func(o *AnalyzeOptions) { o.ColorMatrix = "bt2020" },
		"--accelerator must":  func(o *AnalyzeOptions) { o.Accelerator = "tpu" },
		"--fit must":          func(o *AnalyzeOptions) { o.Fit = "stretch" },
		"--fail-on":           func(o *AnalyzeOptions) { o.FailOn = []string{"flips"} },
	} {
		o := valid()
		mutate(&o)
		_, err := o.validate()
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestModelIsFoundOrAskedFor(t *testing.T) {
	home := t.TempDir()
	if _, _, err := findModel(home, ""); err == nil || !strings.Contains(err.Error(), "flipmeter models build") {
		t.Errorf("got %v", err)
	}
	if _, _, err := findModel(home, "nosuch"); err == nil || !strings.Contains(err.Error(), `"nosuch" is not installed`) {
		t.Errorf("got %v", err)
	}
	if _, _, err := findModel(home, "./nosuch.onnx"); err == nil || !strings.Contains(err.Error(), "nosuch.onnx can't be opened: no such file") {
		t.Errorf("got %v", err)
	}
}
