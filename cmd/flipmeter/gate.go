package main

import (
	"errors"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// gateFlags are the flags of what a run must meet, beside --fail-on.
func gateFlags(f *pflag.FlagSet, minCoverage *float64, baseline *string, allow *[]string) {
	f.Float64Var(minCoverage, "min-coverage", 0, "exit 3 if less than this `share` of a stream's time is covered by pairs")
	f.StringVar(baseline, "baseline", "", "compare with the saved run in this `folder`: adds delta to the summary, for --fail-on")
	f.StringArrayVar(allow, "allow-identity", nil, "`part` of the identity that may differ from the baseline's, such as model; repeatable")
}

// suiteFlags are the flags of a manifest of clips with expectations.
func suiteFlags(f *pflag.FlagSet, o *app.SuiteOptions) {
	f.StringVar(&o.Manifest, "manifest", "", "hold the clips that this YAML `file` lists to its expectations")
	f.StringVar(&o.JUnit, "junit", "", "write the manifest's verdicts into this `file` as JUnit XML")
}

// sourcesOrManifest wants the one or the other.
func sourcesOrManifest(manifest *string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if *manifest == "" {
			if cmd.Flags().Changed("junit") {
				return errors.New("--junit goes with --manifest")
			}
			return cobra.MinimumNArgs(1)(cmd, args)
		}
		if len(args) > 0 {
			return errors.New("--manifest names the clips: give no other sources")
		}
		for _, flag := range []string{"json", "resume", "nats", "baseline", "fail-on", "min-coverage"} {
			if f := cmd.Flags().Lookup(flag); f != nil && f.Changed {
				return errors.New("--" + flag + " can't be given with --manifest: each clip says for itself what holds for it")
			}
		}
		return nil
	}
}
