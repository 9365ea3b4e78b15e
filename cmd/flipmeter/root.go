package main

import (
	"fmt"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

const exitStatusHelp = `
Exit status:
  0    done
  1    failed
  2    usage or configuration
  3    a --fail-on threshold or a rules test failed
  130  interrupted; what was found out is written, marked incomplete`

func newRootCommand(streams app.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "flipmeter",
		Short: "Measure how often a video classifier changes its mind, and whether it had a reason to",
		Long: "flipmeter decodes video, classifies every frame with an ONNX model, and measures how\n" +
			"often the label flips from one frame to the next, and which flips nothing in the\n" +
			"picture explains.\n" + exitStatusHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usageArgs(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w (see %s --help)", app.ErrUsage, err, cmd.CommandPath())
	})
	root.AddCommand(
		newAnalyzeCommand(streams),
		newCompareCommand(streams),
		newConfigCommand(streams),
		newDoctorCommand(streams),
		newDecodeCommand(streams),
		newModelsCommand(streams),
		newProbeCommand(streams),
		newReportCommand(streams),
		newRulesCommand(streams),
		newScoreCommand(streams),
		newTailCommand(streams),
		newVersionCommand(streams),
		newWatchCommand(streams),
	)
	return root
}

// usage marks wrong arguments.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w: %w (see %s --help)", app.ErrUsage, err, cmd.CommandPath())
		}
		return nil
	}
}
