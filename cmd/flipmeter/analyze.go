package main

import (
	"fmt"
	"log/slog"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newAnalyzeCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultAnalyzeOptions()
	var verbose bool
	var config string
	var suite app.SuiteOptions
	cmd := &cobra.Command{
		Use:   "analyze SOURCE...",
		Short: "Measure label flips in video files, folders of pictures or synthetic footage",
		Long: "analyze decodes each SOURCE frame by frame, classifies every frame, and writes\n" +
			"report.html, summary.json and the tables of frames and flips into the output folder.\n\n" +
			"A SOURCE is a video file, a folder of pictures (in the order of their names), or\n" +
			"synth:PATTERN?OPTIONS for made-up footage.\n" + exitStatusHelp,
		Example: "  flipmeter analyze film.mp4\n" +
			"  flipmeter analyze --trace albatross --out results film.mp4\n" +
			"  flipmeter analyze --fail-on 'unexplained_fraction>0.02' --json film.mp4",
		Args: usageArgs(sourcesOrManifest(&suite.Manifest)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if config != "" {
				base, err := app.OptionsFromConfig(config)
				if err != nil {
					return err
				}
				if err := underFlags(cmd.Flags(), func() { o = base }); err != nil {
					return err
				}
			}
			o.Sources = args
			o.Tool = "flipmeter " + programVersion()
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelDebug
			}
			o.Logger = slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: level}))
			if suite.Manifest != "" {
				suite.Out, suite.Quiet = o.Out, o.Quiet
				return app.AnalyzeSuite(cmd.Context(), suite, o, streams)
			}
			return app.Analyze(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&config, "config", "c", "", "configuration `file` (see flipmeter config print); flags go before it")
	f.StringVarP(&o.Out, "out", "o", o.Out, "write the results into this `folder`")
	f.StringVar(&o.Tables, "tables", o.Tables, "format of the tables: parquet, csv, jsonl or none")
	f.StringVarP(&o.Model, "model", "m", "", "model `name` or ONNX file (default: the best that is installed)")
	f.StringVar(&o.Resize, "resize", "", "resize `filter` in place of the model's: nearest, linear, area, cubic, lanczos or another library's")
	f.StringVar(&o.Fit, "fit", "", "crop, squash or letterbox in place of the model's way")
	describedFlags(f, &o.Described)
	f.StringVar(&o.ColorMatrix, "color-matrix", o.ColorMatrix, "auto, bt601 or bt709")
	f.StringVar(&o.Deinterlace, "deinterlace", o.Deinterlace, "off, auto (where the footage is interlaced) or on")
	f.StringVar(&o.Region, "roi", "", "look at this part only: `x,y,w,h` in pixels")
	f.StringVar(&o.Mask, "mask", "", "picture `file`: where it is black, the footage is blacked out")
	f.IntVar(&o.Stride, "stride", o.Stride, "take every `n`-th frame")
	f.DurationVar(&o.Start, "start", 0, "begin at this `time` of the footage, such as 90s")
	f.DurationVar(&o.End, "end", 0, "stop before this `time` of the footage")
	f.Float64Var(&o.FPS, "fps", o.FPS, "frame rate of folders of pictures")
	f.Float64Var(&o.Measures.MinScore, "min-score", o.Measures.MinScore, "a frame is decided from this score on")
	f.StringVar(&o.Cuts, "cuts", o.Cuts, "scene cuts: adaptive, content or off")
	f.DurationVar(&o.Window, "window", 0, "width of the windowed measures (default: by the length of the footage)")
	f.StringArrayVar(&o.Trace, "trace", nil, "draw this `class` over time (label, number or WordNet id); repeatable")
	f.StringVar(&o.LabelMap, "label-map", "", "`file` that says which labels are merged or ignored")
	f.StringVar(&o.Accelerator, "accelerator", o.Accelerator, "auto (says which and why), cpu, openvino, cuda or tensorrt")
	f.StringVar(&o.Precision, "precision", "", "fp32, or bf16 or fp16 where the accelerator has it: faster, with other labels here and there")
	f.IntVar(&o.Sessions, "sessions", 0, "runs of the network at once (default: one more than processors)")
	addSmoothFlags(f, &o.Smooth)
	addTruthFlags(f, &o.Truth)
	f.BoolVar(&o.Explain, "explain", false, "read the footage once more and see whether the labels around flips survive one pixel")
	f.IntVar(&o.TTA, "tta", 0, "average every answer over `n` shifted copies of the frame, at n times the cost")
	f.StringVar(&o.NATS, "nats", "", "publish over NATS: embedded, or the `URL` of a server")
	f.StringVar(&o.Site, "site", o.Site, "site name in NATS subjects")
	f.BoolVar(&o.Pictures, "pictures", false, "publish the pictures before and after flips, too")
	f.StringArrayVar(&o.FailOn, "fail-on", nil, "exit 3 if this `condition` holds, such as 'flip_fraction>0.05'; repeatable")
	gateFlags(f, &o.MinCoverage, &o.Baseline, &o.AllowIdentity)
	suiteFlags(f, &suite)
	f.BoolVar(&o.Resume, "resume", false, "go on where an interrupted run into the same folder stopped")
	f.BoolVar(&o.JSON, "json", false, "print the summary as JSON on standard output")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress and no summary in words")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what is done")
	return cmd
}

// underFlags runs change, which overwrites the variables behind the flags, and
// sets those flags again that the user gave.
func underFlags(flags *pflag.FlagSet, change func()) error {
	given := make(map[*pflag.Flag][]string)
	flags.Visit(func(f *pflag.Flag) {
		if s, ok := f.Value.(pflag.SliceValue); ok {
			given[f] = s.GetSlice()
		} else {
			given[f] = []string{f.Value.String()}
		}
	})
	change()
	for f, values := range given {
		var err error
		if s, ok := f.Value.(pflag.SliceValue); ok {
			err = s.Replace(values)
		} else {
			err = f.Value.Set(values[0])
		}
		if err != nil {
			return fmt.Errorf("set --%s: %w", f.Name, err)
		}
	}
	return nil
}
