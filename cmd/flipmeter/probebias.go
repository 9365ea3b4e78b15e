package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newProbeBiasCommand(streams app.Streams) *cobra.Command {
	o := app.DefaultProbeOptions()
	o.Experiments = []string{"bias"}
	o.Tool = "flipmeter " + programVersion()
	cmd := &cobra.Command{
		Use:   "bias BOXES...",
		Short: "Test where annotated objects lie in their pictures",
		Long: "bias reads annotated boxes (Pascal VOC XML, COCO JSON, CSV; files or folders) and tests for\n" +
			"each class whether their centres and heights are uniform. It needs no model; pictures only\n" +
			"where the annotations don't state their sizes.\n" + exitStatusHelp,
		Example: "  flipmeter probe bias VOC2012/Annotations\n  flipmeter probe bias --pictures photos/ boxes.csv",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Boxes = args
			return app.Probe(cmd.Context(), o, streams)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.Out, "out", "o", o.Out, "write the results into this `folder`")
	f.StringArrayVar(&o.Pictures, "pictures", nil, "`file` or folder with the pictures, for annotations without sizes; repeatable")
	f.StringVar(&o.Tables, "tables", o.Tables, "format of the tables: parquet, csv, jsonl or none")
	f.BoolVar(&o.JSON, "json", false, "print probe.json on standard output, too")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no summary in words")
	return cmd
}
