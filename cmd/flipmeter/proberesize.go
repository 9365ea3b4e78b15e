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
		Example: "  flipmeter probe resize film.mp4\n  flipmeter probe resize photos/\n  flipmeter probe resize --consecutive extracted-frames/",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Sequences = o.Consecutive && cmd.Flags().Changed("consecutive")
			return nil
		},
	})
	cmd.Flags().BoolVar(&o.Consecutive, "consecutive", o.Consecutive, "take the first frames of clips, as neighbours in time; where it is given, the pictures of folders, too (=false: evenly)")
	return cmd
}
