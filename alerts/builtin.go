package alerts

import "time"

// Builtin are the rules that every camera has unless a rule of the same name
// replaces them: that it flickers, and what makes its measures worth little.
// Their thresholds are a beginning; docs/alerts.md says what each means.
func Builtin() []Rule {
	at := func(v float64) *float64 { return &v }
	return []Rule{
		{
			Name: "FlickerHigh", Metric: "unexplained_fraction", Window: time.Minute,
			FireAbove: at(0.05), ClearBelow: at(0.02), For: 30 * time.Second, KeepFiringFor: 2 * time.Minute,
			MinPairs: 200, Severity: "warning",
		},
		{
			Name: "SourceDown", Metric: Up, FireBelow: at(1), For: 30 * time.Second, KeepFiringFor: 10 * time.Second,
			Severity: "critical",
		},
		{
			Name: "SourceFrozen", Metric: Frozen, FireAbove: at(0), For: 30 * time.Second, KeepFiringFor: 10 * time.Second,
			Severity: "critical",
		},
		{
			Name: "CoverageLow", Metric: coverage, Window: 5 * time.Minute,
			FireBelow: at(0.5), ClearAbove: at(0.8), For: 2 * time.Minute, KeepFiringFor: time.Minute,
			Severity: "warning",
		},
		{
			Name: "ConfidenceLow", Metric: "mean_score", Window: 5 * time.Minute,
			FireBelow: at(0.2), ClearAbove: at(0.25), For: 10 * time.Minute, KeepFiringFor: 10 * time.Minute,
			MinPairs: 200, Severity: "info",
		},
	}
}

// WithBuiltin are the built-in rules with a user's own: a rule of the same
// name takes the place of a built-in one.
func WithBuiltin(own []Rule) []Rule {
	names := map[string]bool{}
	for i := range own {
		names[own[i].Name] = true
	}
	var out []Rule
	for _, r := range Builtin() {
		if !names[r.Name] {
			out = append(out, r)
		}
	}
	return append(out, own...)
}
