package dispatch

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// A receiver hears as often of an alert that goes on as without a step of the
// wall clock; at most once more where nobody told of the step, as it may be at
// a restart, and never twice as late.
func TestRemindersUnderAStepOfTheWallClock(t *testing.T) {
	began := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	// heard are the minutes at which it hears of one told each minute.
	heard := func(every, by time.Duration, told bool) []int {
		d, err := New(Config{}, Lane{Name: "it", RemindEvery: every})
		if err != nil {
			t.Fatal(err)
		}
		l := d.lanes[0]
		var out []int
		off := time.Duration(0)
		for m := range 60 {
			if m == 20 {
				if off = by; told {
					d.Stepped(by)
				}
			}
			l.push(alerts.Notice{ID: "a", State: alerts.Firing, Revision: m, At: began.Add(time.Duration(m)*time.Minute + off)})
			if n := len(l.take()); n > 0 {
				out = append(out, m)
				l.settle(nil)
			}
		}
		return out
	}
	for _, every := range []time.Duration{0, 15 * time.Minute, 4 * time.Hour} {
		want := heard(every, 0, false)
		for _, by := range []time.Duration{-time.Hour, 2 * time.Hour, -5 * time.Minute, 12 * time.Hour} {
			if got := heard(every, by, true); !slices.Equal(got, want) {
				t.Errorf("every %v, set on by %v: at %v, want %v", every, by, got, want)
			}
			got := heard(every, by, false)
			var longest time.Duration
			for i := 1; i < len(got); i++ {
				longest = max(longest, time.Duration(got[i]-got[i-1])*time.Minute)
			}
			if extra := len(got) - len(want); extra < 0 || extra > 1 || longest > max(2*every, time.Minute) {
				t.Errorf("every %v, set on by %v without a word: at %v, without the step at %v", every, by, got, want)
			}
		}
	}
}

func TestWhatWaitsFollowsTheWallClock(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	d, err := New(Config{Now: func() time.Time { return now }}, Lane{Name: "it", Receiver: sink{}})
	if err != nil {
		t.Fatal(err)
	}
	l := d.lanes[0]
	d.Notify([]alerts.Notice{{ID: "a", State: alerts.Firing, At: now, StartsAt: now}})
	l.take()
	l.settle(nil)
	if got := d.Stats()[0].LastSent; !got.Equal(now) {
		t.Errorf("last sent at %s", got)
	}
	d.Notify([]alerts.Notice{{ID: "a", State: alerts.Resolved, At: now, StartsAt: now.Add(-time.Minute), EndsAt: now}, {ID: "b", State: alerts.Firing, At: now, StartsAt: now}})
	d.Stepped(-time.Hour)
	w := d.Snapshot()["it"].Waiting
	early := now.Add(-time.Hour)
	got := fmt.Sprint(d.Stats()[0].LastSent, w[0].At, w[0].StartsAt, w[0].EndsAt, w[1].StartsAt, w[1].EndsAt.IsZero())
	if want := fmt.Sprint(early, early, early.Add(-time.Minute), early, early, true); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

type sink struct{}

func (sink) Send(context.Context, []alerts.Notice) error { return nil }
