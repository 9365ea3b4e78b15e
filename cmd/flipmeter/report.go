package main

import (
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newReportCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultReportOptions()
	var until string
	cmd := &cobra.Command{
		Use:   "report --since DURATION",
		Short: "Draw a report of what flipmeter watch measured",
		Long: "report draws the page of analyze for a stretch of the past of cameras, from what\n" +
			"flipmeter watch keeps (watch.history): windows of a minute, flips and alerts, no frames\n" +
			"and no pictures. It reads the data folder, also while watch runs, and changes nothing\n" +
			"in it. --export writes tables of the windows, flips and alerts beside the page.\n" + exitStatusHelp,
		Example: "  flipmeter report --since 12h\n" +
			"  flipmeter report --since 168h --camera door --export csv --out last-week\n" +
			"  flipmeter report --data /var/lib/flipmeter --since 1h",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Tool = "flipmeter " + programVersion()
			if until != "" {
				t, err := time.Parse(time.RFC3339, until)
				if err != nil {
					return fmt.Errorf("%w: --until: must be a time as 2026-05-01T12:00:00Z", app.ErrUsage)
				}
				o.Until = t
			}
			return app.Report(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.DurationVar(&o.Since, "since", o.Since, "how far back, as `duration`")
	f.StringVar(&until, "until", "", "`time` of the end, as 2026-05-01T12:00:00Z, whose zone the page shows (default: now)")
	f.StringVar(&o.Camera, "camera", "", "only this `camera`")
	f.StringVarP(&o.Config, "config", "c", o.Config, "configuration `file` of watch, which names the data folder")
	f.StringVar(&o.Data, "data", "", "data `folder` of watch, in place of a configuration")
	f.StringVarP(&o.Out, "out", "o", o.Out, "write the results into this `folder`")
	f.StringVar(&o.Export, "export", o.Export, "write windows, flips and alerts as parquet, csv, jsonl or none")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "print nothing")
	return cmd
}
