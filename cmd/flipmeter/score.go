package main

import (
	"log/slog"
	"strings"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newScoreCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultScoreOptions()
	var verbose bool
	var config string
	var suite app.SuiteOptions
	cmd := &cobra.Command{
		Use:   "score FILE...",
		Short: "Measure label flips in what another classifier said",
		Long: "score reads labels, or probabilities, that another program made, and writes the same\n" +
			"report.html, summary.json and tables as analyze, without pictures. What the input\n" +
			"can't tell is null, and the report says so.\n\n" +
			"A FILE is a table (CSV, TSV, JSON lines or Parquet) with a column label or\n" +
			"label_index, or a list of labels, one a line; - is standard input. Further columns\n" +
			"are those of the frames table: stream, seq, pts_ms, score, top5_index and so on.\n" + exitStatusHelp,
		Example: "  flipmeter score --fps 30 labels.txt\n" +
			"  flipmeter score --out results predictions.csv\n" +
			"  flipmeter score --fail-on 'flip_fraction>0.05' --json frames.parquet",
		Args: usageArgs(sourcesOrManifest(&suite.Manifest)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if config != "" {
				base, err := app.ScoreOptionsFromConfig(config)
				if err != nil {
					return err
				}
				if err := underFlags(cmd.Flags(), func() { o = base }); err != nil {
					return err
				}
			}
			o.Files = args
			o.Tool = "flipmeter " + programVersion()
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelDebug
			}
			o.Logger = slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: level}))
			if suite.Manifest != "" {
				suite.Out, suite.Quiet = o.Out, o.Quiet
				return app.ScoreSuite(cmd.Context(), suite, o, streams)
			}
			return app.Score(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&config, "config", "c", "", "configuration `file` (see flipmeter config print); flags go before it")
	f.StringVarP(&o.Out, "out", "o", o.Out, "write the results into this `folder`")
	f.StringVar(&o.Tables, "tables", o.Tables, "format of the tables: parquet, csv, jsonl or none")
	f.StringVar(&o.Format, "format", o.Format, "format of the input: "+strings.Join(app.LabelFormats(), ", "))
	f.Float64Var(&o.FPS, "fps", 0, "frames a `second` of input without times")
	f.IntVar(&o.Stride, "stride", o.Stride, "by how much seq goes on from frame to frame")
	f.BoolVar(&o.Logits, "logits", false, "vectors hold logits rather than probabilities")
	f.StringVar(&o.Labels, "labels", "", "`file` with the names of all classes, one a line, or imagenet")
	f.StringVar(&o.LabelMap, "label-map", "", "`file` that says which labels are merged or ignored")
	addTruthFlags(f, &o.Truth)
	addSmoothFlags(f, &o.Smooth)
	f.Float64Var(&o.Measures.MinScore, "min-score", o.Measures.MinScore, "a frame is decided from this score on")
	f.DurationVar(&o.Window, "window", 0, "width of the windowed measures (default: 10s)")
	f.StringArrayVar(&o.FailOn, "fail-on", nil, "exit 3 if this `condition` holds, such as 'flip_fraction>0.05'; repeatable")
	gateFlags(f, &o.MinCoverage, &o.Baseline, &o.AllowIdentity)
	f.BoolVar(&o.SameContent, "same-content", false, "the baseline's labels are of the same frames, although they are in another file")
	suiteFlags(f, &suite)
	f.BoolVar(&o.JSON, "json", false, "print the summary as JSON on standard output")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress and no summary in words")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what is done")
	return cmd
}
