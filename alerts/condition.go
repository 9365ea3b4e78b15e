package alerts

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/stability"
)

// Lookup finds a measure of a summary by its dotted path, as in
// summary.json: "decided.flip_fraction". Low and High are NaN where the
// measure has no interval, Value is NaN where it is null. ok is false where
// there is no such measure.
type Lookup func(path string) (m stability.Interval, ok bool)

// Condition is a comparison that a run must not meet, as in
// "flip_fraction>0.05".
type Condition struct {
	// Path is dotted; .low or .high at the end names a side of the interval.
	// A part may be * where whoever evaluates knows what to put there.
	Path  string
	Op    string // > >= < <=
	Bound float64
}

// Result says whether a condition was met, and of what value.
type Result struct {
	Failed  bool
	Message string // one line, of use whether it failed or not
}

var (
	// Longer operators first.
	conditionForm = regexp.MustCompile(`^\s*([^<>=!\s]*)\s*(>=|<=|>|<|[=!]+|)\s*(.*?)\s*$`)
	pathForm      = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.([a-z0-9_]+|\*))*$`)
)

// ParseCondition reads a condition. The error quotes it and says what is
// wrong with it.
func ParseCondition(text string) (Condition, error) {
	wrong := func(what string) (Condition, error) {
		return Condition{}, fmt.Errorf("%q: %s", text, what)
	}
	parts := conditionForm.FindStringSubmatch(text)
	if parts == nil { // a line break
		return wrong("want a field, an operator and a number, as in flip_fraction>0.05")
	}
	c := Condition{Path: parts[1], Op: parts[2]}
	switch {
	case !pathForm.MatchString(c.Path):
		return wrong("want a field of summary.json first, as in decided.flip_fraction>0.05")
	case c.Op == "":
		return wrong("want an operator after the field: >, >=, < or <=")
	case strings.ContainsAny(c.Op, "!") || c.Op[0] == '=':
		return wrong("the operator must be one of >, >=, <, <=; measures are hardly ever equal")
	}
	bound, err := strconv.ParseFloat(parts[3], 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || parts[3] == "" {
		return wrong(fmt.Sprintf("want a number after the operator, got %q", parts[3]))
	}
	if math.IsNaN(bound) || math.IsInf(bound, 0) {
		return wrong("the number must be finite")
	}
	c.Bound = bound
	return c, nil
}

// String is the condition as ParseCondition reads it.
func (c Condition) String() string {
	return c.Path + c.Op + strconv.FormatFloat(c.Bound, 'g', -1, 64)
}

// Check returns an error if the condition's measure doesn't exist, so that a
// typing error is told before the work.
func (c Condition) Check(lookup Lookup) error {
	if _, _, ok := c.find(lookup); !ok {
		return fmt.Errorf("%q: a summary has no field %s (see docs for the fields of summary.json)", c, c.Path)
	}
	return nil
}

// Eval compares. A measure that is null, or does not exist, fails: what was
// not measured has not passed.
func (c Condition) Eval(lookup Lookup) Result {
	met, known, measured := c.measure(lookup)
	switch {
	case !known:
		return Result{Failed: true, Message: fmt.Sprintf("%s: %s", c, measured)}
	case met:
		return Result{Failed: true, Message: fmt.Sprintf("%s fails: %s", c, measured)}
	}
	return Result{Message: fmt.Sprintf("%s passes: %s", c, measured)}
}

// Require is the other way around: the condition must hold. What is null or
// doesn't exist doesn't hold.
func (c Condition) Require(lookup Lookup) Result {
	met, known, measured := c.measure(lookup)
	if !known || !met {
		return Result{Failed: true, Message: fmt.Sprintf("expected %s: %s", c, measured)}
	}
	return Result{Message: measured}
}

// measure says whether the condition is met and what was measured.
func (c Condition) measure(lookup Lookup) (met, known bool, measured string) {
	m, value, ok := c.find(lookup)
	switch {
	case !ok:
		return false, false, "a summary has no field " + c.Path
	case math.IsNaN(value):
		return false, false, c.Path + " is null, and null never passes"
	}
	measured = c.Path + " is " + figure(value)
	if !math.IsNaN(m.Low) && !math.IsNaN(m.High) {
		whole := ""
		if value != m.Value { // a side of the interval
			whole = "value " + figure(m.Value) + ", "
		}
		measured += fmt.Sprintf(" (%s95 %% interval %s to %s)", whole, figure(m.Low), figure(m.High))
	}
	return compare(value, c.Op, c.Bound), true, measured
}

// find gives the measure and the side of it that is compared. A side is looked
// for in its interval first, so that the message can tell all of it.
func (c Condition) find(lookup Lookup) (m stability.Interval, value float64, ok bool) {
	if i := strings.LastIndexByte(c.Path, '.'); i > 0 {
		side := c.Path[i+1:]
		if m, ok := lookup(c.Path[:i]); ok {
			switch side {
			case "low":
				return m, m.Low, true
			case "high":
				return m, m.High, true
			case "value":
				return m, m.Value, true
			}
		}
	}
	m, ok = lookup(c.Path)
	return m, m.Value, ok
}

func compare(v float64, op string, bound float64) bool {
	switch op {
	case ">":
		return v > bound
	case ">=":
		return v >= bound
	case "<":
		return v < bound
	case "<=":
		return v <= bound
	}
	panic("BUG: a condition with the operator " + strconv.Quote(op))
}

// figure is a value with four significant digits.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
