package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// readTable reads a whole table.
func readTable[T table.Frame | table.Flip](t *testing.T, name string, format table.Format) []T {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := table.NewReader[T](bytes.NewReader(data), int64(len(data)), format, 0)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]T, 100_000)
	n, err := r.Read(rows)
	if n == len(rows) || err != nil && err.Error() != "EOF" {
		t.Fatalf("%d rows: %v", n, err)
	}
	return rows[:n]
}

// The tables hold the final word about every flip, whenever it came.
func TestTablesHoldFinalKinds(t *testing.T) {
	s := &simulation{seed: 3, frames: 900, fps: 25, cuts: []int{300, 700}, gapAt: 800, noise: .4, spread: 3}
	fs := s.run()
	for _, format := range []table.Format{table.Parquet, table.CSV, table.JSONL} {
		dir := t.TempDir()
		writeRun(t, dir, format, map[string]*simulation{"a": s}, []string{"a"}, nil)
		rows := readTable[table.Frame](t, filepath.Join(dir, "frames."+string(format)), format)
		flips := readTable[table.Flip](t, filepath.Join(dir, "flips."+string(format)), format)
		if len(rows) != len(fs) {
			t.Fatalf("%s: %d rows for %d frames", format, len(rows), len(fs))
		}
		n := 0
		for i := range fs {
			r, f := &rows[i], &fs[i]
			if r.Seq != uint64(i) || *r.LabelIndex != f.obs.Label || *r.Label != simLabel(f.obs.Label) || *r.Score != f.obs.Score {
				t.Fatalf("%s: row %d is %+v", format, i, r)
			}
			if *r.PTSMs != ms(f.obs.PTS) || r.Cut != f.obs.Cut || len(r.Top5Index) != 5 {
				t.Fatalf("%s: row %d is %+v", format, i, r)
			}
			if (r.Flip != nil) != f.pair || (r.Break != nil) != (f.brk != stability.ReasonNone) {
				t.Fatalf("%s: row %d: pair %v, break %v in %+v", format, i, f.pair, f.brk, r)
			}
			if f.flip == nil {
				if r.Kind != nil || r.Flip != nil && *r.Flip {
					t.Fatalf("%s: row %d has a flip: %+v", format, i, r)
				}
				continue
			}
			if !*r.Flip || *r.Kind != f.flip.Kind.String() {
				t.Fatalf("%s: row %d: kind %v, want %v", format, i, *r.Kind, f.flip.Kind)
			}
			fl := &flips[n]
			n++
			if fl.Seq != r.Seq || *fl.Kind != *r.Kind || *fl.HeldAfterMs != ms(f.flip.HeldAfter) ||
				fl.Unexplained != f.flip.Unexplained || fl.ID != table.FlipID("a", 1, r.Seq) ||
				(fl.GlitchID != nil) != (f.flip.Kind == stability.KindGlitch) {
				t.Fatalf("%s: flip %d is %+v, want %+v", format, n-1, fl, f.flip)
			}
		}
		if n != len(flips) || n < 50 {
			t.Errorf("%s: %d flips in the table, %d in the frames", format, len(flips), n)
		}
	}
}

// Tables of an earlier run in another format would be taken for this one's.
func TestTablesInAnotherFormatDontOutliveANewRun(t *testing.T) {
	dir := t.TempDir()
	sims := map[string]*simulation{"a": {seed: 3, frames: 50, fps: 25, noise: .4, spread: 3}}
	other := filepath.Join(dir, "frames.txt") // nobody's but the user's
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		format table.Format
		want   []string
	}{
		{table.CSV, []string{"flips.csv", "frames.csv", "frames.txt"}},
		{table.Parquet, []string{"flips.parquet", "frames.parquet", "frames.txt"}},
		{table.None, []string{"frames.txt"}},
	} {
		writeRun(t, dir, c.format, sims, []string{"a"}, nil)
		var got []string
		for _, pattern := range []string{"flips.*", "frames.*"} {
			names, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				got = append(got, filepath.Base(name))
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("after a run with tables %s: %v, want %v", c.format, got, c.want)
		}
	}
}

