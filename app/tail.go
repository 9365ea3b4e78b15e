package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/flipmeter/flipmeter/bus"
)

// tailCloseTimeout bounds the end of a connection that only listened.
const tailCloseTimeout = 2 * time.Second

// TailOptions are the options of flipmeter tail.
type TailOptions struct {
	Subject   string // empty: everything
	NATS      string // URL of the server
	CredsFile string
	CAFile    string
}

// Tail writes one line for each event that is published, until ctx ends.
func Tail(ctx context.Context, o TailOptions, streams Streams) error {
	subject := o.Subject
	if subject == "" {
		subject = bus.AllSubjects
	}
	log := slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	conn, err := bus.Connect(ctx, bus.Config{
		URL: o.NATS, Name: "flipmeter tail", CredsFile: o.CredsFile, TLS: bus.TLS{CAFile: o.CAFile},
	}, log)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), tailCloseTimeout)
		defer cancel()
		_ = conn.Close(ctx) // nothing was sent that could be lost
	}()
	return bus.Tail(ctx, conn, subject, streams.Out)
}
