package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/spf13/cobra"
)

// tailCloseTimeout bounds the end of a connection that only listened.
const tailCloseTimeout = 2 * time.Second

func newTailCommand(streams app.Streams) *cobra.Command {
	cfg := bus.Config{URL: "nats://127.0.0.1:4222", Name: "flipmeter tail"}
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
			subject := bus.AllSubjects
			if len(args) > 0 {
				subject = args[0]
			}
			log := slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
			conn, err := bus.Connect(cmd.Context(), cfg, log)
			if err != nil {
				return err
			}
			defer func() {
				ctx, cancel := context.WithTimeout(context.Background(), tailCloseTimeout)
				defer cancel()
				_ = conn.Close(ctx) // nothing was sent that could be lost
			}()
			return bus.Tail(cmd.Context(), conn, subject, streams.Out)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&cfg.URL, "nats", cfg.URL, "`URL` of the server")
	f.StringVar(&cfg.CredsFile, "creds", "", "`file` with the credentials")
	f.StringVar(&cfg.TLS.CAFile, "ca", "", "PEM `file` of the authority that signed the server's certificate")
	return cmd
}
