package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/pflag"
)

// addSmoothFlags adds the flags of the smoothers that are tried as what-ifs.
func addSmoothFlags(f *pflag.FlagSet, o *app.SmoothOptions) {
	f.StringArrayVar(&o.Specs, "smooth", nil, "tell what this `smoother` would leave, such as 'ema(0.2)', 'majority(5)', 'consecutive(3)'\nor three-in-a-row; repeatable")
	f.BoolVar(&o.Recommend, "recommend", false, "search for the smoother that leaves the fewest unexplained flips within --max-lag")
	f.DurationVar(&o.MaxLag, "max-lag", o.MaxLag, "how late a recommended smoother may follow a change")
}
