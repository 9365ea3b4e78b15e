package app

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// anyStream before a field means that field of each stream.
const anyStream = "streams.*."

// parseConditions reads the --fail-on conditions and checks that the fields
// exist, so that a typing error is told before the work, not after it.
func parseConditions(texts []string) ([]alerts.Condition, error) {
	lookup, err := fieldLookup()
	if err != nil {
		return nil, err
	}
	return parseConditionsOn(texts, lookup)
}

// fieldLookup knows every field that a summary may have, whatever the number
// of streams, and no values.
func fieldLookup() (alerts.Lookup, error) {
	lookup, err := summaryLookup(report.BlankSummary())
	if err != nil {
		return nil, err
	}
	number := regexp.MustCompile(`^streams\.(\*|[0-9]+)\.`)
	return func(path string) (stability.Interval, bool) {
		return lookup(number.ReplaceAllString(path, "streams.0."))
	}, nil
}

// parseConditionsOn reads conditions on what lookup knows.
func parseConditionsOn(texts []string, lookup alerts.Lookup) ([]alerts.Condition, error) {
	var out []alerts.Condition
	for _, text := range texts {
		c, err := alerts.ParseCondition(text)
		if err == nil {
			err = c.Check(lookup)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: --fail-on: %w", ErrUsage, err)
		}
		out = append(out, c)
	}
	return out, nil
}

// coverageCondition is what --min-coverage means: no stream may be covered
// less.
func coverageCondition(least float64) alerts.Condition {
	return alerts.Condition{Path: anyStream + "coverage", Op: "<", Bound: least}
}

// evaluate judges a condition: one that is of any stream on each of them. The
// verdict says which one.
func evaluate(c alerts.Condition, sum *report.Summary, judge func(alerts.Condition) alerts.Result) []verdict {
	rest, each := strings.CutPrefix(c.Path, anyStream)
	if !each {
		return []verdict{{"", judge(c)}}
	}
	var out []verdict
	for i := range sum.Streams {
		c.Path = fmt.Sprintf("streams.%d.%s", i, rest)
		out = append(out, verdict{sum.Streams[i].Stream, judge(c)})
	}
	if len(out) == 0 {
		out = append(out, verdict{"", alerts.Result{Failed: true, Message: c.String() + ": there is no stream, and nothing never passes"}})
	}
	return out
}

// verdict is the result of a condition, and of what.
type verdict struct {
	of string // "" where it goes without saying
	alerts.Result
}

// tellVerdicts writes all that failed, not only the first.
func tellVerdicts(verdicts []verdict, errOut io.Writer) error {
	failed := 0
	for _, v := range verdicts {
		if !v.Failed {
			continue
		}
		failed++
		of := ""
		if v.of != "" {
			of = v.of + ": "
		}
		fmt.Fprintln(errOut, printable("flipmeter: --fail-on: "+of+v.Message))
	}
	if failed > 0 {
		return said(fmt.Errorf("%d of %d conditions: %w", failed, len(verdicts), ErrThreshold))
	}
	return nil
}

// documentLookup finds the fields of anything that is written as JSON.
func documentLookup(v any) (alerts.Lookup, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("reading the fields of a result: %w", err)
	}
	l, err := alerts.LookupJSON(doc)
	if err != nil {
		return nil, fmt.Errorf("reading the fields of a result: %w", err)
	}
	return l, nil
}

// summaryLookup finds a field by its path: among the measures over all
// streams, averaged (with one stream these are that stream's), else from the
// top of the document ("total.micro.flips", "streams.0.fps.infer").
func summaryLookup(sum *report.Summary) (alerts.Lookup, error) {
	var lookups []alerts.Lookup
	for _, part := range []any{sum.Total.Macro, sum} {
		l, err := documentLookup(part)
		if err != nil {
			return nil, err
		}
		lookups = append(lookups, l)
	}
	return func(path string) (m stability.Interval, ok bool) {
		for _, l := range lookups {
			if m, ok = l(path); ok {
				return m, ok
			}
		}
		return m, false
	}, nil
}
