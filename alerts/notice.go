package alerts

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Notice is what receivers are told: that an alert fires, still fires, or is
// resolved. Times are wall clock.
type Notice struct {
	// ID names the alert from its firing to its resolution, over restarts,
	// too. With Revision it tells a message that arrives twice.
	ID       string `json:"id"`
	Revision int    `json:"revision"`

	State  State  `json:"state"` // Firing or Resolved
	Camera string `json:"camera"`
	Rule   string `json:"rule"`
	// Severity, Metric and Window are the rule's.
	Severity string        `json:"severity"`
	Metric   string        `json:"metric"`
	Window   time.Duration `json:"window_ns"`

	At time.Time `json:"at"` // of this message
	// StartsAt is when it began to fire, by the wall clock as it goes now:
	// where that was set, it is another time than was told before.
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at,omitzero"`

	// Value was judged by Bound; nil where unknown. Median and Spread are
	// the camera's baseline, where the rule has one.
	Value  *float64 `json:"value"`
	Bound  *float64 `json:"bound"`
	Median *float64 `json:"median,omitempty"`
	Spread *float64 `json:"spread,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// Summary is one line for a person.
func (n *Notice) Summary() string {
	s := fmt.Sprintf("%s: %s", n.Camera, n.Rule)
	if n.State == Resolved {
		s += " is over"
	}
	switch {
	case n.Reason != "":
		s += ", " + n.Reason
	case n.Value != nil && n.Bound != nil:
		relation := "within"
		switch {
		case *n.Value > *n.Bound:
			relation = "above"
		case *n.Value < *n.Bound:
			relation = "below"
		}
		s += fmt.Sprintf(", %s is %s, %s %s", n.Metric, figure(*n.Value), relation, figure(*n.Bound))
		if n.Window > 0 {
			s += " over " + n.Window.String()
		}
	}
	if n.Median != nil && n.Spread != nil {
		s += fmt.Sprintf(" (normal here: %s ± %s)", figure(*n.Median), figure(*n.Spread))
	}
	return s
}

// newNotice makes a notice of a transition; wall is the clock at its time.
func newNotice(wall time.Time, t *Transition) Notice {
	n := Notice{
		State: t.To, Camera: t.Stream, Rule: t.Rule.Name, Severity: t.Rule.Severity, Metric: t.Rule.Metric, Window: t.Rule.Window,
		At: wall.UTC(), StartsAt: wall.UTC(), Value: Known(t.Value), Bound: Known(t.Bound),
		Median: Known(t.Median), Spread: Known(t.Spread), Reason: t.Reason,
	}
	if t.From == Firing {
		n.StartsAt = wall.Add(t.Since - t.At).UTC()
	}
	if t.To == Resolved {
		n.EndsAt = n.At
	}
	return n
}

// noticeID is the same as long as the camera, the rule and the begin are.
func noticeID(camera, rule string, starts time.Time) string {
	return camera + "/" + rule + "/" + strconv.FormatInt(starts.UnixMilli(), 10)
}

// Known is a number as it is written outside: nil, which becomes null, where
// it is not known.
func Known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
