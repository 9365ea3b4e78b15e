package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/ingest/labels"
	"github.com/flipmeter/flipmeter/report"
)

// fileSet is a made-up run: files of one way to give labels, now and then
// with a truth of each, with streams within files, or with something wrong.
type fileSet struct {
	files  []string
	change func(*ScoreOptions)
}

func madeUpLabel(n int) string { return fmt.Sprintf("label %02d", n) }

func newFileSet(t *testing.T, rng *rand.Rand) fileSet {
	t.Helper()
	dir := t.TempDir()
	truth := filepath.Join(dir, "truth")
	if err := os.Mkdir(truth, 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) string {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	way := rng.IntN(4) // by name, by number with names or without, both mixed, a closed list
	tables, withTruth, merge := []string{"parquet", "csv", "none"}[rng.IntN(3)], rng.IntN(3) == 0, rng.IntN(4) == 0
	wrong := rng.IntN(3) == 0
	var set fileSet
	for i := range 3 + rng.IntN(6) {
		columns := "seq,pts_ms,score"
		named := way != 1 && (way != 2 || rng.IntN(2) == 0)
		numbered := way == 1 || way == 2 || way == 3 && !named
		streams := !withTruth && rng.IntN(5) == 0
		if named {
			columns += ",label"
		}
		if numbered {
			columns += ",label_index"
		}
		if streams {
			columns += ",stream"
		}
		var b, right strings.Builder
		fmt.Fprintln(&b, columns)
		fmt.Fprintln(&right, "seq,label")
		rows, label, first := 20+rng.IntN(900), 0, rng.IntN(30)
		if rng.IntN(8) == 0 {
			rows = 0
			if !wrong {
				rows = 1
			}
		}
		for k := range rows {
			if rng.IntN(12) == 0 {
				label = first + rng.IntN(10)
			}
			score, name := rng.Float64(), madeUpLabel(label)
			if wrong && rng.IntN(3000) == 0 {
				score = 7
			}
			if wrong && rng.IntN(3000) == 0 {
				name = "another name"
			}
			fmt.Fprintf(&b, "%d,%.2f,%.4f", k, float64(k)*40, score)
			if named {
				fmt.Fprint(&b, ",", name)
			}
			if numbered {
				fmt.Fprint(&b, ",", label)
			}
			if streams {
				fmt.Fprintf(&b, ",cam%d", rng.IntN(3))
			}
			fmt.Fprintln(&b)
			if k == 0 || rng.IntN(50) == 0 {
				fmt.Fprintf(&right, "%d,%s\n", k, madeUpLabel(label))
			}
		}
		fmt.Fprintf(&right, "%d,%s\n", max(1, rows-1), madeUpLabel(label))
		name := fmt.Sprintf("clip%d", i)
		if rng.IntN(5) == 0 {
			name = "clip"
			_ = os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o777)
		}
		path := filepath.Join(dir, name+".csv")
		if name == "clip" {
			path = filepath.Join(dir, fmt.Sprint(i), "clip.csv")
		}
		set.files = append(set.files, write(path, b.String()))
		if !wrong || rng.IntN(20) > 0 {
			write(filepath.Join(truth, name+".csv"), right.String())
		}
	}
	if wrong && rng.IntN(4) == 0 {
		set.files = slices.Insert(set.files, rng.IntN(len(set.files)), filepath.Join(dir, "missing.csv"))
	}
	var names strings.Builder
	for n := range 40 {
		fmt.Fprintln(&names, madeUpLabel(n))
	}
	list := write(filepath.Join(dir, "list.txt"), names.String())
	pairs := write(filepath.Join(dir, "map.yaml"), "groups:\n  - name: pair\n    members: [label 03, label 04, label 17]\nignore: [label 05]\n")
	set.change = func(o *ScoreOptions) {
		o.Tables = tables
		if withTruth {
			o.Truth.Path = truth
		}
		if way == 3 {
			o.Labels = list
		}
		if merge {
			o.LabelMap = pairs
		}
		o.Smooth.Specs = []string{"consecutive(3)"}
	}
	return set
}

// withoutClock leaves out of an output what depends on the clock.
func withoutClock(name, text string) string {
	blank := func(before, after string) {
		parts := strings.Split(text, before)
		for i, p := range parts[1:] {
			_, rest, _ := strings.Cut(p, after)
			parts[i+1] = rest
		}
		text = strings.Join(parts, before)
	}
	switch name {
	case "summary.json":
		blank(`"pipeline": `, "\n")
	case "report.html":
		blank("<dt>Speed</dt><dd>", "</dd>")
		blank(`<p class="dim">`, "</p>") // when it was made
	}
	return text
}

// outcomeOf scores a set and returns everything that it wrote, and the error.
func outcomeOf(t *testing.T, set fileSet, workers int, listeners ...event.Listener) (map[string]string, string) {
	t.Helper()
	o := DefaultScoreOptions()
	o.Files, o.Out, o.Quiet, o.Workers, o.Listeners = set.files, filepath.Join(t.TempDir(), "out"), true, workers, listeners
	o.Measures.Resamples = 100
	set.change(&o)
	message := ""
	if err := Score(t.Context(), o, Streams{Out: new(bytes.Buffer), Err: new(bytes.Buffer)}); err != nil {
		message = err.Error()
	}
	written := make(map[string]string)
	entries, err := os.ReadDir(o.Out)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(o.Out, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		written[e.Name()] = withoutClock(e.Name(), string(b))
	}
	return written, message
}

