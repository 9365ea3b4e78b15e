package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newProbeScaleCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultProbeOptions()
	o.Experiments = []string{"scale"}
	from, to, step := 100, 101, 1
	cmd := probeCommand(streams, &o, &cobra.Command{
		Use:   "scale PICTURES...",
		Short: "Make pictures larger by a pixel",
		Long: "scale embeds each picture at one size and at the next, at the same place, and counts how\n" +
			"often the label changes. With more than two sizes it is a sweep.",
		Example: "  flipmeter probe scale photos/\n" +
			"  flipmeter probe scale --from 60 --to 200 photos/",
		RunE: func(*cobra.Command, []string) error {
			o.Scale.Sizes = app.Sizes(from, to, step)
			return nil
		},
	})
	f := cmd.Flags()
	f.IntVar(&from, "from", from, "smallest shorter side, in `pixels`")
	f.IntVar(&to, "to", to, "largest shorter side, in `pixels`")
	f.IntVar(&step, "step", step, "`pixels` from one size to the next")
	f.StringVar((*string)(&o.Scale.Background), "background", string(o.Scale.Background), "black, mean or inpaint")
	f.StringVar(&o.Scale.Filter, "resize", o.Scale.Filter, "resize `filter`: area, or another library's such as pillow-bilinear")
	f.Uint64Var(&o.Scale.Seed, "seed", o.Scale.Seed, "`number` that decides the place")
	return cmd
}

func newProbeRescaleCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultProbeOptions()
	o.Experiments = []string{"rescale"}
	from, to, step := 60, 210, 10
	cmd := probeCommand(streams, &o, &cobra.Command{
		Use:     "rescale PICTURES...",
		Short:   "Measure accuracy against the size of what is shown",
		Long:    "rescale embeds each picture at several sizes and looks for its true class among the five\nbest. It needs pictures whose classes are known: folders named after them, or --truth.",
		Example: "  flipmeter probe rescale imagenet/val/\n  flipmeter probe rescale --truth truth.csv photos/",
		RunE: func(*cobra.Command, []string) error {
			o.Rescale.Sizes = app.Sizes(from, to, step)
			return nil
		},
	})
	f := cmd.Flags()
	f.IntVar(&from, "from", from, "smallest shorter side, in `pixels`")
	f.IntVar(&to, "to", to, "largest shorter side, in `pixels`")
	f.IntVar(&step, "step", step, "`pixels` from one size to the next")
	f.StringVar((*string)(&o.Rescale.Background), "background", string(o.Rescale.Background), "black, mean or inpaint")
	f.StringVar(&o.Rescale.Filter, "resize", o.Rescale.Filter, "resize `filter`: area, or another library's such as pillow-bilinear")
	return cmd
}
