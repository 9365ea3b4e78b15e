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
		Short: "List, pull, build, inspect and verify classifiers",
		Long: "models keeps classifiers in the folder models under FLIPMETER_HOME (by default\n" +
			"~/.local/share/flipmeter). It builds known networks from their published weights as\n" +
			"ONNX files that say themselves how pictures are prepared for them.",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newModelsListCommand(streams), newModelsPullCommand(streams), newModelsBuildCommand(streams), newModelsInspectCommand(streams), newModelsVerifyCommand(streams))
	return cmd
}

func newModelsListCommand(streams app.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the networks that can be built and those that are installed",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return app.ListModelsJSON("", streams)
			}
			return app.ListModels("", streams)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func newModelsPullCommand(streams app.Streams) *cobra.Command {
	var o app.PullModelOptions
	cmd := &cobra.Command{
		Use:   "pull NAME",
		Short: "Download a network's published weights, check them, build and install it",
		Long: "pull downloads the published weights of the network NAME, checks their SHA-256, and builds\n" +
			"and installs NAME.onnx. A download that breaks off goes on where it stopped when the same\n" +
			"command is typed again. Proxies are taken from the environment (HTTPS_PROXY, NO_PROXY).\n\n" +
			"The hash must be the one given with --sha256, else the one recorded when the weights were\n" +
			"first pulled, else the one that the server announces. That last one protects against\n" +
			"accidents, not against the server: give --sha256 where that matters.\n\n" +
			"HF_ENDPOINT names a mirror of Hugging Face to take the weights from.",
		Example: "  flipmeter models pull inception-resnet-v2\n" +
			"  flipmeter models pull resnet50 --url https://mirror.example/resnet50.safetensors --sha256 HASH",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			return app.PullModel(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.SHA256, "sha256", "", "the `hash` that the weights must have")
	f.StringVar(&o.URL, "url", "", "take the weights from this `address`")
	f.StringVar(&o.Input, "input", "bytes", "what the network takes: bytes (it normalises them by itself) or floats")
	f.BoolVar(&o.Keep, "keep-weights", false, "keep the weights in the folder weights when the model is built")
	f.BoolVar(&o.Again, "again", false, "pull a model that is installed already")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress")
	return cmd
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
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect NAME|FILE",
		Short: "Print what a model is: inputs, outputs, preprocessing, size, cost, feature maps",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if asJSON {
				return app.InspectModelJSON("", args[0], streams)
			}
			return app.InspectModel("", args[0], streams)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func newModelsVerifyCommand(streams app.Streams) *cobra.Command {
	o := app.VerifyModelOptions{Tolerance: app.DefaultTolerance}
	cmd := &cobra.Command{
		Use:   "verify NAME|FILE",
		Short: "Run reference pictures through a model and compare its scores with float64 arithmetic",
		Long: "verify runs reference pictures through a model as ONNX Runtime and the accelerator run it,\n" +
			"computes the same in float64 from the file alone, and prints the largest difference. A\n" +
			"network that flipmeter built is also compared with what the library timm computes from\n" +
			"made-up weights, and an installed file with the record of how it was built. It exits with\n" +
			"1 if a difference is larger than the tolerance, as a share of the largest score.\n\n" +
			"The arithmetic is slow: for the largest networks up to twenty seconds of processor time\n" +
			"a picture.",
		Example: "  flipmeter models verify inception-resnet-v2\n" +
			"  flipmeter models verify resnet50 --accelerator openvino --precision bf16 --tolerance 0.05",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Model = args[0]
			return app.VerifyModel(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Accelerator, "accelerator", "auto", "auto, cpu, openvino, cuda or tensorrt")
	f.StringVar(&o.Precision, "precision", "", "fp32, or what the accelerator offers")
	f.Float64Var(&o.Tolerance, "tolerance", o.Tolerance, "how far a score may be off, as a `share` of the largest")
	describedFlags(f, &o.Described)
	return cmd
}
