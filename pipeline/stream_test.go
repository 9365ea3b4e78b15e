package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/stability"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// whole is one go over n frames, the reference for all others.
func whole(t *testing.T, n int64) *log {
	t.Helper()
	var pool frame.Pool
	r := rig{src: &scripted{n: n, seed: 1, pool: &pool}, sessions: 1, rec: &log{}}
	res, err := r.run(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !res.Complete || res.Summary.Frames != n {
		t.Fatalf("complete %v, %d frames, want %d", res.Complete, res.Summary.Frames, n)
	}
	if out := pool.Outstanding(); out != 0 {
		t.Fatalf("%d picture buffers were not given back", out)
	}
	return r.rec
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Fatalf("%s: event %d is\n%s\nwant\n%s", what, i, got[i], want[i])
		}
	}
	if len(want) != len(got) {
		t.Fatalf("%s: %d events, want %d", what, len(got), len(want))
	}
}

func TestEventsAreWhatTheFootageSays(t *testing.T) {
	l := whole(t, 300)
	text := strings.Join(l.lines, "\n")
	for _, want := range []string{" flip {", " late {", "window 2s", "repeat true", "cut true", "break gap", "break cut"} {
		if !strings.Contains(text, want) {
			t.Errorf("no event says %q", want)
		}
	}
}

func TestResultDoesNotDependOnSessionsOrTiming(t *testing.T) {
	want := whole(t, 300)
	for _, sessions := range []int{1, 2, 5} {
		var pool frame.Pool
		r := rig{src: &scripted{n: 300, seed: 1, pool: &pool}, sessions: sessions, delay: true, rec: &log{}}
		if _, err := r.run(t, t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "sessions", want.lines, r.rec.lines)
	}
}

