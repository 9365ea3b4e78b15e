package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/report"
)

// scoreFiles scores to the end and returns the summary.
func scoreFiles(t *testing.T, change func(*ScoreOptions), files ...string) (*report.Summary, error) {
	t.Helper()
	o := DefaultScoreOptions()
	o.Files, o.Out, o.JSON, o.Tables = files, filepath.Join(t.TempDir(), "out"), true, "none"
	if change != nil {
		change(&o)
	}
	var out, errs bytes.Buffer
	err := Score(context.Background(), o, Streams{Out: &out, Err: &errs})
	if err != nil {
		return nil, err
	}
	var sum report.Summary
	if err := json.Unmarshal(out.Bytes(), &sum); err != nil {
		t.Fatalf("reading the summary: %v", err)
	}
	return &sum, nil
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// madeUp is a table with everything that a frames table can hold: labels
// with scores and rankings, gaps, cuts, repeats, changes.
func madeUp(rows int, seed uint64, streams ...string) string {
	rng := rand.New(rand.NewPCG(seed, 8))
	var b strings.Builder
	b.WriteString("stream,epoch,seq,pts_ms,label_index,label,score,prev_label_score,top5_index,top5_score,change,change_max,repeat,cut,break\n")
	label, left := 0, 0
	for i := range rows {
		if left--; left < 0 {
			label, left = rng.IntN(6), rng.IntN(40)
			if rng.IntN(3) == 0 {
				left = rng.IntN(4)
			}
		}
		reason := ""
		if rng.IntN(60) == 0 {
			reason = []string{"gap", "size"}[rng.IntN(2)]
		}
		s := 0.3 + rng.Float64()*0.6
		fmt.Fprintf(&b, "%s,9,%d,%.3f,%d,label %d,%.4f,%.4f,\"[%d,10,11,12,%d]\",\"[%.4f,0.04,0.03,0.02,0.01]\",%d,%.2f,%v,%v,%s\n",
			streams[i%len(streams)], i, float64(i)*40, label, label, s, rng.Float64()*s, label, 13+rng.IntN(3), s,
			max(0, rng.IntN(50)-10), rng.Float64()*30, rng.IntN(25) == 0, rng.IntN(70) == 0, reason)
	}
	return b.String()
}

// TestFramesTableGivesTheSameAgain scores what score wrote: the summary is
// the same, and so are the tables, in every format.
func TestFramesTableGivesTheSameAgain(t *testing.T) {
	source := file(t, "a.csv", madeUp(3000, 1, "cam"))
	dir := t.TempDir()
	var first *report.Summary
	for _, format := range []string{"parquet", "csv", "jsonl"} {
		out := filepath.Join(dir, format)
		tables := func(o *ScoreOptions) { o.Tables, o.Out = format, out }
		want, err := scoreFiles(t, tables, source)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = want
			m := want.Streams[0].Measures
			if m.Flips == 0 || m.Kinds.Glitch == 0 || m.Kinds.Transition == 0 || m.Kinds.Churn == 0 || m.Still.Flips == 0 ||
				m.Cuts == 0 || m.Repeats == 0 || m.Breaks.Gap == 0 || !m.MAC.Known() || !m.T5D.Known() || m.NearCut == 0 {
				t.Fatalf("the table doesn't hold everything: %+v", m)
			}
		}
		frames, err := os.ReadFile(filepath.Join(out, "frames."+format))
		if err != nil {
			t.Fatal(err)
		}
		again := filepath.Join(dir, "again-"+format)
		got, err := scoreFiles(t, func(o *ScoreOptions) { o.Tables, o.Out = format, again }, filepath.Join(out, "frames."+format))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*report.Summary{want, got} {
			if !reflect.DeepEqual(s.Streams[0].Measures, first.Streams[0].Measures) {
				t.Errorf("%s:\n got %+v\nwant %+v", format, s.Streams[0].Measures, first.Streams[0].Measures)
			}
		}
		b, err := os.ReadFile(filepath.Join(again, "frames."+format))
		if err != nil || !bytes.Equal(frames, b) {
			t.Errorf("%s: the table that was read is not the one that is written (%v)", format, err)
		}
	}
}

// TestOrderOfFilesAndRowsMakesNoDifference scores the same streams as several
// files in any order and as one file, interleaved.
func TestOrderOfFilesAndRowsMakesNoDifference(t *testing.T) {
	rows := strings.SplitAfter(madeUp(4000, 2, "a", "b", "c"), "\n")
	one := file(t, "all.csv", strings.Join(rows, ""))
	var files []string
	for _, s := range []string{"a", "b", "c"} {
		text := rows[0]
		for _, r := range rows[1:] {
			if strings.HasPrefix(r, s+",") {
				text += r
			}
		}
		files = append(files, file(t, s+".csv", text))
	}
	want, err := scoreFiles(t, nil, one)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Streams) != 3 || want.Total.Micro.Flips == 0 {
		t.Fatalf("%d streams, %d flips", len(want.Streams), want.Total.Micro.Flips)
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}} {
		got, err := scoreFiles(t, nil, files[order[0]], files[order[1]], files[order[2]])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Total, want.Total) {
			t.Errorf("order %v:\n got %+v\nwant %+v", order, got.Total, want.Total)
		}
	}
}

