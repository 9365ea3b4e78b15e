package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/alertmanager"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/internal/clocktest"
	"github.com/flipmeter/flipmeter/stability"
)

// stepped is a desk whose clock is set now and then. Nothing of it runs by
// itself.
type stepped struct {
	*testing.T
	clock clocktest.Clock
	dir   string
	desk  *Desk
	told  []alerts.Notice
}

func (s *stepped) start() {
	s.Helper()
	rule := rules()[0]
	rule.For, rule.KeepFiringFor = 0, 0
	var err error
	s.desk, err = New(Config{
		Rules: []alerts.Rule{rule}, RemindEvery: time.Minute, Dir: s.dir, Now: s.clock.Now,
		Lanes:   []dispatch.Lane{{Name: "each", Receiver: takes{}}, {Name: "fewer", Receiver: takes{}, RemindEvery: 30 * time.Minute}},
		Notices: func(list []alerts.Notice) { s.told = append(s.told, list...) },
	})
	if err != nil {
		s.Fatal(err)
	}
}

// see lets minutes pass, each with a window.
func (s *stepped) see(minutes int, v float64) {
	s.Helper()
	for range minutes {
		if err := s.clock.Wait(s.Context(), time.Minute); err != nil {
			s.Fatal(err)
		}
		s.desk.Health("gate", "up")
		s.desk.Window("gate", &stability.Window{Width: time.Minute, Pairs: 300, UnexplainedFraction: v})
		s.desk.tick()
		s.desk.flush()
	}
}

// summary is what was told, by how long ago it began, and what the receivers
// were last handed, by how long ago that was.
func (s *stepped) summary() []string {
	minutes := func(d time.Duration) int { return int(d.Round(time.Minute) / time.Minute) }
	var out []string
	for _, n := range s.told {
		out = append(out, fmt.Sprint(n.State, n.Revision, minutes(n.At.Sub(n.StartsAt)), n.ID == s.told[0].ID))
	}
	now := s.clock.Now().Round(0)
	for _, a := range s.desk.Alerts() {
		out = append(out, fmt.Sprint("open since ", minutes(now.Sub(a.StartsAt))))
	}
	saved := s.desk.dispatcher.Snapshot()
	for _, name := range []string{"each", "fewer"} {
		for _, at := range saved[name].Passed {
			out = append(out, fmt.Sprint(name, " was handed it ", minutes(now.Sub(at))))
		}
		for _, n := range saved[name].Waiting {
			out = append(out, fmt.Sprint(name, " waits for what is ", minutes(now.Sub(n.At)), " old, of ", minutes(now.Sub(n.StartsAt))))
		}
	}
	return out
}

// valid posts notices to what checks them as an Alertmanager does.
func (s *stepped) valid(list []alerts.Notice) {
	s.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var got []model.Alert
		err := json.Unmarshal(body, &got)
		for i := range got {
			if err == nil {
				err = got[i].Validate()
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	am, err := alertmanager.New(alertmanager.Config{URL: server.URL, Transport: transport})
	if err != nil {
		s.Fatal(err)
	}
	for _, n := range list {
		if err := am.Send(context.Background(), []alerts.Notice{n}); err != nil {
			s.Errorf("%s: %v", n.State, err)
		}
	}
}

// An alert begins, the wall clock is set, some go on and some are restarted,
// and the alert ends: all as without the step.
func TestAStepOfTheWallClock(t *testing.T) {
	run := func(t *testing.T, by time.Duration, restart bool) (told, end []string) {
		s := &stepped{T: t, dir: t.TempDir()}
		s.start()
		s.see(3, 1)
		s.desk.flush() // what was told is no more in the outbox
		if !restart {
			s.clock.Step(by)
		} else {
			s.desk.writes.Wait()
			s.clock.Step(by)
			s.start()
		}
		told = s.summary()
		s.see(28, 1)
		told = append(told, s.summary()...)
		s.see(2, 1) // the 30 minutes of the second receiver are over
		told = append(told, s.summary()...)
		s.see(1, 0)
		if s.told[len(s.told)-1].State != alerts.Resolved {
			t.Fatalf("not over: %q", s.summary())
		}
		s.valid(s.told)
		return told, s.summary()
	}
	for _, restart := range []bool{false, true} {
		told, end := run(t, 0, restart)
		for _, by := range []time.Duration{-time.Hour, -24 * time.Hour, 2 * time.Hour} {
			if restart && by > 0 {
				continue // it has been off for that long, for all that one can know
			}
			t.Run(fmt.Sprint(by, restart), func(t *testing.T) {
				a, b := run(t, by, restart)
				if !slices.Equal(a, told) || !slices.Equal(b, end) {
					t.Errorf("told\n%q\n%q, want\n%q\n%q", a, b, told, end)
				}
			})
		}
	}
}

// A silence that was over stays so, and one that held does not pause, when the
// clock goes back, be it while the desk is not running.
func TestASilenceOutlastsAClockSetBack(t *testing.T) {
	for _, restart := range []bool{false, true} {
		s := &stepped{T: t, dir: t.TempDir()}
		s.start()
		for camera, until := range map[string]time.Duration{"gate": 2 * time.Minute, "yard": time.Hour} {
			if _, err := s.desk.Silence(alerts.Silence{Camera: camera, Until: s.clock.Now().Add(until)}); err != nil {
				t.Fatal(err)
			}
		}
		s.see(3, 0)
		s.desk.flush()
		if restart {
			s.desk.writes.Wait()
			if err := write(s.dir, stateFile, s.saved()); err != nil {
				t.Fatal(err)
			}
		}
		s.clock.Step(-2 * time.Hour)
		if restart {
			s.start()
		}
		now := s.clock.Now()
		for _, v := range s.desk.Silences() {
			if got, want := v.Covers(now, v.Camera, "x"), v.Camera == "yard"; got != want {
				t.Errorf("restart %v: %s is silenced: %v, from %s until %s at %s", restart, v.Camera, got, v.From, v.Until, now)
			}
		}
	}
}

// saved is the state of now, as a file holds it.
func (s *stepped) saved() *state {
	s.desk.changed()
	saved, _ := s.desk.snapshot()
	return saved
}

// What was about to be told when the program ended is told after a start under
// a clock that was set back, with times of that.
func TestWhatWasAboutToBeToldFollowsAClockSetBack(t *testing.T) {
	s := &stepped{T: t, dir: t.TempDir()}
	s.start()
	s.desk.Window("gate", &stability.Window{Width: time.Minute, Pairs: 300, UnexplainedFraction: 1})
	if err := write(s.dir, stateFile, s.saved()); err != nil {
		t.Fatal(err)
	}
	s.clock.Step(-time.Hour)
	s.start()
	s.desk.flush()
	if now := s.clock.Now(); len(s.told) != 1 || s.told[0].At.After(now) || s.told[0].StartsAt.After(now) {
		t.Errorf("told at %s: %+v", now, s.told)
	}
}

// When something was sent is told by the clock that the desk goes by.
func TestLastSentGoesByTheClock(t *testing.T) {
	s := &stepped{T: t}
	s.clock.Step(-24 * time.Hour)
	s.start()
	s.desk.Window("gate", &stability.Window{Width: time.Minute, Pairs: 300, UnexplainedFraction: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it sends what is there, and ends
	if err := s.desk.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.desk.Receivers() {
		if r.Sent != 1 || r.LastSent.After(s.clock.Now()) {
			t.Errorf("%+v at %s", r, s.clock.Now())
		}
	}
}

type takes struct{}

func (takes) Send(context.Context, []alerts.Notice) error { return nil }
