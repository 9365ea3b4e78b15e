package alerts

import "time"

// ClockStep is how far the wall clock was set on, or back, between two
// moments; zero for less than a second, and for times that know of no other
// clock.
func ClockStep(before, after time.Time) time.Duration {
	step := after.Round(0).Sub(before.Round(0)) - after.Sub(before)
	if step.Abs() < time.Second {
		return 0
	}
	return step
}

// Stepped gives the notice as it would read had the wall clock always gone as
// it does since it was set on by a duration, or back. Its id stays: it names
// the alert.
func (n Notice) Stepped(by time.Duration) Notice {
	n.At, n.StartsAt = n.At.Add(by), n.StartsAt.Add(by)
	if !n.EndsAt.IsZero() {
		n.EndsAt = n.EndsAt.Add(by)
	}
	return n
}

// ordered lets nothing begin after it is told: a clock can have gone back by
// less than a step.
func (n *Notice) ordered() {
	if n.StartsAt.After(n.At) {
		n.StartsAt = n.At
	}
}

// Stepped follows the wall clock, which was set on by a duration, or back, and
// is wall now. What fires has fired for as long as it had. A silence that lasts
// for a time does so. One until a date ends when the wall clock says so; but
// where that is set back, one that held goes on holding, and one that was over
// stays so.
func (l *Ledger) Stepped(wall time.Time, by time.Duration) {
	for _, e := range l.open {
		e.Notice = e.Notice.Stepped(by)
	}
	was := wall.Add(-by)
	for i := range l.silences {
		s := &l.silences[i]
		begun, over := !was.Before(s.From), !was.Before(s.Until)
		if begun && (by < 0 || s.Lasting) {
			s.From = s.From.Add(by)
		}
		if over && by < 0 || begun && s.Lasting {
			s.Until = s.Until.Add(by)
		}
	}
}
