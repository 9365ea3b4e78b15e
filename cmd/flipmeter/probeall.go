package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newProbeAllCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultProbeOptions()
	var seed uint64
	cmd := probeCommand(streams, &o, &cobra.Command{
		Use:   "all PICTURES...",
		Short: "Run every experiment and put all figures on one page",
		Long: "all runs every experiment with the paper's settings, on one or several models side by side:\n" +
			"translate (sweep, embed, crop, and bbox with --boxes), scale, resize, tta, layers, rescale\n" +
			"where classes are known, and bias with --boxes. What can't be done is named on the page.",
		Example: "  flipmeter probe all --out laboratory photos/\n" +
			"  flipmeter probe all --model inception-resnet-v2 --model efficientnet-lite0 --limit 200 imagenet/val/",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.All(seed)
			o.Sequences = o.Consecutive
			return nil
		},
	})
	f := cmd.Flags()
	f.Uint64Var(&seed, "seed", 1, "`number` that decides everything random")
	f.BoolVar(&o.Consecutive, "consecutive", false, "take the first frames and pictures, as neighbours in time, and count flips by resize function")
	return cmd
}