func TestWhatTheInputLacksIsNull(t *testing.T) {
	list := file(t, "a.txt", strings.Repeat("cat\n", 30)+"dog\n"+strings.Repeat("cat\n", 30))
	sum, err := scoreFiles(t, nil, list)
	if err != nil {
		t.Fatal(err)
	}
	m := sum.Streams[0].Measures
	if m.Flips != 2 || m.Pairs != 60 || !m.FlipFraction.Value.Known() || m.Labels != 2 {
		t.Errorf("flips %d, pairs %d", m.Flips, m.Pairs)
	}
	for name, known := range map[string]bool{
		"rate": m.FlipRateHz.Known(), "mac": m.MAC.Known(), "t5d": m.T5D.Known(), "kinds": m.Kinds.Glitch >= 0,
		"unexplained": m.Unexplained >= 0, "still": m.Still.Pairs >= 0, "moving": m.Moving.FlipFraction.Value.Known(),
		"decided": m.Decided.Pairs >= 0, "cuts": m.Cuts >= 0, "near_cut": m.NearCut >= 0, "breaks.cut": m.Breaks.Cut >= 0,
		"repeats": m.Repeats >= 0, "breaks.time": m.Breaks.Time >= 0, "dwell": m.DwellSeconds.Median.Known(),
		"total.decided": sum.Total.Micro.Decided.Pairs >= 0, "total.cuts": sum.Total.Macro.Cuts >= 0,
		"identity": sum.Streams[0].Identity.SHA256 != "",
	} {
		if known {
			t.Errorf("%s is given, but nothing tells of it", name)
		}
	}
	sum, err = scoreFiles(t, func(o *ScoreOptions) { o.FPS = 30 }, list)
	if err != nil {
		t.Fatal(err)
	}
	if m := sum.Streams[0].Measures; m.Kinds.Glitch != 2 || m.Glitches != 1 || m.Unexplained != 2 || !m.FlipRateHz.Known() {
		t.Errorf("with times: %+v", m)
	}
}

func TestOneFrame(t *testing.T) {
	sum, err := scoreFiles(t, nil, file(t, "a.txt", "cat\n"))
	if err != nil {
		t.Fatal(err)
	}
	if m := sum.Streams[0].Measures; m.Frames != 1 || m.Pairs != 0 || m.Flips != 0 || m.FlipFraction.Value.Known() {
		t.Errorf("%+v", m)
	}
	_, err = scoreFiles(t, func(o *ScoreOptions) { o.FailOn = []string{"flip_fraction>0.5"} }, file(t, "a.txt", "cat\n"))
	if !errors.Is(err, ErrThreshold) {
		t.Errorf("null passed a gate: %v", err)
	}
}

func TestEqualStreamsGetNumbers(t *testing.T) {
	a, b := file(t, "x.csv", "stream,label\ncam,a\ncam,b\n"), file(t, "y.csv", "stream,label\ncam,b\n")
	sum, err := scoreFiles(t, nil, a, b)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range sum.Streams {
		names = append(names, s.Stream)
	}
	if !slices.Equal(names, []string{"cam", "cam-2"}) {
		t.Errorf("streams %v", names)
	}
}

// A file that turns out bad after a million rows leaves nothing behind.
func TestBadRowLeavesNothing(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	path := file(t, "a.csv", "label,score\n"+strings.Repeat("cat,0.5\n", 5000)+"dog,7\n")
	_, err := scoreFiles(t, func(o *ScoreOptions) { o.Out = out }, path)
	if err == nil || !strings.Contains(err.Error(), "a.csv:5002: column score: 7 is no probability") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Error("a folder is left")
	}
}

// An interrupted run writes what it has.
func TestInterruptedScore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := DefaultScoreOptions()
	o.Files, o.Out, o.Quiet = []string{file(t, "a.txt", strings.Repeat("cat\ndog\n", 100_000))}, filepath.Join(t.TempDir(), "out"), true
	o.Listeners = []event.Listener{listenerOf(func(ev *event.Event) {
		if ev.Observation != nil && ev.Observation.Seq == 3000 {
			cancel()
		}
	})}
	err := Score(ctx, o, Streams{})
	if !errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), "marked incomplete") {
		t.Fatalf("got %v", err)
	}
	b, err := os.ReadFile(filepath.Join(o.Out, "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sum report.Summary
	if err := json.Unmarshal(b, &sum); err != nil {
		t.Fatal(err)
	}
	if sum.Complete || sum.Streams[0].Frames < 3000 || sum.Streams[0].Frames == 200_000 {
		t.Errorf("complete %v, %d frames", sum.Complete, sum.Streams[0].Frames)
	}
}

type listenerOf func(ev *event.Event)

func (f listenerOf) Notify(ev *event.Event) { f(ev) }
