package main

import (
	"log/slog"
	"strings"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newCompareCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultCompareOptions()
	var verbose bool
	cmd := &cobra.Command{
		Use:   "compare [NAME=]SIDE [NAME=]SIDE...",
		Short: "Set runs on the same frames side by side, and say whether they really differ",
		Long: "compare takes saved runs (output folders of analyze or score), footage, or footage with\n" +
			"--variant for each way to classify it. The first side is the baseline. It writes\n" +
			"compare.html and compare.json: the measures side by side, the differences with paired\n" +
			"intervals, how often the labels differ, and where.\n\n" +
			"A variant says what it does differently, NAME:key=value,key=value with the keys\n" +
			strings.Join(app.VariantKeys(), ", ") + ".\n" +
			"Variants of the same footage are decoded once and classified at the same time; each\n" +
			"leaves a saved run of its own below the output folder.\n\n" +
			"What is not comparable is refused: other sources (unless --same-content says that their\n" +
			"frames correspond), other numbers of frames, another stride.\n" + exitStatusHelp,
		Example: "  flipmeter compare results-a results-b\n" +
			"  flipmeter compare --on film.mp4 --variant area:resize=area --variant linear:resize=linear\n" +
			"  flipmeter compare --on film.mp4 --variant model=efficientnet-lite0 --variant model=mine.onnx\n" +
			"  flipmeter compare --on film.mp4 --variant raw: --variant vote:smooth=three-in-a-row\n" +
			"  flipmeter compare --same-content pristine.mp4 distorted.mp4",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Sides = args
			o.Tool = "flipmeter " + programVersion()
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelDebug
			}
			o.Logger = slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: level}))
			return app.Compare(cmd.Context(), o, streams)
		},
	}
	f, b := cmd.Flags(), &o.Base
	f.SortFlags = false
	f.StringVarP(&o.Out, "out", "o", o.Out, "write the comparison, and the runs it makes, into this `folder`")
	f.StringArrayVar(&o.On, "on", nil, "`footage` that the variants classify; repeatable")
	f.StringArrayVar(&o.Variants, "variant", nil, "a side: `NAME:key=value,...`; repeatable")
	f.BoolVar(&o.SameContent, "same-content", false, "the sources differ, but their frames correspond one to one")
	f.StringArrayVar(&o.FailOn, "fail-on", nil, "exit 3 if this `condition` holds of a comparison, such as 'delta.flip_fraction.low>0'; repeatable")
	f.BoolVar(&o.JSON, "json", false, "print compare.json on standard output")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress and no result in words")
	// What follows holds for the runs that are made.
	f.StringVarP(&b.Model, "model", "m", "", "model `name` or ONNX file of the runs that are made")
	f.StringVar(&b.Resize, "resize", "", "resize `filter` in place of the model's")
	f.StringVar(&b.Fit, "fit", "", "crop, squash or letterbox in place of the model's way")
	f.StringVar(&b.ColorMatrix, "color-matrix", b.ColorMatrix, "auto, bt601 or bt709")
	f.StringVar(&b.Deinterlace, "deinterlace", b.Deinterlace, "off, auto or on")
	f.StringVar(&b.Region, "roi", "", "look at this part only: `x,y,w,h` in pixels")
	f.StringVar(&b.Mask, "mask", "", "picture `file`: where it is black, the footage is blacked out")
	f.IntVar(&b.Stride, "stride", b.Stride, "take every `n`-th frame")
	f.DurationVar(&b.Start, "start", 0, "begin at this `time` of the footage")
	f.DurationVar(&b.End, "end", 0, "stop before this `time` of the footage")
	f.Float64Var(&b.FPS, "fps", b.FPS, "frame rate of folders of pictures")
	f.Float64Var(&b.Measures.MinScore, "min-score", b.Measures.MinScore, "a frame is decided from this score on")
	f.StringVar(&b.Cuts, "cuts", b.Cuts, "scene cuts: adaptive, content or off")
	f.StringVar(&b.Accelerator, "accelerator", b.Accelerator, "auto, cpu, openvino, cuda or tensorrt")
	f.StringVar(&b.Precision, "precision", "", "fp32, or what the accelerator offers")
	f.IntVar(&b.Sessions, "sessions", 0, "frames that each variant classifies at once (default: one more than processors)")
	f.StringVar(&b.Tables, "tables", b.Tables, "format of the tables: parquet, csv or jsonl")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what is done")
	return cmd
}
