package ruletest

import (
	"fmt"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// moment is a transition of a rule at a time.
type moment struct {
	at   time.Duration
	rule string
	to   alerts.State
}

func parseMoment(text string) (moment, error) {
	form := fmt.Errorf("want a time, a rule and a state, as 12s FlickerHigh firing, got %q", text)
	words := strings.Fields(text)
	if len(words) != 3 {
		return moment{}, form
	}
	at, err := time.ParseDuration(words[0])
	if err != nil {
		return moment{}, form
	}
	m := moment{at: at, rule: words[1], to: alerts.State(words[2])}
	switch m.to {
	case alerts.Inactive, alerts.Pending, alerts.Firing, alerts.Resolved:
		return m, nil
	}
	return moment{}, fmt.Errorf("%q is not one of inactive, pending, firing, resolved", words[2])
}

func (m moment) String() string {
	return fmt.Sprintf("%s %s %s", m.at.Round(time.Millisecond), m.rule, m.to)
}

// quiet says whether the moment is one that nobody is told of.
func (m moment) quiet() bool { return m.to == alerts.Pending || m.to == alerts.Inactive }