// TestWorkersMakeNoDifference: whatever the files are, and whatever is wrong
// with them, several workers write the same bytes, or tell the same error, as
// one does.
func TestWorkersMakeNoDifference(t *testing.T) {
	good, bad := 0, 0
	for seed := range uint64(20) {
		set := newFileSet(t, rand.New(rand.NewPCG(seed, 1)))
		want, wantErr := outcomeOf(t, set, 1)
		if wantErr == "" {
			good++
		} else if bad++; len(want) > 0 {
			t.Fatalf("seed %d: %s, and yet there is %v", seed, wantErr, slices.Collect(maps.Keys(want)))
		}
		workers := 2 + 5*int(seed%2)
		got, gotErr := outcomeOf(t, set, workers)
		if gotErr != wantErr {
			t.Errorf("seed %d, %d workers: error %q, want %q", seed, workers, gotErr, wantErr)
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("seed %d, %d workers: another %s", seed, workers, name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("seed %d, %d workers: %d files, want %d", seed, workers, len(got), len(want))
		}
	}
	if good < 6 || bad < 4 {
		t.Errorf("%d runs without an error, %d with: that is no test", good, bad)
	}
}

// A run that is interrupted while several files are under way writes what it
// has of them, in their order, and waits for nobody.
func TestInterruptedFiles(t *testing.T) {
	for seed := range uint64(8) {
		var files []string
		dir := t.TempDir()
		for i := range 6 {
			path := filepath.Join(dir, fmt.Sprintf("clip%d.txt", i))
			text := strings.Repeat(fmt.Sprintf("only here %d\ndog\n", i), 3000)
			if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			files = append(files, path)
		}
		ctx, cancel := context.WithCancel(t.Context())
		o := DefaultScoreOptions()
		o.Files, o.Out, o.Quiet, o.Workers, o.Measures.Resamples = files, filepath.Join(t.TempDir(), "out"), true, 4, 100
		stopAt := 100 + 900*seed
		o.Listeners = []event.Listener{listenerOf(func(ev *event.Event) {
			if ev.Observation != nil && ev.Observation.Seq == stopAt {
				cancel()
			}
		})}
		err := Score(ctx, o, Streams{})
		cancel()
		if stopAt > 6000 {
			if err != nil {
				t.Errorf("stop at %d: %v", stopAt, err)
			}
			continue
		}
		if !errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), "marked incomplete") {
			t.Errorf("stop at %d: got %v", stopAt, err)
		}
		// Also where the first file was read to its end, and others were not.
		b, err := os.ReadFile(filepath.Join(o.Out, "summary.json"))
		var sum report.Summary
		if err = errors.Join(err, json.Unmarshal(b, &sum)); err != nil || sum.Complete || len(sum.Streams) == 0 {
			t.Errorf("stop at %d: complete %v, %d streams, %v", stopAt, sum.Complete, len(sum.Streams), err)
		}
	}
}

// A file that fails ends those behind it, also where they wait for it.
func TestFailedFileEndsTheRest(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i := range 8 {
		path := filepath.Join(dir, fmt.Sprintf("clip%d.csv", i))
		text := fmt.Sprintf("label,score\nonly in %d,0.5\n", i)
		if i == 0 {
			text += strings.Repeat("cat,0.5\n", 20_000) + "cat,7\n"
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o := DefaultScoreOptions()
	o.Files, o.Out, o.Quiet, o.Workers = files, filepath.Join(t.TempDir(), "out"), true, 4
	if err := Score(ctx, o, Streams{}); err == nil || !strings.Contains(err.Error(), "clip0.csv:20003: column score: 7") {
		t.Errorf("got %v", err)
	}
}

// Streams of one file that begin in a later batch, which is read while the
// first is observed.
func TestStreamsThatBeginLate(t *testing.T) {
	const streams, rows = 4, labels.BatchRows // each begins a batch
	var text strings.Builder
	fmt.Fprintln(&text, "stream,seq,pts_ms,label,score")
	for s := range streams {
		for i := range rows {
			fmt.Fprintf(&text, "cam%d,%d,%d,label %d,0.5\n", s, i, 40*i, i/(s+2))
		}
	}
	path := filepath.Join(t.TempDir(), "late.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		o := DefaultScoreOptions()
		o.Files, o.Out, o.JSON, o.Tables, o.Measures.Resamples = []string{path}, filepath.Join(t.TempDir(), "out"), true, "none", 100
		var out bytes.Buffer
		if err := Score(t.Context(), o, Streams{Out: &out, Err: new(bytes.Buffer)}); err != nil {
			t.Fatal(err)
		}
		var got report.Summary
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Streams) != streams {
			t.Fatalf("%d streams, want %d", len(got.Streams), streams)
		}
		for s, st := range got.Streams {
			want := report.Count((rows - 1) / (s + 2))
			if name := fmt.Sprintf("cam%d", s); st.Stream != name || st.Measures.Frames != rows || st.Measures.Flips != want {
				t.Errorf("%s: %d frames, %d flips, want %s: %d, %d", st.Stream, st.Measures.Frames, st.Measures.Flips, name, rows, want)
			}
		}
	}
}
