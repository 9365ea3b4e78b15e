package main

import (
	"log/slog"
	"os"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newDoctorCommand(streams app.Streams) *cobra.Command {
	var o app.DoctorOptions
	var verbose bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is found of what flipmeter uses, what is missing, and what brings it",
		Long: "doctor looks for OpenCV and FFmpeg and their codecs, ONNX Runtime and what it can run on,\n" +
			"devices, models and NATS. Beside what is missing stands the command that brings it.\n" +
			"It exits with 1 if something is missing that an analysis needs; with --config, an\n" +
			"analysis as that file describes it, and watch with the file's cameras.\n" + exitStatusHelp,
		Example: "  flipmeter doctor\n" +
			"  flipmeter doctor --config flipmeter.yaml --json",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Tool, o.Environ = "flipmeter "+programVersion(), os.Environ()
			if verbose {
				o.Logger = slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			return app.Doctor(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.Config, "config", "c", "", "look at the models, the accelerators and the brokers of this configuration `file`")
	f.StringVar(&o.NATS, "nats", "", "look whether the broker at this `URL` answers")
	f.BoolVar(&o.JSON, "json", false, "print the findings as JSON")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what is done")
	return cmd
}