// TestBytesDontDependOnTiming: the same events give the same bytes, however
// late kinds come and however the streams take turns.
func TestBytesDontDependOnTiming(t *testing.T) {
	a := &simulation{seed: 3, frames: 700, fps: 25, cuts: []int{300}, noise: .4, spread: 3}
	b := &simulation{seed: 4, frames: 900, fps: 10, gapAt: 300, noise: .4, spread: 2}
	for _, format := range []table.Format{table.Parquet, table.CSV, table.JSONL} {
		var want map[string][]byte
		for _, c := range []struct {
			name  string
			delay int
			order string // which stream is fed first
		}{{"kinds at once", 1, "ab"}, {"kinds late", 40, "ab"}, {"second stream first", 13, "ba"}} {
			r, err := NewRun(Config{Dir: t.TempDir(), Tables: format})
			if err != nil {
				t.Fatal(err)
			}
			recs := map[byte]event.Recorder{}
			sims := map[byte]*simulation{'a': a, 'b': b}
			for _, name := range []byte("ab") {
				rec, err := r.Stream(simStream(string(name)))
				if err != nil {
					t.Fatal(err)
				}
				recs[name] = rec
			}
			for _, name := range []byte(c.order) {
				sims[name].feed(t, recs[name], sims[name].run(), c.delay)
				if err := recs[name].Close(); err != nil {
					t.Fatal(err)
				}
			}
			_, err = r.Finish(context.Background(), Outcome{Streams: []StreamOutcome{
				{Summary: a.summary(a.run()), Complete: true}, {Summary: b.summary(b.run()), Complete: true}}})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]byte{}
			for _, name := range []string{"frames." + string(format), "flips." + string(format), HTMLName, SummaryName} {
				data, err := os.ReadFile(filepath.Join(r.cfg.Dir, name))
				if err != nil {
					t.Fatal(err)
				}
				got[name] = data
			}
			if want == nil {
				want = got
			}
			for name := range want {
				if !bytes.Equal(got[name], want[name]) {
					t.Errorf("%s, %s: other bytes", c.name, name)
				}
			}
		}
	}
}

// Rows do not pile up: what is held back is what waits for a kind.
func TestRowsAreHeldBackNoLongerThanNeeded(t *testing.T) {
	tab, err := newTables(t.TempDir(), table.CSV)
	if err != nil {
		t.Fatal(err)
	}
	rows := tab.stream("s", simLabel)
	s := &simulation{seed: 5, frames: 3000, fps: 25, noise: .4, spread: 2}
	most := 0
	s.feed(t, recorderFunc(func(ev *event.Event) error {
		err := rows.Record(context.Background(), ev)
		most = max(most, len(rows.heldFrames), len(rows.heldFlips))
		return err
	}), s.run(), 20)
	if most < 20 || most > 21 {
		t.Errorf("up to %d rows held back with kinds 20 frames late", most)
	}
	if len(rows.waitingFrames)+len(rows.waitingFlips) > 0 {
		t.Error("something still waits after the end")
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if err := rows.Record(context.Background(), &event.Event{}); err == nil || !strings.HasPrefix(err.Error(), "BUG:") {
		t.Errorf("recording after the end: %v", err)
	}
	if _, err := tab.close(); err != nil {
		t.Fatal(err)
	}
}

type recorderFunc func(*event.Event) error

func (f recorderFunc) Record(_ context.Context, ev *event.Event) error { return f(ev) }
func (f recorderFunc) Close() error                                    { return nil }

// What isn't known is null, not zero.
func TestUnknownIsNull(t *testing.T) {
	o := &stability.Observation{Epoch: 1, Label: 2, Score: nan32, PrevLabelScore: nan32, Change: -1, ChangeMax: nan32}
	s := &streamRows{name: "s", label: simLabel}
	row := s.frameRow(&event.Event{Observation: o})
	data, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pts_ms", "score", "margin", "prev_label_score", "top5_index", "top5_score", "change",
		"change_max", "break", "decided", "flip", "kind", "still"} {
		if v, ok := got[name]; !ok || v != nil {
			t.Errorf("%s is %v", name, v)
		}
	}
	o.Label = stability.NoLabel
	if row := s.frameRow(&event.Event{Observation: o}); row.Label != nil || row.LabelIndex != nil {
		t.Error("no label is not null")
	}
	fl := s.flipRow(&stability.Flip{From: 1, To: 2, FromScore: nan32, ToScore: nan32, MarginBefore: nan32, MarginAfter: nan32, Kind: stability.KindPending})
	for _, p := range []any{fl.PTSMs, fl.FromScore, fl.ToScore, fl.MarginBefore, fl.MarginAfter, fl.Kind, fl.GlitchID, fl.Still, fl.HeldBeforeMs, fl.HeldAfterMs} {
		if !reflect.ValueOf(p).IsNil() {
			t.Errorf("flip: %+v", fl)
		}
	}
}

