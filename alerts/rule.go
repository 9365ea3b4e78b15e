package alerts

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

// Rule fires when a measure of a window leaves its bounds for some time.
// One of FireAbove, FireBelow and Baseline is set.
type Rule struct {
	// Name: letters, digits, _ and -.
	Name string `yaml:"name" required:"true" doc:"name of the rule: letters, digits, _ and -"`
	// Metric is a measure of a window by its name in the summary (Metrics
	// lists them), or one of a camera's health: Up, Frozen.
	Metric string `yaml:"metric" required:"true" doc:"windowed measure, as unexplained_fraction or decided.flip_fraction; up and frozen are the camera's health, 1 or 0"`
	// Window is the width of the window; 0 for Up and Frozen.
	Window time.Duration `yaml:"window" min:"0s" doc:"width of the window; a wider one is calmer and later"`

	// FireAbove: the rule's condition holds where the value is greater. It
	// clears at ClearBelow and below; nil is FireAbove.
	FireAbove  *float64 `yaml:"fire_above" doc:"the condition holds while the value is greater"`
	ClearBelow *float64 `yaml:"clear_below" doc:"a firing rule clears at this value and below; leave a distance to fire_above, or the rule flickers itself"`
	// FireBelow and ClearAbove are the same the other way round, for
	// measures of which there should be much, as coverage.
	FireBelow  *float64 `yaml:"fire_below" doc:"the condition holds while the value is smaller (coverage, up)"`
	ClearAbove *float64 `yaml:"clear_above" doc:"a firing rule clears at this value and above"`
	// Baseline, in place of fixed bounds, are bounds by what is normal for
	// the camera itself.
	Baseline *Baseline `yaml:"baseline" doc:"in place of fire_above and fire_below: bounds by what is normal for the camera itself"`

	// For is how long the condition must hold before the rule fires.
	For time.Duration `yaml:"for" min:"0s" doc:"how long the condition must hold before the rule fires"`
	// KeepFiringFor is how long the value must have been clear before a
	// firing rule is resolved.
	KeepFiringFor time.Duration `yaml:"keep_firing_for" min:"0s" doc:"how long the value must have been clear before the rule is resolved"`
	// MinPairs is how many pairs a value must rest on to count as known.
	// Coverage, Up and Frozen need none.
	MinPairs int64 `yaml:"min_pairs" min:"0" doc:"pairs that a value must rest on; below, it counts as unknown"`
	// Severity is passed on: "warning", "critical".
	Severity string `yaml:"severity" doc:"passed on to whoever is told, as warning or critical"`
}

var ruleName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Validate says everything that is wrong with a rule, each error with the
// rule's key in front.
func (r *Rule) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(ruleName.MatchString(r.Name), "name: must be 1 to 64 letters, digits, _ or -, got %q", r.Name)
	_, known := metricOf(r.Metric)
	check(known || ofHealth(r.Metric), "metric: must be one of %s, got %q", strings.Join(Metrics(), ", "), r.Metric)
	check(r.Window > 0 || ofHealth(r.Metric) && r.Window == 0, "window: must be above 0s, got %v", r.Window)
	bounds := 0
	for _, given := range [...]bool{r.FireAbove != nil, r.FireBelow != nil, r.Baseline != nil} {
		if given {
			bounds++
		}
	}
	check(bounds == 1, "fire_above: one of this, fire_below and baseline must be given")
	check(r.Baseline == nil || !ofHealth(r.Metric), "baseline: %s has none, it is 1 or 0", r.Metric)
	if r.Baseline != nil {
		errs = append(errs, r.Baseline.validate(r.Window))
	}
	check(r.ClearBelow == nil || r.FireAbove != nil, "clear_below: goes with fire_above")
	check(r.ClearAbove == nil || r.FireBelow != nil, "clear_above: goes with fire_below")
	for name, v := range map[string]*float64{"fire_above": r.FireAbove, "clear_below": r.ClearBelow, "fire_below": r.FireBelow, "clear_above": r.ClearAbove} {
		check(v == nil || !math.IsNaN(*v) && !math.IsInf(*v, 0), "%s: must be a finite number", name)
	}
	if r.FireAbove != nil && r.ClearBelow != nil {
		check(*r.ClearBelow <= *r.FireAbove, "clear_below: must not be above fire_above (%v), got %v", *r.FireAbove, *r.ClearBelow)
	}
	if r.FireBelow != nil && r.ClearAbove != nil {
		check(*r.ClearAbove >= *r.FireBelow, "clear_above: must not be below fire_below (%v), got %v", *r.FireBelow, *r.ClearAbove)
	}
	check(r.For >= 0, "for: must not be negative, got %v", r.For)
	check(r.KeepFiringFor >= 0, "keep_firing_for: must not be negative, got %v", r.KeepFiringFor)
	check(r.MinPairs >= 0, "min_pairs: must not be negative, got %d", r.MinPairs)
	return errors.Join(errs...)
}

// needsPairs says whether a value that rests on few pairs is unknown.
func (r *Rule) needsPairs() bool { return r.Metric != coverage }
