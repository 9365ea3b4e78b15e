package pages

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/internal/browsertest"
	"github.com/flipmeter/flipmeter/stability"
	"github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/live"
)

// With a list of flips that is full, the newest stands first although the
// wall clock was set back by an hour; and so does that of another run of the
// program, whose flips are counted anew.
func TestFlipsAfterAStepOfTheClock(t *testing.T) {
	p := newPlant(t, 2, 4*time.Minute, usual)
	stop := p.run()
	b := open(t, browsertest.Start(t), p, "#/cameras/"+url.PathEscape(oddName()), 1280, 900)
	b.Until("document.querySelectorAll('.flip').length === 60")
	p.stepClock(-time.Hour)
	before := time.Now().Add(-30 * time.Minute).UTC().Format(time.RFC3339)
	b.Until(fmt.Sprintf("document.querySelector('.flip time').dateTime < %q", before))
	// More than one, and the first is the newest of them.
	b.Until(fmt.Sprintf(`(() => {
		const at = [...document.querySelectorAll('.flip time')].map(e => e.dateTime), stepped = at.filter(v => v < %q)
		return at.length === 60 && stepped.length >= 3 && at.slice(0, stepped.length).every((v, i) => v < %[1]q && (i === 0 || at[i - 1] >= v))
	})()`, before))
	stop()

	b.Bear()
	p.stopServing()
	p.hub = live.NewHub(live.Config{})
	p.board = board.New(board.Config{Now: func() time.Time { return time.Now().Add(24 * time.Hour) }})
	l, tracker := p.board.Camera(board.Info{Name: oddName()}), stability.NewTracker(stability.DefaultConfig())
	var u stability.Update
	for i := range 4 {
		o := stability.Observation{Epoch: 9, Seq: uint64(i), PTS: time.Duration(i) * usual, HasPTS: true, Label: int32(i / 2), Score: 0.5, Change: -1}
		tracker.Observe(&o, &u)
		l.Notify(&event.Event{At: time.Now(), Observation: &o, Update: u})
	}
	p.config.Board, p.config.Hub, p.config.Started = p.board, p.hub, time.Now()
	p.serve(p.address)
	b.Until("document.querySelectorAll('.flip').length === 1 && document.querySelector('.flip').dataset.order < 0")
}

// Marks of flips from before the clock was set back don't stand under labels
// from after it.
func TestMarksUnderLabels(t *testing.T) {
	p := newPlant(t, 1, time.Second, usual)
	b := open(t, browsertest.Start(t), p, "", 800, 600)
	for name, c := range map[string]struct {
		at   string // milliseconds, the newest last
		want int
	}{
		"as they came":      {"1000, 2000, 200000, 299000", 4},
		"newer than labels": {"1000, 301000", 2},
		"out of order":      {"5000, 1000, 9000, 8000", 4},
		"back":              {"100000, 200000, 90000, 150000", 2},
		"back, none since":  {"250000, 3900000, 3901000", 0},
		"on":                {"1000, 7500000", 0},
		"none":              {"", 0},
	} {
		js := fmt.Sprintf(`import('./draw.js').then(m => m.ofThisClock([%s].map(at => ({at: new Date(at).toISOString()})), 300000).length)`, c.at)
		if got := browsertest.Eval[int](b, js); got != c.want {
			t.Errorf("%s: %d marks, want %d", name, got, c.want)
		}
	}
}
