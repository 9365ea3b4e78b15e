package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// tailBuffer is how many messages wait while w is slow.
const tailBuffer = 4096

// Tail writes one line for each message on a subject ("" is AllSubjects)
// until ctx is done, and returns nil then. Messages it did not understand
// are shown as they are.
func Tail(ctx context.Context, conn *Conn, subject string, w io.Writer) error {
	if subject == "" {
		subject = AllSubjects
	}
	messages := make(chan *nats.Msg, tailBuffer)
	sub, err := conn.nc.ChanSubscribe(subject, messages)
	if err != nil {
		return fmt.Errorf("listen to %q on nats at %s: %w", subject, conn.host, conn.redact.error(err))
	}
	defer func() { _ = sub.Unsubscribe() }() // fails only with the connection
	for {
		select {
		case m := <-messages:
			if _, err := io.WriteString(w, Line(m.Subject, m.Data)+"\n"); err != nil {
				return fmt.Errorf("write what nats told: %w", err)
			}
		case <-conn.closed:
			return fmt.Errorf("listen to %q: the connection to nats at %s is closed", subject, conn.host)
		case <-ctx.Done():
			return nil
		}
	}
}

// Line describes a message in one line: time, camera, type, what happened.
func Line(subject string, data []byte) string {
	t := Type(subject[strings.LastIndexByte(subject, '.')+1:])
	var (
		e    Envelope
		text string
		err  error
	)
	switch t {
	case TypeObservation:
		var o Observation
		err = json.Unmarshal(data, &o)
		e, text = o.Envelope, describeObservation(&o)
	case TypeFlip:
		var f Flip
		err = json.Unmarshal(data, &f)
		e, text = f.Envelope, describeFlip(&f)
	case TypeWindow:
		var v Window
		err = json.Unmarshal(data, &v)
		e, text = v.Envelope, describeWindow(&v)
	case TypeState:
		var s State
		err = json.Unmarshal(data, &s)
		e, text = s.Envelope, describeState(&s)
	case TypeAlert:
		var a Alert
		err = json.Unmarshal(data, &a)
		e, text = a.Envelope, describeAlert(&a)
	default:
		return printable(subject + " " + string(data))
	}
	if err != nil {
		return printable(subject + " " + string(data))
	}
	return printable(fmt.Sprintf("%s %s/%s #%d %-11s %s", e.At.Format("2006-01-02T15:04:05.000Z07:00"), e.Site, e.Camera, e.Seq, t, text))
}

func describeObservation(o *Observation) string {
	out := []string{describeLabel(o.Label)}
	for _, f := range []struct {
		set  bool
		name string
	}{{o.Flip, "flip"}, {o.Repeat, "repeat"}, {o.Cut, "cut"}, {o.Break != "", "break: " + o.Break}} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return strings.Join(out, " ")
}

func describeFlip(f *Flip) string {
	out := describeLabel(f.From) + " -> " + describeLabel(f.To) + " " + f.Kind
	if f.Unexplained {
		out += " unexplained"
	}
	if f.NearCut {
		out += " near a cut"
	}
	return out + " (revision " + strconv.Itoa(f.Revision) + ")"
}

func describeWindow(w *Window) string {
	width := time.Duration(float64(w.WidthMs)*float64(time.Millisecond) + 0.5)
	return fmt.Sprintf("last %s: %d flips in %d pairs, fraction %s, unexplained %s, coverage %s",
		width, w.Flips, w.Pairs, figure(w.FlipFraction.Value), figure(w.UnexplainedFraction), figure(w.Coverage))
}

func describeState(s *State) string {
	out := s.State
	if s.Drop != nil {
		out = strings.TrimSpace(fmt.Sprintf("%s dropped %d frames: %s", out, s.Drop.Frames, s.Drop.Reason))
	}
	if s.Error != "" {
		out += ": " + s.Error
	}
	return out
}

func describeAlert(a *Alert) string {
	out := fmt.Sprintf("%s %s (%s): %s is %s, bound %s", a.Rule, a.State, a.Severity, a.Metric, figure(a.Value), figure(a.Bound))
	if a.Reason != "" {
		out += ", " + a.Reason
	}
	return out
}

func describeLabel(l Label) string {
	if l.Index < 0 {
		return "none"
	}
	if math.IsNaN(float64(l.Score)) {
		return l.Label
	}
	return fmt.Sprintf("%s %.2f", l.Label, l.Score)
}

func figure(n Number) string {
	if math.IsNaN(float64(n)) {
		return "unknown"
	}
	return strconv.FormatFloat(float64(n), 'g', 3, 64)
}

// printable keeps a line one line: names come from outside and could move a
// terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
