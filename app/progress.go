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
	if p.total > 0 && frames <= p.total {
		done := float64(frames) / float64(p.total)
		full := int(done * barCells)
		fmt.Fprintf(&b, " [%s%s] %3.0f %%", strings.Repeat("█", full), strings.Repeat("·", barCells-full), 100*done)
	}
	fmt.Fprintf(&b, "  %d", frames)
	if p.total > 0 && frames <= p.total {
		fmt.Fprintf(&b, "/%d", p.total)
	}
	fmt.Fprintf(&b, " frames  %.0f fps  %d flips", fps, flips)
	if p.total > frames && frames > 0 {
		left := time.Duration(float64(p.total-frames) / fps * float64(time.Second))
		fmt.Fprintf(&b, "  %s left", left.Round(time.Second))
	}
	return b.String()
}
