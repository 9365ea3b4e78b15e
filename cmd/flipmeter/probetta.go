package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newProbeTTACommand(streams app.Streams) *cobra.Command {
	o := app.DefaultProbeOptions()
	o.Experiments = []string{"tta"}
	s := &o.TTA
	cmd := probeCommand(streams, &o, &cobra.Command{
		Use:   "tta PICTURES...",
		Short: "Average the answers over shifted or scaled copies",
		Long: "tta moves each picture step by step and averages the probabilities over n copies at every\n" +
			"step: how much steadier is the mean, at n times the cost? flipmeter analyze --tta N does the\n" +
			"same with footage.",
		Example: "  flipmeter probe tta photos/\n  flipmeter probe tta --copies 1,9,49 --scaled=false photos/",
	})
	f := cmd.Flags()
	f.IntSliceVar(&s.Copies, "copies", s.Copies, "`numbers` of copies to compare")
	f.BoolVar(&s.Scaled, "scaled", false, "copies of other sizes instead of shifted ones")
	f.IntVar(&s.From, "from", s.From, "first step, in `pixels`")
	f.IntVar(&s.To, "to", s.To, "last step, in `pixels`")
	f.IntVar(&s.Short, "size", s.Short, "shorter side of embedded pictures, in `pixels`")
	f.StringVar((*string)(&s.Background), "background", string(s.Background), "black, mean or inpaint")
	f.StringVar(&s.Filter, "resize", s.Filter, "resize `filter`: area, or another library's such as pillow-bilinear")
	return cmd
}
