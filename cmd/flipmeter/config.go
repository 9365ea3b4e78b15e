package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/spf13/cobra"
)

func newConfigCommand(streams app.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check, print and describe configuration files",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigCheckCommand(streams), newConfigPrintCommand(streams), newConfigSchemaCommand(streams), newConfigHashCommand(streams, os.Stdin))
	return cmd
}

func newConfigCheckCommand(streams app.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Say everything that is wrong with configuration files",
		Long: "check reads each FILE and says everything that is wrong with it, one line a problem:\n" +
			"file:line: section.key: what it must be.\n" + exitStatusHelp,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			var wrong []error
			for _, name := range args {
				_, err := configs.Load(name)
				var problems configs.Problems
				switch {
				case errors.As(err, &problems):
					wrong = append(wrong, err)
				case err != nil:
					return err
				default:
					fmt.Fprintf(streams.Out, "%s: ok\n", name)
				}
			}
			if err := errors.Join(wrong...); err != nil {
				return tellProblems(streams.Err, err)
			}
			return nil
		},
	}
}

func newConfigPrintCommand(streams app.Streams) *cobra.Command {
	var explain bool
	cmd := &cobra.Command{
		Use:   "print [FILE]",
		Short: "Print the configuration with every key, secrets masked",
		Long: "print writes what FILE amounts to, the defaults of the keys that it leaves out included;\n" +
			"without FILE, the defaults. Passwords and tokens are shown as ***.",
		Example: "  flipmeter config print --explain > flipmeter.yaml",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			c := configs.Default()
			if len(args) > 0 {
				loaded, err := loadConfig(args[0], streams.Err)
				if err != nil {
					return err
				}
				c = *loaded
			}
			return configs.Print(streams.Out, &c, explain)
		},
	}
	cmd.Flags().BoolVar(&explain, "explain", false, "write above each key what it means")
	return cmd
}

func newConfigSchemaCommand(streams app.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of configuration files, for editors",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := streams.Out.Write(configs.Schema())
			return err
		},
	}
}

// loadConfig loads a configuration file; what is wrong with it has been told
// on w when it returns an error.
func loadConfig(name string, w io.Writer) (*configs.Config, error) {
	c, err := configs.Load(name)
	var problems configs.Problems
	if errors.As(err, &problems) {
		return nil, tellProblems(w, err)
	}
	return c, err
}
