package app

import (
	"encoding/json"
	"fmt"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// parseConditions reads the --fail-on conditions and checks that the fields
// exist, so that a typing error is told before the work, not after it.
func parseConditions(texts []string) ([]alerts.Condition, error) {
	lookup, err := summaryLookup(report.BlankSummary())
	if err != nil {
		return nil, err
	}
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

// summaryLookup finds a field by its path: among the measures over all
// streams, averaged (with one stream these are that stream's), else from the
// top of the document ("total.micro.flips", "streams.0.fps.infer").
func summaryLookup(sum *report.Summary) (alerts.Lookup, error) {
	var lookups []alerts.Lookup
	for _, part := range []any{sum.Total.Macro, sum} {
		doc, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("reading the summary's fields: %w", err)
		}
		l, err := alerts.LookupJSON(doc)
		if err != nil {
			return nil, fmt.Errorf("reading the summary's fields: %w", err)
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