// TestInterruptedAndResumedIsOneGo interrupts a run again and again; what the
// last one tells is what one go tells, pictures included.
func TestInterruptedAndResumedIsOneGo(t *testing.T) {
	want := whole(t, 300)
	path := filepath.Join(t.TempDir(), "journal")
	var last *log
	for _, stopAt := range []int64{1, 2, 40, 41, 133, 134, 250, 1000} {
		var pool frame.Pool
		ctx, cancel := context.WithCancel(t.Context())
		src := &scripted{n: 300, seed: 1, pool: &pool, onRead: func(seq int64) {
			if seq >= stopAt {
				cancel()
			}
		}}
		j, _, err := OpenJournal(path, "the same run", 7)
		if err != nil {
			t.Fatal(err)
		}
		r := rig{src: src, sessions: 2, delay: true, journal: j, rec: &log{}}
		res, err := r.run(t, ctx)
		cancel()
		if err != nil {
			t.Fatalf("stopped at %d: %v", stopAt, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if complete := stopAt > 300; res.Complete != complete {
			t.Errorf("stopped at %d: complete is %v", stopAt, res.Complete)
		}
		if out := pool.Outstanding(); out != 0 {
			t.Errorf("stopped at %d: %d picture buffers were not given back", stopAt, out)
		}
		if last != nil && len(r.rec.lines) < len(last.lines)-10 {
			t.Errorf("stopped at %d: %d events after %d: what was known is lost", stopAt, len(r.rec.lines), len(last.lines))
		}
		last = r.rec
	}
	same(t, "resumed", want.lines, last.lines)
}

// TestSmoothersSurviveAResume: what they need of every frame is in the journal.
func TestSmoothersSurviveAResume(t *testing.T) {
	smooth := stability.SmoothingConfig{
		Smoothers: []stability.Smoother{stability.EMA(0.3), stability.Mean(4), stability.Majority(5), stability.Hysteresis(0.1)},
		Recommend: true, MaxLag: time.Second,
	}
	run := func(n int64, j *Journal) string {
		var pool frame.Pool
		r := rig{src: &scripted{n: n, seed: 1, pool: &pool}, sessions: 2, journal: j, rec: &log{}, smooth: smooth}
		res, err := r.run(t, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, s := range res.Smoothing.Smoothed("") {
			if s.Refused != "" {
				t.Errorf("%v: %s", s.Smoother, s.Refused)
			}
			sum := s.Summary()
			text += fmt.Sprintf("%v: %d flips, %d unexplained, %v changed, %+v\n", s.Smoother, sum.Summary.Flips, sum.Summary.Unexplained, sum.Changed, sum.Lag)
		}
		rec, ok := stability.Recommend([]*stability.Smoothing{res.Smoothing})
		return text + fmt.Sprintf("%+v %v", rec, ok)
	}
	want := run(300, nil)
	path := filepath.Join(t.TempDir(), "journal")
	got := ""
	for _, n := range []int64{100, 101, 300} {
		j, _, err := OpenJournal(path, "run", 7)
		if err != nil {
			t.Fatal(err)
		}
		got = run(n, j)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got != want {
		t.Errorf("resumed:\n%s\nin one go:\n%s", got, want)
	}
}

func TestResumeClassifiesNothingTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	for i, n := range []int64{200, 300} {
		j, epoch, err := OpenJournal(path, "run", uint64(10+i))
		if err != nil {
			t.Fatal(err)
		}
		if epoch != 10 {
			t.Errorf("epoch %d, want that of the first opening", epoch)
		}
		var pool frame.Pool
		r := rig{src: &scripted{n: n, seed: 1, pool: &pool}, sessions: 1, journal: j, rec: &log{}}
		res, err := r.run(t, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 && res.Classified > 100 {
			t.Errorf("%d frames were classified for 100 new ones", res.Classified)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFailuresEndTheRunAndLeakNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*rig)
		want   string
	}{
		"source":     {func(r *rig) { r.src.failAt = 50 }, "reading scripted: the disk is on fire"},
		"recorder":   {func(r *rig) { r.rec.failAt = 50 }, "no space left on device"},
		"classifier": {func(r *rig) { r.breakAt = 50 }, "classifying frame 50"},
	} {
		var pool frame.Pool
		r := rig{src: &scripted{n: 300, seed: 1, pool: &pool}, sessions: 3, rec: &log{}}
		c.change(&r)
		_, err := r.run(t, t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if out := pool.Outstanding(); out != 0 {
			t.Errorf("%s: %d picture buffers were not given back", name, out)
		}
	}
}

func TestJournalOfAnotherRunIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, err := OpenJournal(path, "one", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	var other *OtherRunError
	if _, _, err := OpenJournal(path, "two", 1); !errors.As(err, &other) || other.Run != "one" {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte("a letter to my aunt"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenJournal(path, "one", 1); err == nil || !strings.Contains(err.Error(), "not a journal") {
		t.Errorf("got %v", err)
	}
}

// TestDamagedTailIsCutOff damages the journal at every byte of its last two
// records; what is whole before is kept.
func TestDamagedTailIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, err := OpenJournal(path, "run", 1)
	if err != nil {
		t.Fatal(err)
	}
	var ends []int64
	for i := range 3 {
		r := record{traced: []float32{1, 2}, cells: []uint16{3}, probs: []float32{.5, .25}}
		r.obs.Seq, r.obs.N = uint64(i), 2
		if err := j.write(&r); err != nil {
			t.Fatal(err)
		}
		if err := j.w.Flush(); err != nil {
			t.Fatal(err)
		}
		st, err := j.file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, st.Size())
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := ends[0]; at < ends[2]; at++ {
		whole := int64(1)
		if at >= ends[1] {
			whole = 2
		}
		for what, b := range map[string][]byte{"cut": good[:at], "flipped": flipByte(good, at)} {
			if err := os.WriteFile(path, b, 0o666); err != nil {
				t.Fatal(err)
			}
			j, _, err := OpenJournal(path, "run", 1)
			if err != nil {
				t.Fatalf("%s at %d: %v", what, at, err)
			}
			if j.Records() != whole {
				t.Errorf("%s at %d: %d records, want %d", what, at, j.Records(), whole)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if st, _ := os.Stat(path); st.Size() != ends[whole-1] {
				t.Errorf("%s at %d: %d bytes are left, want %d", what, at, st.Size(), ends[whole-1])
			}
		}
	}
}

func flipByte(b []byte, at int64) []byte {
	c := slices.Clone(b)
	c[at] ^= 0x55
	return c
}

func FuzzRecord(f *testing.F) {
	r := record{cells: []uint16{1, 2}, traced: []float32{.5}}
	r.obs.N = 3
	f.Add(r.append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r record
		if r.decode(b) != nil {
			return
		}
		// NaN payloads and unused flag bits may differ; a second round may not.
		once := r.append(nil)
		var again record
		if err := again.decode(once); err != nil {
			t.Fatalf("what was encoded can't be decoded: %v", err)
		}
		if twice := again.append(nil); !slices.Equal(once, twice) {
			t.Error("encoding is not stable")
		}
	})
}
