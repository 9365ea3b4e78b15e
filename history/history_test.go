package history

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// flush writes what waits, as Run does at its end.
func flush(t testing.TB, s *Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func windowOf(pairs, flips int64, score float64) *stability.Window {
	return &stability.Window{
		Width: time.Minute, Pairs: pairs, Flips: flips, Unexplained: flips / 2, DecidedPairs: pairs / 2, DecidedFlips: flips / 4,
		Observed: 50 * time.Second, Uncovered: 10 * time.Second, MeanScore: score, MAC: 0.1,
	}
}

// Steps agree with adding up by hand, whatever the stretch and the step.
func TestWindowsAgreeWithAddingUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	s := open(t, Config{Now: func() time.Time { return noon }})
	type kept struct {
		camera string
		at     time.Time
		w      *stability.Window
	}
	var all []kept
	names := []string{"gate", "yard/../x", "..", "a%2Fb", "Größe"}
	for _, name := range names {
		l := s.Camera(name, 0, nil)
		at := noon.Add(-60 * time.Hour)
		for at.Before(noon) {
			at = at.Add(time.Duration(rng.IntN(900)) * time.Second)
			score := rng.Float64()
			if rng.IntN(10) == 0 {
				score = math.NaN()
			}
			w := windowOf(int64(rng.IntN(1500)), int64(rng.IntN(100)), score)
			before := len(s.work)
			l.Notify(&event.Event{At: at, Window: w})
			if len(s.work) > before { // it did not overlap the one before
				all = append(all, kept{name, at.Truncate(time.Millisecond), w})
			}
		}
		flush(t, s)
	}
	for range 60 {
		q := Query{Since: noon.Add(-time.Duration(rng.IntN(70)) * time.Hour), Step: time.Duration(1+rng.IntN(90)) * time.Minute}
		q.Until = q.Since.Add(time.Duration(1+rng.IntN(40*60)) * time.Minute)
		if rng.IntN(2) == 0 {
			q.Camera = names[rng.IntN(len(names))]
		}
		got, err := s.Windows(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		if want := len(names); q.Camera == "" && len(got) != want || q.Camera != "" && len(got) != 1 {
			t.Fatalf("%d series", len(got))
		}
		for _, g := range got {
			for i := range g.Pairs {
				from := time.UnixMilli(g.FromMs + int64(i)*g.StepMs)
				var pairs, flips int64
				score, n := 0.0, 0.0
				for _, k := range all {
					if k.camera == g.Camera && !k.at.Before(from) && k.at.Before(from.Add(q.Step)) && !k.at.Before(q.Since) && k.at.Before(q.Until) {
						pairs, flips = pairs+k.w.Pairs, flips+k.w.Flips
						if !math.IsNaN(k.w.MeanScore) {
							weight := float64(max(k.w.Pairs, 1))
							score, n = score+k.w.MeanScore*weight, n+weight
						}
					}
				}
				if g.Pairs[i] != pairs || g.Flips[i] != flips || (g.MeanScore[i] == nil) != (n == 0) || n > 0 && math.Abs(*g.MeanScore[i]-score/n) > 1e-6 {
					t.Fatalf("%s, step %d: %d pairs, %d flips, score %v; want %d, %d, %v", g.Camera, i, g.Pairs[i], g.Flips[i], g.MeanScore[i], pairs, flips, score/n)
				}
				if (g.FlipFraction[i] == nil) != (pairs == 0) || pairs > 0 && *g.FlipFraction[i] != float64(flips)/float64(pairs) {
					t.Fatalf("%s, step %d: flip fraction %v", g.Camera, i, g.FlipFraction[i])
				}
			}
		}
	}
	if got, err := s.Windows(context.Background(), Query{Camera: "none", Since: noon.Add(-time.Hour), Until: noon}); err != nil || len(got) != 0 {
		t.Errorf("a camera that never was: %v, %v", got, err)
	}
	// Nothing has left its folder.
	if found, err := filepath.Glob(filepath.Join(s.cfg.Dir, "*")); err != nil || len(found) != 3 {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestWindowsDontOverlap(t *testing.T) {
	s := open(t, Config{})
	l := s.Camera("gate", 0, nil)
	for i := range 3601 {
		l.Notify(&event.Event{At: noon.Add(time.Duration(i) * time.Second), Window: windowOf(60, 1, 0.5)})
	}
	l.Notify(&event.Event{At: noon, Window: &stability.Window{Width: time.Hour}})
	l.Notify(&event.Event{At: noon, Window: windowOf(60, 1, 0.5)})
	if n := len(s.work); n != 62 { // one a minute, and time went back once
		t.Errorf("%d windows of an hour are kept", n)
	}
	if s.Lost() != 0 {
		t.Errorf("%d lost", s.Lost())
	}
}

func TestFlipsAndAlerts(t *testing.T) {
	s := open(t, Config{})
	tracker := stability.NewTracker(stability.DefaultConfig())
	var u stability.Update
	l := s.Camera("gate", 5, func(i int32) string { return fmt.Sprint("class", i) })
	for i, label := range strings.Split("1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1", " ") {
		o := stability.Observation{Epoch: 7, Seq: uint64(i), PTS: time.Duration(i) * 100 * time.Millisecond, HasPTS: true, Label: int32(label[0] - '0'), Score: 0.9, Change: -1}
		tracker.Observe(&o, &u)
		l.Notify(&event.Event{At: noon.Add(o.PTS), Observation: &o, Update: u})
	}
	tracker.Flush(&u)
	l.Notify(&event.Event{At: noon.Add(2200 * time.Millisecond), Update: u})
	s.Notices([]alerts.Notice{{ID: "a", Camera: "gate", At: noon}, {ID: "b", Camera: "yard", At: noon.Add(time.Second)}, {ID: "c", Camera: "gate", At: noon.Add(48 * time.Hour)}})
	s.Notices([]alerts.Notice{{ID: "b", Camera: "yard", At: noon.Add(time.Second)}}) // told again after a kill
	flush(t, s)
	q := Query{Since: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}
	flips, err := s.Flips(context.Background(), q)
	if err != nil || len(flips) != 2 {
		t.Fatalf("%+v, %v", flips, err)
	}
	if f := flips[1]; f.ID != "12-10" || f.From != "class1" || f.To != "class2" || f.Kind != "glitch" || !f.Unexplained || f.HeldAfterMs != 100 || f.At.Sub(noon).Abs() > 2*time.Second+200*time.Millisecond {
		t.Errorf("%+v", f)
	}
	list, err := s.Alerts(context.Background(), q)
	if err != nil || len(list) != 2 || list[0].ID != "b" {
		t.Errorf("%+v, %v", list, err)
	}
	q.Camera, q.Until = "gate", noon.Add(72*time.Hour)
	if list, err = s.Alerts(context.Background(), q); err != nil || len(list) != 2 || list[0].ID != "c" {
		t.Errorf("%+v, %v", list, err)
	}
	q.Limit = 1
	if list, err = s.Alerts(context.Background(), q); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// A crash tears the last record, and a disk rots one: the rest is read, and
// what is written afterwards, too.
func TestTornRecords(t *testing.T) {
	dir := t.TempDir()
	write := func(minutes ...int) {
		s := open(t, Config{Dir: dir})
		l := s.Camera("gate", 5, func(int32) string { return "x" })
		for _, m := range minutes {
			l.Notify(&event.Event{At: noon.Add(time.Duration(m) * time.Minute), Window: windowOf(100, 10, 0.5)})
			s.Notices([]alerts.Notice{{ID: fmt.Sprint(m), At: noon.Add(time.Duration(m) * time.Minute)}})
		}
		flush(t, s)
	}
	write(0, 1, 2, 3)
	path := filepath.Join(dir, windowsDir, folder("gate"), "2026-05-10")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[recordSize+20] ^= 1
	if err := os.WriteFile(path, b[:4*recordSize-5], 0o600); err != nil {
		t.Fatal(err)
	}
	alertsFile := filepath.Join(dir, alertsDir, "2026-05-10")
	a, err := os.ReadFile(alertsFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alertsFile, a[:len(a)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	write(4, 5)
	s := open(t, Config{Dir: dir})
	q := Query{Since: noon, Until: noon.Add(6 * time.Minute), Step: time.Minute}
	got, err := s.Windows(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	if pairs := fmt.Sprint(got[0].Pairs); pairs != "[100 0 100 0 100 100]" {
		t.Errorf("pairs %s", pairs)
	}
	if list, err := s.Alerts(context.Background(), q); err != nil || len(list) != 5 {
		t.Errorf("%d alerts, %v", len(list), err)
	}
}

func TestBounds(t *testing.T) {
	dir := t.TempDir()
	now := noon
	s := open(t, Config{Dir: dir, MaxAge: 10 * day, MaxBytes: 5 * 100 * recordSize, Now: func() time.Time { return now }})
	for d := range 20 {
		for _, camera := range []string{"gate", "yard"} {
			l := s.Camera(camera, 0, nil)
			for i := range 50 {
				l.Notify(&event.Event{At: noon.Add(-time.Duration(d) * day).Add(time.Duration(i) * time.Minute), Window: windowOf(1, 0, 0.5)})
			}
		}
		flush(t, s)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s.tidy()
	left, err := filepath.Glob(filepath.Join(dir, windowsDir, "*", "*"))
	if err != nil || len(left) != 10 { // five days of two cameras
		t.Errorf("%d files are left: %v", len(left), left)
	}
	for _, f := range left {
		if filepath.Base(f) < "2026-05-06" {
			t.Errorf("%s is left", f)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "notes.txt")); err != nil {
		t.Error("a file that is not ours was removed")
	}
	now = noon.Add(15 * day)
	s.tidy()
	now = now.Add(patience) // more than a day at once
	s.tidy()
	if left, _ = filepath.Glob(filepath.Join(dir, windowsDir, "*", "*")); len(left) != 0 {
		t.Errorf("too old: %v", left)
	}
}

// A disk that can't be written to loses records, counted, and ends nothing.
func TestABrokenDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Dir: dir})
	if err := os.RemoveAll(filepath.Join(dir, windowsDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, windowsDir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Camera("gate", 0, nil).Notify(&event.Event{At: noon, Window: windowOf(1, 1, 1)})
	flush(t, s)
	if s.Lost() != 1 {
		t.Errorf("%d lost", s.Lost())
	}
	for range maxWaiting + 10 {
		s.Notices([]alerts.Notice{{At: noon}})
	}
	if s.Lost() != 11 {
		t.Errorf("%d lost", s.Lost())
	}
}

func TestStepFor(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, time.Hour: time.Minute, 24 * time.Hour: 5 * time.Minute, 30 * day: 2 * time.Hour, 366 * day: day, 4000 * day: day} {
		if got := stepFor(span); got != want {
			t.Errorf("%s: %s, want %s", span, got, want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	r := recordOf(noon, windowOf(100, 10, 0.5))
	f.Add(r.appendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < recordSize {
			return
		}
		var r record
		if !r.read(b[:recordSize]) {
			return
		}
		if got := r.appendTo(nil); string(got) != string(b[:recordSize]) {
			t.Errorf("%x is written as %x", b[:recordSize], got)
		}
	})
}

// BenchmarkDayView reads a day of 50 cameras out of 30 days.
func BenchmarkDayView(b *testing.B) {
	s := open(b, Config{Now: func() time.Time { return noon }})
	rng := rand.New(rand.NewPCG(1, 1))
	for c := range 50 {
		dir := filepath.Join(s.cfg.Dir, windowsDir, folder(fmt.Sprint("camera", c)))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			b.Fatal(err)
		}
		for d := range 30 {
			begin := noon.Truncate(day).Add(-time.Duration(d) * day)
			var data []byte
			for m := range 1440 {
				r := recordOf(begin.Add(time.Duration(m)*time.Minute), windowOf(1500, int64(rng.IntN(50)), 0.5))
				data = r.appendTo(data)
			}
			if err := os.WriteFile(filepath.Join(dir, fileName(begin)), data, 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ResetTimer()
	b.ReportAllocs()
	for range b.N {
		got, err := s.Windows(context.Background(), Query{Since: noon.Add(-day), Until: noon})
		if err != nil || len(got) != 50 {
			b.Fatal(len(got), err)
		}
	}
}
