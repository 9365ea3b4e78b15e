package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"golang.org/x/term"
)

// How often progress is shown: often enough on a terminal to look alive,
// seldom enough elsewhere that a log of hours stays readable.
const (
	terminalEvery = 200 * time.Millisecond
	lineEvery     = 15 * time.Second
	barCells      = 24
)

// progress shows how far a stream is: frames, speed, time left and flips so
// far. It is a Listener; its Run draws.
type progress struct {
	out      io.Writer
	name     string
	total    int64 // expected frames, 0 where unknown
	terminal bool
	every    time.Duration
	now      func() time.Time

	frames, flips atomic.Int64
	// done, in millionths, is how much of a source of unknown length was
	// read; 0 where that isn't known either.
	done atomic.Int64
}

func newProgress(out io.Writer, name string, total int64) *progress {
	p := &progress{out: out, name: name, total: total, every: lineEvery, now: time.Now}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal, p.every = true, terminalEvery
	}
	return p
}

// Notify counts.
func (p *progress) Notify(ev *event.Event) {
	if ev.Observation != nil {
		p.frames.Add(1)
		if ev.Flip {
			p.flips.Add(1)
		}
	}
}

// start draws in a goroutine of its own, until stop is called.
func (p *progress) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.Run(ctx) // drawing never fails
	}()
	return func() { cancel(); <-done }
}

// Run draws until ctx ends, and on a terminal clears its line then.
func (p *progress) Run(ctx context.Context) error {
	start := p.now()
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if p.terminal {
				fmt.Fprint(p.out, "\r\x1b[K")
			}
			return nil
		case <-tick.C:
			line := p.line(p.now().Sub(start))
			if p.terminal {
				fmt.Fprint(p.out, "\r"+line+"\x1b[K")
			} else {
				fmt.Fprintln(p.out, line)
			}
		}
	}
}

func (p *progress) line(elapsed time.Duration) string {
	frames, flips := p.frames.Load(), p.flips.Load()
	fps := float64(frames) / max(elapsed.Seconds(), 1e-3)
	var b strings.Builder
	b.WriteString(p.name)
	// A container's frame count is an estimate: past it, there is no bar.
	counted := p.total > 0 && frames <= p.total
	done := float64(p.done.Load()) / 1e6
	if counted {
		done = float64(frames) / float64(p.total)
	}
	if done > 0 || counted {
		full := min(int(done*barCells), barCells)
		fmt.Fprintf(&b, " [%s%s] %3.0f %%", strings.Repeat("█", full), strings.Repeat("·", barCells-full), 100*done)
	}
	fmt.Fprintf(&b, "  %d", frames)
	if counted {
		fmt.Fprintf(&b, "/%d", p.total)
	}
	fmt.Fprintf(&b, " frames  %.0f fps  %d flips", fps, flips)
	if done > 0 && done < 1 {
		left := time.Duration(elapsed.Seconds() * (1 - done) / done * float64(time.Second))
		fmt.Fprintf(&b, "  %s left", left.Round(time.Second))
	}
	return b.String()
}
