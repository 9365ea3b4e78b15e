package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// transfer shows how far a download is, like progress does for a stream. Its
// methods are called from one goroutine.
type transfer struct {
	out      io.Writer
	name     string
	terminal bool
	every    time.Duration
	now      func() time.Time

	began, next time.Time
	first       int64 // bytes that were there when it began
}

func newTransfer(out io.Writer, name string) *transfer {
	t := &transfer{out: out, name: name, every: lineEvery, now: time.Now}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t.terminal, t.every = true, terminalEvery
	}
	return t
}

// progress draws, now and then. total is -1 where it is not known.
func (t *transfer) progress(done, total int64) {
	now := t.now()
	if t.began.IsZero() {
		t.began, t.next, t.first = now, now.Add(t.every), done
	}
	if now.Before(t.next) {
		return
	}
	t.next = now.Add(t.every)
	line := t.line(done, total, now.Sub(t.began))
	if t.terminal {
		fmt.Fprint(t.out, "\r"+line+"\x1b[K")
	} else {
		fmt.Fprintln(t.out, line)
	}
}

// notice says something between two drawings.
func (t *transfer) notice(line string) {
	t.end()
	fmt.Fprintln(t.out, t.name+": "+printable(line))
}

// end clears the line on a terminal.
func (t *transfer) end() {
	if t.terminal {
		fmt.Fprint(t.out, "\r\x1b[K")
	}
}

func (t *transfer) line(done, total int64, elapsed time.Duration) string {
	speed := float64(done-t.first) / max(elapsed.Seconds(), 1e-3)
	var b strings.Builder
	b.WriteString(t.name)
	if total > 0 {
		share := float64(done) / float64(total)
		full := int(share * barCells)
		fmt.Fprintf(&b, " [%s%s] %3.0f %%  %.1f/%s", strings.Repeat("█", full), strings.Repeat("·", barCells-full), 100*share, float64(done)/1e6, megabytes(total))
	} else {
		fmt.Fprintf(&b, "  %s", megabytes(done))
	}
	fmt.Fprintf(&b, "  %.1f MB/s", speed/1e6)
	if total > done && speed > 0 {
		left := time.Duration(float64(total-done) / speed * float64(time.Second))
		fmt.Fprintf(&b, "  %s left", left.Round(time.Second))
	}
	return b.String()
}