func TestFinishPutsEverythingInPlaceAndAbortNothing(t *testing.T) {
	s := &simulation{seed: 3, frames: 300, fps: 25, noise: .4, spread: 3}
	fs := s.run()
	out := Outcome{Streams: []StreamOutcome{{Summary: s.summary(fs), Complete: true}}}
	start := func(t *testing.T, dir string) (*Run, event.Recorder) {
		var pool frame.Pool
		t.Cleanup(func() {
			if n := pool.Outstanding(); n != 0 {
				t.Errorf("%d pictures were not given back", n)
			}
		})
		r, err := NewRun(Config{Dir: dir, Tables: table.CSV})
		if err != nil {
			t.Fatal(err)
		}
		rec, err := r.Stream(simStream("s"))
		if err != nil {
			t.Fatal(err)
		}
		with := *s
		with.thumb = plainThumbs(&pool)
		with.feed(t, rec, fs, 10)
		return r, rec
	}
	list := func(dir string) (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	t.Run("finish", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "new", "out")
		r, _ := start(t, dir)
		if _, err := r.Finish(context.Background(), out); err != nil {
			t.Fatal(err)
		}
		want := []string{"flips.csv", "frames.csv", "report.html", "summary.json"}
		if got := list(dir); !slices.Equal(got, want) {
			t.Errorf("in the folder: %v", got)
		}
		if err := r.Abort(); err != nil || len(list(dir)) != 4 {
			t.Errorf("abort after finish: %v, %v", err, list(dir))
		}
		if _, err := r.Finish(context.Background(), out); err == nil {
			t.Error("finished twice")
		}
	})
	t.Run("abort", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "out")
		r, _ := start(t, dir)
		if err := r.Abort(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the folder is still there: %v, %v", err, list(dir))
		}
	})
	t.Run("abort keeps what was there", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "report.html"), []byte("old"), 0o666); err != nil {
			t.Fatal(err)
		}
		r, _ := start(t, dir)
		if err := r.Abort(); err != nil {
			t.Fatal(err)
		}
		if got := list(dir); !slices.Equal(got, []string{"report.html"}) {
			t.Errorf("in the folder: %v", got)
		}
	})
	t.Run("a write fails", func(t *testing.T) {
		dir := t.TempDir()
		r, _ := start(t, dir)
		// As on a full disk: the table's file takes no more.
		if err := r.tables.frames.file.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Finish(context.Background(), out); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("error: %v", err)
		}
		if got := list(dir); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		dir := t.TempDir()
		r, _ := start(t, dir)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := r.Finish(ctx, out); !errors.Is(err, context.Canceled) || len(list(dir)) != 0 {
			t.Errorf("error %v, left behind %v", err, list(dir))
		}
	})
	t.Run("no tables", func(t *testing.T) {
		dir := t.TempDir()
		writeRun(t, dir, table.None, map[string]*simulation{"a": s}, []string{"a"}, nil)
		if got := list(dir); !slices.Equal(got, []string{"report.html", "summary.json"}) {
			t.Errorf("in the folder: %v", got)
		}
	})
}

func TestNewRunErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Dir: t.TempDir(), Tables: "xml"}, `"xml" is not known: use parquet, csv, jsonl or none`},
		{Config{Dir: filepath.Join(file, "out"), Tables: table.CSV}, "choose another with --out"},
	} {
		if _, err := NewRun(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
	r, err := NewRun(Config{Dir: t.TempDir(), Tables: table.None, Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "two streams are called"} {
		if _, err := r.Stream(simStream("same")); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("stream %d: %v", i, err)
		}
	}
	if _, err := r.Finish(context.Background(), Outcome{}); err == nil {
		t.Error("finished with an outcome missing")
	}
}
