package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/internal/clocktest"
)

// noonClock says that it is noon, and goes as the real one.
func noonClock() *clocktest.Clock {
	c := &clocktest.Clock{}
	c.Step(time.Until(noon).Truncate(time.Second))
	return c
}

func pass(t *testing.T, c *clocktest.Clock, d time.Duration) {
	t.Helper()
	if err := c.Wait(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// keepDays makes files of so many days up to today.
func keepDays(t *testing.T, dir string, n int) {
	t.Helper()
	for i := range n {
		path := filepath.Join(dir, windowsDir, folder("gate"), fileName(noon.Add(-time.Duration(i)*day)))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, recordSize), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// left are the days of which there are files still.
func left(t *testing.T, dir string) (days []string) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, windowsDir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		days = append(days, filepath.Base(f))
	}
	slices.Sort(days)
	return days
}

// A clock that jumps ahead takes no history with it, unless it stays so for
// hours; one day at a time goes at once, and so does what is too much.
func TestDaysTooOldAtOnce(t *testing.T) {
	const month = 30 * day
	type move struct {
		step, wait time.Duration
		want       int // days that are left
	}
	for name, c := range map[string]struct {
		days  int
		moves []move
	}{
		"a day each day":                   {31, []move{{want: 31}, {wait: day, want: 30}, {wait: day, want: 29}}},
		"ahead, and back":                  {20, []move{{step: month, want: 20}, {wait: patience - time.Hour, want: 20}, {step: -month, want: 20}, {wait: day, want: 20}}},
		"ahead for good":                   {20, []move{{step: month, want: 20}, {wait: patience, want: 1}}},
		"back, and ahead again":            {20, []move{{step: month, want: 20}, {wait: patience - 2*time.Hour, want: 20}, {step: -month, want: 20}, {step: month, want: 20}, {wait: 3 * time.Hour, want: 20}, {wait: patience - 3*time.Hour, want: 1}}},
		"an hour ahead":                    {31, []move{{step: time.Hour, want: 31}}},
		"an hour and a month back":         {20, []move{{step: -time.Hour, want: 20}, {step: -month, want: 20}, {wait: day, want: 20}}},
		"off for a month, started anew":    {60, []move{{want: 60}, {wait: patience, want: 31}}},
		"more than may be, a month behind": {200, []move{{step: -month, want: 100}}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := noonClock()
			s := open(t, Config{Now: clock.Now, MaxBytes: 100 * recordSize})
			keepDays(t, s.cfg.Dir, c.days)
			for i, m := range c.moves {
				clock.Step(m.step)
				pass(t, clock, m.wait)
				s.tidy()
				if got := left(t, s.cfg.Dir); len(got) != m.want {
					t.Fatalf("move %d: %d days are left, want %d: %v", i, len(got), m.want, got)
				}
			}
		})
	}
}

// A file that goes while it is open, as that of a later day does where the
// clock went back and there is too much, is begun anew.
func TestAnOpenFileGoes(t *testing.T) {
	clock := noonClock()
	s := open(t, Config{Now: clock.Now, MaxBytes: recordSize})
	w := &writer{s: s, open: map[string]*os.File{}}
	defer w.close()
	write := func(camera string) {
		r := recordOf(clock.Now(), windowOf(1, 0, 0.5))
		w.write(&entry{dir: filepath.Join(windowsDir, folder(camera)), at: clock.Now(), data: r.appendTo(nil)})
	}
	write("gate")
	clock.Step(-10 * day)
	write("yard")
	w.tidy()
	if got := left(t, s.cfg.Dir); len(got) != 1 || got[0] != "2026-04-30" {
		t.Errorf("%v is left", got)
	}
	clock.Step(10 * day)
	write("gate")
	if got := left(t, s.cfg.Dir); len(got) != 2 {
		t.Errorf("%v is there", got)
	}
}

// Where the clock was set back, the last hour lies ahead of now; it is found,
// and its minutes, which are there twice later, are added up.
func TestAnHourTwice(t *testing.T) {
	clock := noonClock()
	s := open(t, Config{Now: clock.Now})
	l := s.Camera("gate", 0, nil)
	minutes := func(n int) {
		for range n {
			pass(t, clock, time.Minute)
			l.Notify(&event.Event{At: clock.Now(), Window: windowOf(100, 10, 0.5)})
		}
	}
	ask := func() (Series, time.Time) {
		t.Helper()
		flush(t, s)
		until, err := s.Newest(context.Background(), "", clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Windows(context.Background(), Query{Since: noon.Add(-time.Hour), Until: until, Step: 2 * time.Minute})
		if err != nil || len(got) != 1 {
			t.Fatalf("%v, %v", got, err)
		}
		return got[0], until
	}
	minutes(59)
	if _, until := ask(); until.Sub(clock.Now()).Abs() > 30*time.Second {
		t.Errorf("until %v, though it is %v", until, clock.Now())
	}
	clock.Step(-time.Hour)
	minutes(1)
	x, until := ask()
	var all int64
	for _, n := range x.Pairs {
		all += n
	}
	if ahead := until.Sub(clock.Now()); all != 6000 || ahead < 50*time.Minute || ahead > 61*time.Minute {
		t.Errorf("%d pairs of an hour are found, until %v ahead", all, ahead)
	}
	clock.Step(-30 * 24 * time.Hour) // more than a day ahead lies elsewhere
	if until, err := s.Newest(context.Background(), "gate", clock.Now()); err != nil || until.Sub(clock.Now()).Abs() > 30*time.Second {
		t.Errorf("until %v, %v", until, err)
	}
	clock.Step(30 * 24 * time.Hour)
	minutes(90)
	x, _ = ask()
	twice := 0
	for i := range x.Pairs {
		if x.Pairs[i] > 200 {
			twice++
		}
		for what, v := range map[string]*float64{"coverage": x.Coverage[i], "flips": x.FlipFraction[i], "unexplained": x.UnexplainedFraction[i], "decided": x.DecidedFlipFraction[i], "score": x.MeanScore[i]} {
			if v != nil && (*v < 0 || *v > 1) || v == nil && x.Pairs[i] > 0 {
				t.Errorf("%s of step %d is %v", what, i, fmt.Sprint(v))
			}
		}
		if v := x.Coverage[i]; v != nil && *v != 50.0/60 {
			t.Errorf("coverage of step %d is %v", i, *v)
		}
	}
	if twice < 10 {
		t.Errorf("%d steps are there twice", twice)
	}
}
