package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newProbeResizeCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultProbeOptions()
	o.Experiments = []string{"resize"}
	o.Consecutive, o.Frames = true, 120
	cmd := probeCommand(streams, &o, &cobra.Command{
		Use:   "resize PICTURES...",
		Short: "Show a model the same pictures through every resize function",
		Long: "resize prepares each picture, or each of the first frames of a clip, with every resize\n" +
			"function that pipelines use (OpenCV, TensorFlow 1 and 2, PyTorch, Pillow), and shows which\n" +
			"labels agree and how the flip fraction changes with nothing but the filter.",
		Example: "  flipmeter probe resize film.mp4\n  flipmeter probe resize --consecutive=false photos/",
	})
	cmd.Flags().BoolVar(&o.Consecutive, "consecutive", o.Consecutive, "take the first frames and pictures, as neighbours in time; else evenly")
	return cmd
}
