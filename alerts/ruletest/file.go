package ruletest

import (
	"errors"
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/internal/strictyaml"
	"github.com/flipmeter/flipmeter/stability"
)

// File is a file of tests.
type File struct {
	// Rules are those of all tests that have none of their own.
	Rules []alerts.Rule `yaml:"rules" doc:"alert rules of the tests that list none"`
	Tests []Test        `yaml:"tests" required:"true" doc:"the tests"`
}

// Test is one sequence with what it should lead to.
type Test struct {
	Name     string  `yaml:"name" required:"true" doc:"what the test is about"`
	Sequence string  `yaml:"sequence" required:"true" doc:"the labels, one a frame: cat*30 dog (cat dog)*5 !gap cat@0.3"`
	FPS      float64 `yaml:"fps" above:"0" max:"1000" doc:"frames a second, 25 unless given"`
	Score    float64 `yaml:"score" min:"0" max:"1" doc:"score of the frames that have none of their own, 0.9 unless given"`
	// Still says whether the picture stands still between frames; nil is
	// unknown, as without pictures.
	Still *bool `yaml:"still" doc:"whether the picture stands still between frames; unknown unless given"`

	MinScore  *float64       `yaml:"min_score" min:"0" max:"1" doc:"score from which a frame is decided"`
	DwellMin  *time.Duration `yaml:"dwell_min" above:"0s" doc:"how long a held label is held"`
	GlitchMax *time.Duration `yaml:"glitch_max" above:"0s" doc:"how long a glitch lasts at most"`

	// Rules go before the file's.
	Rules []alerts.Rule `yaml:"rules" doc:"alert rules of this test"`
	// Every is how often the rules see a window, in the sequence's time.
	Every time.Duration `yaml:"every" above:"0s" doc:"how often the rules see a window, 1s unless given"`
	// DownFor goes on after the sequence with a camera that is down.
	DownFor time.Duration `yaml:"down_for" min:"0s" max:"24h" doc:"how long the camera is down after the sequence"`

	Expect Expect `yaml:"expect" required:"true" doc:"what it should lead to; what is left out is not compared"`
}

// Expect is what a test should lead to. What is nil is not compared.
type Expect struct {
	Flips        *int           `yaml:"flips" min:"0" doc:"number of flips"`
	DecidedFlips *int           `yaml:"decided_flips" min:"0" doc:"number of flips between decided frames"`
	Unexplained  *int           `yaml:"unexplained" min:"0" doc:"number of unexplained flips"`
	CutChanges   *int           `yaml:"cut_changes" min:"0" doc:"number of label changes over cuts"`
	Kinds        map[string]int `yaml:"kinds" min:"0" doc:"number of flips of each kind; kinds left out are 0"`
	// List are all flips, as "30 cat>dog glitch": the frame with the new
	// label, counted from 0.
	List *[]string `yaml:"list" doc:"all flips, as 30 cat>dog glitch; frames count from 0"`
	// Alerts are the transitions of the rules, as "12s FlickerHigh firing",
	// right to half a frame. Those to pending and inactive are compared if
	// one is listed.
	Alerts *[]string `yaml:"alerts" doc:"transitions of the rules, as 12s FlickerHigh firing; pending and inactive are compared if one is listed"`
}

// Load reads a file of tests. The error tells everything that is wrong with
// it, one line a problem.
func Load(name string, data []byte) (*File, error) {
	f := &File{}
	if err := strictyaml.Decode(name, data, f); err != nil {
		return nil, err
	}
	return f, nil
}

// Validate checks what single keys don't tell.
func (f *File) Validate() error {
	if len(f.Tests) == 0 {
		return fmt.Errorf("tests: want at least one")
	}
	_, err := alerts.NewEngine(alerts.Config{Rules: f.Rules})
	if err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	return nil
}

// Validate checks the sequence, the thresholds and what is expected.
func (t *Test) Validate() error {
	var errs []error
	if _, err := parseSequence(t.Sequence); err != nil {
		errs = append(errs, fmt.Errorf("sequence: %w", err))
	}
	errs = append(errs, t.config(nil).Validate())
	if _, err := alerts.NewEngine(alerts.Config{Rules: t.Rules}); err != nil {
		errs = append(errs, fmt.Errorf("rules: %w", err))
	}
	return errors.Join(errs...)
}

// Validate checks the names of kinds and the form of expected transitions.
func (e *Expect) Validate() error {
	var errs []error
	for name := range e.Kinds {
		if k, ok := stability.ParseKind(name); !ok || k == stability.KindNone || k == stability.KindPending {
			errs = append(errs, fmt.Errorf("kinds: %q is not one of glitch, transition, churn, censored", name))
		}
	}
	if e.Alerts != nil {
		for i, text := range *e.Alerts {
			if _, err := parseMoment(text); err != nil {
				errs = append(errs, fmt.Errorf("alerts[%d]: %w", i, err))
			}
		}
	}
	return errors.Join(errs...)
}

const (
	defaultFPS   = 25
	defaultScore = 0.9
	defaultEvery = time.Second
)

// config are the tracker's thresholds for this test.
func (t *Test) config(windows []time.Duration) stability.Config {
	cfg := stability.DefaultConfig()
	if t.MinScore != nil {
		cfg.MinScore = *t.MinScore
	}
	if t.DwellMin != nil {
		cfg.DwellMin = *t.DwellMin
	}
	if t.GlitchMax != nil {
		cfg.GlitchMax = *t.GlitchMax
	}
	if len(windows) > 0 {
		cfg.Windows = windows
	}
	return cfg
}
