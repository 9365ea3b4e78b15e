// Command flipmeter tells how often a video classifier changes its mind, and
// whether it had a reason to.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/flipmeter/flipmeter/app"
)

func main() { os.Exit(run(os.Args[1:], app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})) }

// run is main with its surroundings as arguments: it returns the exit code.
func run(args []string, streams app.Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks for an orderly end; with the handler gone, a
	// second one ends the process at once.
	context.AfterFunc(ctx, stop)

	root := newRootCommand(streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, app.ErrSaid) {
		fmt.Fprintln(streams.Err, "flipmeter: "+err.Error())
	}
	return exitCode(err)
}

// exitCode maps an error to the documented exit codes.
func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, app.ErrInterrupted):
		return 130
	case errors.Is(err, app.ErrThreshold):
		return 3
	case errors.Is(err, app.ErrUsage):
		return 2
	default:
		return 1
	}
}
