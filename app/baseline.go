package app

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/compare"
	"github.com/flipmeter/flipmeter/report/table"
)

// gateConditions are what a run must meet: the conditions of --fail-on and
// --min-coverage. Fields of delta need a baseline, and a baseline tables.
func gateConditions(failOn []string, minCoverage float64, baseline, tables string) ([]alerts.Condition, error) {
	conditions, err := parseConditions(failOn)
	if err != nil {
		return nil, err
	}
	for _, c := range conditions {
		if err := needsBaseline(c, baseline); err != nil {
			return nil, fmt.Errorf("%w: --fail-on: %w with --baseline", ErrUsage, err)
		}
	}
	if baseline != "" && tables == string(table.None) {
		return nil, fmt.Errorf("%w: --baseline pairs the tables of frames: choose another format than --tables none", ErrUsage)
	}
	if !(minCoverage >= 0 && minCoverage <= 1) {
		return nil, fmt.Errorf("%w: --min-coverage must lie between 0 and 1, got %v", ErrUsage, minCoverage)
	}
	if minCoverage > 0 {
		conditions = append(conditions, coverageCondition(minCoverage))
	}
	return conditions, nil
}

// needsBaseline refuses a condition on a delta where there is no baseline.
func needsBaseline(c alerts.Condition, baseline string) error {
	if baseline == "" && slices.Contains(strings.Split(c.Path, "."), "delta") {
		return fmt.Errorf("%q: a delta is against another run: name it", c)
	}
	return nil
}

// baseline is the saved run that a run is compared with.
type baseline struct {
	side        *compare.Side
	allow       []string
	sameContent bool
	err         error // why there is no delta
}

// openBaseline reads the saved run in dir; nil if dir is empty. allow are the
// parts of the identity that may differ.
func openBaseline(dir string, allow []string, out string) (*baseline, error) {
	var parts []string
	for _, text := range allow {
		for _, part := range strings.Split(text, ",") {
			if part = strings.TrimSpace(part); !slices.Contains(compare.Parts(), part) {
				return nil, fmt.Errorf("%w: --allow-identity: %q is not among %s", ErrUsage, part, strings.Join(compare.Parts(), ", "))
			}
			parts = append(parts, part)
		}
	}
	if dir == "" {
		if len(parts) > 0 {
			return nil, fmt.Errorf("%w: --allow-identity goes with --baseline", ErrUsage)
		}
		return nil, nil
	}
	if filepath.Clean(dir) == filepath.Clean(out) {
		return nil, fmt.Errorf("%w: --baseline and --out are the same folder: the baseline would be overwritten", ErrUsage)
	}
	side, err := compare.Open(dir, "the baseline")
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	return &baseline{side: side, allow: parts}, nil
}

// complement is a report.Config.Complement: it adds the delta to the summary.
// That it can't must not cost the run's own results: see failure.
func (b *baseline) complement(ctx context.Context, sum *report.Summary, tables string) {
	run, err := compare.FromTables(tables, "this run", sum)
	if err == nil {
		err = compare.AddDelta(ctx, b.side, run, b.allow, b.sameContent)
	}
	if err != nil {
		b.err = fmt.Errorf("--baseline %s: %w", b.side.Dir, err)
	}
}

// failure is why there is no delta, after the results are written.
func (b *baseline) failure() error {
	if b == nil {
		return nil
	}
	return b.err
}
