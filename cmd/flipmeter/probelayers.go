package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newProbeLayersCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultProbeOptions()
	o.Experiments = []string{"layers"}
	s := &o.Layers
	cmd := probeCommand(streams, &o, &cobra.Command{
		Use:   "layers PICTURES...",
		Short: "Find out which layers of a network mind a shift",
		Long: "layers moves pictures and sums every feature map of every block over space. Of a layer that\n" +
			"commutes with shifts no sum would change. It needs a network that flipmeter models build has\n" +
			"made (see the taps in flipmeter models inspect).",
		Example: "  flipmeter probe layers photos/",
	})
	f := cmd.Flags()
	f.StringVar((*string)(&s.Direction), "direction", string(s.Direction), "vertical, horizontal or diagonal")
	f.StringVar((*string)(&s.Background), "background", string(s.Background), "black, mean or inpaint")
	f.IntVar(&s.From, "from", s.From, "first shift, in `pixels`")
	f.IntVar(&s.To, "to", s.To, "last shift, in `pixels`")
	f.IntVar(&s.Short, "size", s.Short, "shorter side of embedded pictures, in `pixels`")
	f.StringVar(&s.Filter, "resize", s.Filter, "resize `filter`: area, or another library's such as pillow-bilinear")
	return cmd
}
