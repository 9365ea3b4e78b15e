package main

import (
	"log/slog"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newProbeCommand(streams app.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Change pictures as no person would notice, and see what a classifier makes of it",
		Long: "probe runs the experiments of Azulay & Weiss (JMLR 2019) on any model and any pictures:\n" +
			"files, folders (also of folders), or frames of videos. It writes probe.html, the figures\n" +
			"as SVG and PNG, probe.json and tables into the output folder.",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProbeTranslateCommand(streams), newProbeScaleCommand(streams), newProbeRescaleCommand(streams), newProbeResizeCommand(streams), newProbeTTACommand(streams), newProbeBiasCommand(streams), newProbeLayersCommand(streams), newProbeAllCommand(streams))
	return cmd
}

// probeCommand is what the experiments' commands share.
func probeCommand(streams app.Streams, o *app.ProbeOptions, cmd *cobra.Command) *cobra.Command {
	var verbose bool
	prepare := cmd.RunE
	cmd.Args = usageArgs(cobra.MinimumNArgs(1))
	cmd.Long += "\n" + exitStatusHelp
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Pictures = args
		o.Tool = "flipmeter " + programVersion()
		level := slog.LevelWarn
		if verbose {
			level = slog.LevelDebug
		}
		o.Logger = slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: level}))
		if prepare != nil {
			if err := prepare(cmd, args); err != nil {
				return err
			}
		}
		return app.Probe(cmd.Context(), *o, streams)
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.Out, "out", "o", o.Out, "write the results into this `folder`")
	f.StringArrayVarP(&o.Models, "model", "m", nil, "model `name` or ONNX file; repeatable, for models side by side (default: the best that is installed)")
	f.StringVar(&o.Truth, "truth", "", "`file` with the pictures' classes: CSV, val.txt, LOC_val_solution.csv (default: the folders' names)")
	f.StringArrayVar(&o.Boxes, "boxes", nil, "`file` or folder with annotated boxes: Pascal VOC XML, COCO JSON or CSV; repeatable")
	f.IntVar(&o.Frames, "frames", o.Frames, "take `n` frames of each video, evenly")
	f.IntVar(&o.Limit, "limit", 0, "take `n` of all pictures, evenly (default: all)")
	f.StringVar(&o.Tables, "tables", o.Tables, "format of the tables: parquet, csv, jsonl or none")
	f.StringVar(&o.Accelerator, "accelerator", o.Accelerator, "auto, cpu, openvino, cuda or tensorrt")
	f.StringVar(&o.Precision, "precision", "", "fp32, or what the accelerator offers")
	f.IntVar(&o.Sessions, "sessions", 0, "pictures classified at once (default: one a processor)")
	f.BoolVar(&o.ForceRandom, "force-random-weights", false, "allow networks with random weights; every figure says so")
	f.BoolVar(&o.Resume, "resume", false, "go on where an interrupted run into the same folder stopped")
	f.BoolVar(&o.JSON, "json", false, "print probe.json on standard output, too")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress and no summary in words")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what is done")
	return cmd
}

func newProbeTranslateCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultProbeOptions()
	o.Experiments = []string{"translate"}
	cmd := probeCommand(streams, &o, &cobra.Command{
		Use:   "translate PICTURES...",
		Short: "Move pictures by one pixel",
		Long: "translate moves pictures by one pixel and counts how often the label changes.\n\n" +
			"  sweep  embeds each picture and moves it over the whole range (figures: a picture's\n" +
			"         probability along the way, and the map of pictures and shifts)\n" +
			"  crop   takes neighbouring crops; nothing is embedded\n" +
			"  embed  places each picture at random and moves it once\n" +
			"  bbox   moves a window over the original pixels around annotated objects (--boxes)",
		Example: "  flipmeter probe translate photos/\n" +
			"  flipmeter probe translate --protocol crop --model efficientnet-lite0 --model my.onnx photos/\n" +
			"  flipmeter probe translate --protocol embed --background black --repeats 8 film.mp4",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.FillTranslation(cmd.Flags().Changed)
			return nil
		},
	})
	addTranslationFlags(cmd.Flags(), &o)
	return cmd
}

func addTranslationFlags(f *pflag.FlagSet, o *app.ProbeOptions) {
	t := &o.Translation
	f.StringVar((*string)(&t.Protocol), "protocol", string(t.Protocol), "sweep, crop, embed or bbox")
	f.StringVar((*string)(&t.Direction), "direction", "", "vertical, horizontal, diagonal, or random for embed (default: as in the paper)")
	f.StringVar((*string)(&t.Background), "background", "", "around an embedded picture: black, mean or inpaint (default: inpaint for sweep, mean for embed)")
	f.BoolVar(&t.Faithful, "faithful", false, "inpaint anew at every shift, as the paper did, instead of once")
	f.IntVar(&t.From, "from", 0, "first shift of a sweep, in `pixels` (default -52; -88 for bbox)")
	f.IntVar(&t.To, "to", 0, "last shift of a sweep, in `pixels` (default 48; 87 for bbox)")
	f.IntVar(&t.Short, "size", t.Short, "shorter side of embedded pictures, in `pixels`")
	f.Float64Var(&t.Area, "area", t.Area, "`share` of the picture's area that crop looks at")
	f.IntVar(&t.Repeats, "repeats", t.Repeats, "how often embed and crop place a picture")
	f.StringVar(&t.Filter, "resize", t.Filter, "resize `filter`: area, or another library's such as pillow-bilinear")
	f.Uint64Var(&t.Seed, "seed", t.Seed, "`number` that decides everything random")
}
