package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/pflag"
)

// addTruthFlags adds the flags of what the labels are held against.
func addTruthFlags(f *pflag.FlagSet, o *app.TruthOptions) {
	f.StringVar(&o.Path, "truth", "", "`file` or folder with the true labels: a table or list, or VOC annotations")
	f.IntVar(&o.Tolerance, "truth-tolerance", 0, "a flip within so many `frames` of a true change is at it")
	f.StringVar(&o.Objects, "truth-objects", o.Objects, "`which` objects of an annotated frame are right: largest or all")
	f.StringVar(&o.Background, "truth-background", o.Background, "`label` that forms no segment")
}
