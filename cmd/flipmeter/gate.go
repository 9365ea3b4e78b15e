package main

import "github.com/spf13/pflag"

// gateFlags are the flags of what a run must meet, beside --fail-on.
func gateFlags(f *pflag.FlagSet, minCoverage *float64, baseline *string, allow *[]string) {
	f.Float64Var(minCoverage, "min-coverage", 0, "exit 3 if less than this `share` of a stream's time is covered by pairs")
	f.StringVar(baseline, "baseline", "", "compare with the saved run in this `folder`: adds delta to the summary, for --fail-on")
	f.StringArrayVar(allow, "allow-identity", nil, "`part` of the identity that may differ from the baseline's, such as model; repeatable")
}
