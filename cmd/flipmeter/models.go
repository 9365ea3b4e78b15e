package main

import (
	"fmt"
	"strconv"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newModelsCommand(streams app.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List, build and inspect classifiers",
		Long: "models keeps classifiers in the folder models under FLIPMETER_HOME (by default\n" +
			"~/.local/share/flipmeter). It builds known networks from their published weights as\n" +
			"ONNX files that say themselves how pictures are prepared for them.",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newModelsListCommand(streams), newModelsBuildCommand(streams), newModelsInspectCommand(streams))
	return cmd
}

func newModelsListCommand(streams app.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the networks that can be built and those that are installed",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(*cobra.Command, []string) error { return app.ListModels("", streams) },
	}
}

func newModelsBuildCommand(streams app.Streams) *cobra.Command {
	var o app.BuildModelOptions
	var seed string
	cmd := &cobra.Command{
		Use:   "build NAME",
		Short: "Build a network from its weights and install it",
		Long: "build reads the weights of the network NAME from a safetensors file or a PyTorch state\n" +
			"dict, nothing of which is executed, and installs NAME.onnx. With --random-weights it\n" +
			"makes NAME-random-SEED.onnx, which costs what the real network costs and knows nothing.",
		Example: "  flipmeter models build efficientnet-lite0 --weights efficientnet-lite0-57934424.pth\n" +
			"  flipmeter models build inception-resnet-v2 --random-weights 1",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			if seed != "" {
				n, err := strconv.ParseUint(seed, 10, 64)
				if err != nil {
					return fmt.Errorf("%w: --random-weights must be a whole number, got %q", app.ErrUsage, seed)
				}
				o.RandomSeed = &n
			}
			return app.BuildModel(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Weights, "weights", "", "`file` with the weights: safetensors, .pth or .bin")
	f.StringVar(&seed, "random-weights", "", "make the weights up from this `seed`")
	f.StringVar(&o.Input, "input", "bytes", "what the network takes: bytes (it normalises them by itself) or floats")
	return cmd
}

func newModelsInspectCommand(streams app.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "inspect NAME|FILE",
		Short: "Print what a model is: inputs, outputs, preprocessing, size, cost, feature maps",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE:  func(_ *cobra.Command, args []string) error { return app.InspectModel("", args[0], streams) },
	}
}
