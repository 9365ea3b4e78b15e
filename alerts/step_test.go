package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/internal/clocktest"
)

// steps are what the wall clock is set on by; the first is none.
var steps = []time.Duration{0, -time.Hour, 2 * time.Hour, -time.Minute, 24 * time.Hour}

// An alert that is told, told again and over on two sides of a step lasts as
// long as without, and begins before it ends.
func TestAStepOfTheWallClockLeavesAnAlertAsLong(t *testing.T) {
	run := func(t *testing.T, by time.Duration, silenced bool) []string {
		e, l := newEngine(t, 10*time.Second, quickRule()), NewLedger()
		var out []string
		var id string
		see := func(sec int, off time.Duration, v float64) {
			at := time.Duration(sec) * time.Second
			wall := noon.Add(at + off)
			for _, n := range append(l.Take(wall, e.Observe(at, "gate", window(v, 300))), l.Tick(wall)...) {
				if n.StartsAt.After(n.At) || n.State == Resolved && n.StartsAt.After(n.EndsAt) {
					t.Errorf("%v: begins %s, told %s, ends %s", by, n.StartsAt, n.At, n.EndsAt)
				}
				if id == "" {
					id = n.ID
				}
				out = append(out, fmt.Sprint(n.State, n.Revision, n.At.Sub(n.StartsAt), n.ID == id, n.At.Equal(wall)))
			}
		}
		if silenced {
			// It holds until after the step, by either clock.
			if _, err := l.Silence(noon, Silence{Until: noon.Add(48 * time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		see(0, 0, 1)
		see(10, 0, 1)
		l.Stepped(noon.Add(11*time.Second+by), by)
		for _, a := range l.Alerts(noon.Add(15*time.Second + by)) {
			out = append(out, fmt.Sprint("open", a.At.Sub(a.StartsAt), a.StartsAt.Equal(noon.Add(by))))
		}
		see(15, by, 1)
		if silenced {
			l.EndSilence(noon.Add(16*time.Second+by), l.Silences()[0].ID)
			see(17, by, 1)
		}
		see(20, by, 1)
		see(25, by, 0)
		return out
	}
	for _, silenced := range []bool{false, true} {
		want := run(t, 0, silenced)
		if len(want) < 4 {
			t.Fatalf("told %q", want)
		}
		for _, by := range steps[1:] {
			if got := run(t, by, silenced); !slices.Equal(got, want) {
				t.Errorf("set on by %v, silenced %v:\n%q, want\n%q", by, silenced, got, want)
			}
		}
	}
}

// A clock that goes back by less than what counts as a step tells of nothing
// that began later than now.
func TestAnAlertNeverBeginsAfterItIsTold(t *testing.T) {
	for name, last := range map[string]float64{"told again": 1, "over": 0} {
		e, l := newEngine(t, 100*time.Millisecond, quickRule()), NewLedger()
		l.Take(noon, e.Observe(0, "gate", window(1, 300)))
		ns := l.Take(noon.Add(-400*time.Millisecond), e.Observe(500*time.Millisecond, "gate", window(last, 300)))
		if len(ns) != 1 || ns[0].StartsAt.After(ns[0].At) {
			t.Errorf("%s: %+v", name, ns)
		}
	}
	e, l := newEngine(t, 0, quickRule()), NewLedger()
	s, err := l.Silence(noon, Silence{Until: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	l.Take(noon, e.Observe(0, "gate", window(1, 300)))
	l.EndSilence(noon, s.ID)
	if ns := l.Tick(noon.Add(-400 * time.Millisecond)); len(ns) != 1 || ns[0].StartsAt.After(ns[0].At) {
		t.Errorf("told late: %+v", ns)
	}
}

// What holds goes on, until its date; what is over stays over; what is to come
// comes at its date.
func TestASilenceUnderAStepOfTheWallClock(t *testing.T) {
	at := func(hour float64) time.Time { return noon.Add(time.Duration(hour * float64(time.Hour))) }
	for name, c := range map[string]struct {
		s    Silence
		by   time.Duration
		want string // covered, each half hour of 0 to 4 hours after noon by the clock after the step
	}{
		"over, no step":     {Silence{From: at(-1), Until: at(0)}, 0, "---------"},
		"over, back":        {Silence{From: at(-1), Until: at(0)}, -2 * time.Hour, "---------"},
		"over, on":          {Silence{From: at(-1), Until: at(0)}, 2 * time.Hour, "---------"},
		"holds, no step":    {Silence{From: at(-0.5), Until: at(1.5)}, 0, "###------"},
		"holds, back":       {Silence{From: at(-0.5), Until: at(1.5)}, -2 * time.Hour, "#######--"},
		"holds, on":         {Silence{From: at(-0.5), Until: at(1.5)}, time.Hour, "#--------"},
		"lasts, back":       {Silence{From: at(-0.5), Until: at(1.5), Lasting: true}, -2 * time.Hour, "###------"},
		"lasts, on":         {Silence{From: at(-0.5), Until: at(1.5), Lasting: true}, 2 * time.Hour, "###------"},
		"lasted, back":      {Silence{From: at(-1), Until: at(0), Lasting: true}, -2 * time.Hour, "---------"},
		"will last, on":     {Silence{From: at(1), Until: at(2), Lasting: true}, time.Hour / 2, "-##------"},
		"to come, no step":  {Silence{From: at(1), Until: at(2)}, 0, "--##-----"},
		"to come, half on":  {Silence{From: at(1), Until: at(2)}, time.Hour / 2, "-##------"},
		"to come, hour off": {Silence{From: at(1), Until: at(2)}, -time.Hour, "----##---"},
	} {
		l := NewLedger()
		l.silences = []Silence{c.s}
		if c.by != 0 {
			l.Stepped(noon.Add(c.by), c.by)
		}
		var got strings.Builder
		for i := range 9 {
			if l.Silenced(noon.Add(c.by+time.Duration(i)*time.Hour/2), "gate", "x") {
				got.WriteByte('#')
			} else {
				got.WriteByte('-')
			}
		}
		if s := l.silences[0]; c.s.Lasting && s.Until.Sub(s.From) != c.s.Until.Sub(c.s.From) {
			t.Errorf("%s: it says from %s until %s", name, s.From, s.Until)
		}
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got.String(), c.want)
		}
	}
}

func TestClockStep(t *testing.T) {
	before := time.Now()
	for _, by := range append(steps, time.Second, -time.Second) {
		if got := ClockStep(before, clocktest.Step(before.Add(time.Minute), by)); got != by {
			t.Errorf("%v, want %v", got, by)
		}
	}
	if got := ClockStep(noon, noon.Add(time.Hour)); got != 0 {
		t.Errorf("times of one clock only: a step of %v", got)
	}
}
