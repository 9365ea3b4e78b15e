package main

import (
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/pflag"
)

// describedFlags are for models that don't describe themselves.
func describedFlags(f *pflag.FlagSet, d *app.ModelDescription) {
	f.StringVar(&d.Preprocess, "preprocess", "", "what a model wants that does not say so: imagenet, inception, caffe, lite, unit or bytes")
	f.StringVar(&d.InputSize, "input-size", "", "`size` of the input of a model that takes any: 224, or 320x240")
	f.StringVar(&d.Layout, "layout", "", "nchw or nhwc, for a model that leaves it open")
	f.StringVar(&d.Emits, "emits", "", "logits or probabilities, for a model that does not say so (default: the first frame decides)")
	f.StringVar(&d.Labels, "labels", "", "`file` with the names of the model's classes")
}
