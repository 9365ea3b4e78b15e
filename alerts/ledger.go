package alerts

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ledger decides what receivers are told of an engine's transitions: one
// message that an alert fires, reminders while it does, and one that it is
// resolved, to whoever was told that it fires. An alert that fires under a
// silence is told when the silence ends, if it still fires then, and never
// if it doesn't. Stepped must be told when the wall clock was set. One
// goroutine uses it.
type Ledger struct {
	open     map[string]*entry // by camera, rule
	silences []Silence
	made     int // silences so far, for their ids
}

type entry = SavedAlert

// NewLedger makes an empty one.
func NewLedger() *Ledger { return &Ledger{open: map[string]*entry{}} }

func ledgerKey(camera, rule string) string { return camera + "\x00" + rule }

// Take gives what is to be told of transitions that happened now.
func (l *Ledger) Take(wall time.Time, transitions []Transition) []Notice {
	var out []Notice
	for i := range transitions {
		t := &transitions[i]
		key := ledgerKey(t.Stream, t.Rule.Name)
		e := l.open[key]
		switch t.To {
		case Firing:
			n := newNotice(wall, t)
			if e == nil {
				e = &entry{}
				n.ID = noticeID(n.Camera, n.Rule, n.StartsAt)
				l.open[key] = e
			} else {
				n.ID, n.StartsAt, n.Revision = e.Notice.ID, e.Notice.StartsAt, e.Notice.Revision
				n.ordered()
			}
			out = l.tell(out, wall, e, n)
		case Resolved:
			if e == nil {
				continue // nobody was told: its begin was lost with the state
			}
			if e.Told {
				n := newNotice(wall, t)
				n.ID, n.StartsAt, n.Revision = e.Notice.ID, e.Notice.StartsAt, e.Notice.Revision+1
				n.ordered()
				out = append(out, n)
			}
			delete(l.open, key)
		}
	}
	return out
}

// tell keeps a firing notice, and gives it out unless it is silenced.
func (l *Ledger) tell(out []Notice, wall time.Time, e *entry, n Notice) []Notice {
	if l.Silenced(wall, n.Camera, n.Rule) {
		e.Notice = n
		return out
	}
	if e.Told {
		n.Revision++
	}
	e.Notice, e.Told = n, true
	return append(out, n)
}

// Tick gives what is to be told because a silence has ended, and forgets
// silences that ended a day ago.
func (l *Ledger) Tick(wall time.Time) []Notice {
	var out []Notice
	for _, e := range l.open {
		if !e.Told {
			n := e.Notice
			n.At = wall.UTC()
			n.ordered()
			out = l.tell(out, wall, e, n)
		}
	}
	slices.SortFunc(out, func(a, b Notice) int { return strings.Compare(a.ID, b.ID) })
	l.silences = slices.DeleteFunc(l.silences, func(s Silence) bool { return wall.Sub(s.Until) > 24*time.Hour })
	return out
}

// Alert is an open alert as a page shows it.
type Alert struct {
	Notice
	Silenced bool `json:"silenced"`
}

// Alerts lists what fires, told or not, by begin.
func (l *Ledger) Alerts(wall time.Time) []Alert {
	out := make([]Alert, 0, len(l.open))
	for _, e := range l.open {
		out = append(out, Alert{Notice: e.Notice, Silenced: l.Silenced(wall, e.Notice.Camera, e.Notice.Rule)})
	}
	slices.SortFunc(out, func(a, b Alert) int {
		if c := a.StartsAt.Compare(b.StartsAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// Silenced says whether a silence covers a rule of a camera.
func (l *Ledger) Silenced(wall time.Time, camera, rule string) bool {
	return slices.ContainsFunc(l.silences, func(s Silence) bool { return s.Covers(wall, camera, rule) })
}

// Silences lists those that hold, will hold, or ended within a day.
func (l *Ledger) Silences() []Silence { return slices.Clone(l.silences) }

// Silence adds one, and returns it with its id. The error says what is wrong
// with it.
func (l *Ledger) Silence(wall time.Time, s Silence) (Silence, error) {
	if s.From.IsZero() {
		s.From = wall
	}
	if err := s.Validate(); err != nil {
		return Silence{}, err
	}
	if !s.Until.After(wall) {
		return Silence{}, fmt.Errorf("until: is past already")
	}
	if len(l.silences) >= maxSilences {
		return Silence{}, fmt.Errorf("there are %d silences already: end some first", maxSilences)
	}
	l.made++
	s.ID = fmt.Sprintf("%d-%d", wall.UnixMilli(), l.made)
	s.From, s.Until = s.From.UTC(), s.Until.UTC()
	l.silences = append(l.silences, s)
	return s, nil
}

// EndSilence ends one now; false if there is none of this id, or it has
// ended.
func (l *Ledger) EndSilence(wall time.Time, id string) bool {
	for i := range l.silences {
		if s := &l.silences[i]; s.ID == id && wall.Before(s.Until) {
			s.Until = wall.UTC()
			if s.From.After(s.Until) {
				s.From = s.Until
			}
			return true
		}
	}
	return false
}

// SavedLedger is what must outlast a restart.
type SavedLedger struct {
	Open     []SavedAlert `json:"open"`
	Silences []Silence    `json:"silences"`
	Made     int          `json:"made"`
}

// SavedAlert is an open alert.
type SavedAlert struct {
	Notice Notice `json:"notice"` // the last, told or not
	Told   bool   `json:"told"`
}

// Snapshot gives what must outlast a restart.
func (l *Ledger) Snapshot() SavedLedger {
	s := SavedLedger{Open: []SavedAlert{}, Silences: l.Silences(), Made: l.made}
	for _, e := range l.open {
		s.Open = append(s.Open, *e)
	}
	slices.SortFunc(s.Open, func(a, b SavedAlert) int { return strings.Compare(a.Notice.ID, b.Notice.ID) })
	return s
}

// Restore takes over what was saved. An engine's own state must be restored,
// too, or alerts stay open that nobody resolves.
func (l *Ledger) Restore(s SavedLedger) {
	l.open, l.silences, l.made = map[string]*entry{}, slices.Clone(s.Silences), s.Made
	for _, e := range s.Open {
		l.open[ledgerKey(e.Notice.Camera, e.Notice.Rule)] = &e
	}
}
