package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newTailCommand(streams app.Streams) *cobra.Command {
	o := app.TailOptions{NATS: "nats://127.0.0.1:4222"}
	cmd := &cobra.Command{
		Use:   "tail [SUBJECT]",
		Short: "Show what is published over NATS, a line an event",
		Long: "tail listens to a NATS server and writes one line for each event until it is\n" +
			"interrupted. SUBJECT narrows it down; its form is\n" +
			"flipmeter.v1.<site>.<camera>.<observation|flip|window|state|alert>, with * for any.",
		Example: "  flipmeter tail\n" +
			"  flipmeter tail 'flipmeter.v1.*.*.flip' --nats nats://broker:4222",
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.Subject = args[0]
			}
			return app.Tail(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.NATS, "nats", o.NATS, "`URL` of the server")
	f.StringVar(&o.CredsFile, "creds", "", "`file` with the credentials")
	f.StringVar(&o.CAFile, "ca", "", "PEM `file` of the authority that signed the server's certificate")
	return cmd
}
