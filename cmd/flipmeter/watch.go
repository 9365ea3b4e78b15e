package main

import (
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/spf13/cobra"
)

func newWatchCommand(streams app.Streams) *cobra.Command {
	var o app.WatchOptions
	var verbose bool
	cmd := &cobra.Command{
		Use:   "watch -c FILE",
		Short: "Follow cameras and other live sources until it is stopped",
		Long: "watch follows the cameras of a configuration file: it decodes each in a process of its\n" +
			"own, reconnects when it is lost, publishes what happens over NATS, and counts it for\n" +
			"Prometheus.\n\n" +
			"SIGHUP, or a change of the file, applies it anew: cameras that did not change run on.\n" +
			"SIGTERM and Ctrl-C end it in order; a second one ends it at once.\n" + exitStatusHelp,
		Example: "  flipmeter config print --explain > flipmeter.yaml    # then fill in cameras:\n" +
			"  flipmeter config check flipmeter.yaml\n" +
			"  flipmeter watch -c flipmeter.yaml",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			o.Logger = slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: level}))
			o.Tool, o.Environ = programVersion(), os.Environ()
			hup := make(chan os.Signal, 1)
			signal.Notify(hup, syscall.SIGHUP)
			defer signal.Stop(hup)
			o.Reload = hup
			err := app.Watch(cmd.Context(), o, streams)
			var problems configs.Problems
			if errors.As(err, &problems) { // as config check tells them
				return tellProblems(streams.Err, problems)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.Config, "config", "c", "flipmeter.yaml", "configuration `file`")
	f.BoolVarP(&verbose, "verbose", "v", false, "log more")
	return cmd
}

// newDecodeCommand is how watch starts a decoding process. It is not for
// people.
func newDecodeCommand(streams app.Streams) *cobra.Command {
	return &cobra.Command{
		Use:    app.DecodeCommand,
		Short:  "Decode one source for another process of flipmeter",
		Hidden: true,
		Args:   usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.Decode(cmd.Context(), streams.In, streams.Out)
		},
	}
}
