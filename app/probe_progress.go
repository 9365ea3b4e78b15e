package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/perturb"
	"golang.org/x/term"
)

// probeProgress shows how far an experiment is, and the time that is left.
type probeProgress struct {
	name string
	now  func() time.Time

	mu     sync.Mutex
	last   perturb.Progress
	first  perturb.Progress // when the first answer came: what was known before costs nothing
	began  time.Time
	latest time.Time
}

func (p *probeProgress) told(now perturb.Progress) {
	at := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		p.first, p.began = now, at
	}
	if now.Shots >= p.last.Shots {
		p.last, p.latest = now, at
	}
}

func (p *probeProgress) line() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.last
	full := int(l.Share * barCells)
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s%s] %3.0f %%  %d/%d pictures  %d shots", p.name,
		strings.Repeat("█", full), strings.Repeat("·", barCells-full), 100*l.Share, l.Pictures, l.OfPictures, l.Shots)
	if d := p.latest.Sub(p.began); d > 0 {
		fmt.Fprintf(&b, "  %.0f/s", float64(l.Shots-p.first.Shots)/d.Seconds())
		if done := l.Share - p.first.Share; done > 0 {
			left := time.Duration(float64(d) * (1 - l.Share) / done)
			fmt.Fprintf(&b, "  %s left", left.Round(time.Second))
		}
	}
	return b.String()
}

// showProbeProgress starts the display of one experiment and returns what
// tells it how far that is, and what ends it.
func showProbeProgress(out io.Writer, name string) (told func(perturb.Progress), stop func()) {
	p := &probeProgress{name: name, now: time.Now}
	every, terminal := lineEvery, false
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		every, terminal = terminalEvery, true
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				if terminal {
					fmt.Fprint(out, "\r\x1b[K")
				}
				return
			case <-tick.C:
				if terminal {
					fmt.Fprint(out, "\r"+printable(p.line())+"\x1b[K")
				} else {
					fmt.Fprintln(out, printable(p.line()))
				}
			}
		}
	}()
	return p.told, func() { cancel(); <-done }
}
