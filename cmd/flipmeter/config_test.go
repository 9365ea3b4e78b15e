package main

import (
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/configs"
)

// The flags' defaults are those of the configuration.
func TestFlagsAndConfigurationHaveTheSameDefaults(t *testing.T) {
	o, c := app.DefaultAnalyzeOptions(), configs.Default().Analyze
	for name, pair := range map[string][2]any{
		"out":          {o.Out, c.Out},
		"tables":       {o.Tables, c.Tables},
		"model":        {o.Model, c.Model.Name},
		"resize":       {o.Resize, c.Model.Resize},
		"fit":          {o.Fit, c.Model.Fit},
		"accelerator":  {o.Accelerator, c.Model.Accelerator},
		"precision":    {o.Precision, c.Model.Precision},
		"sessions":     {o.Sessions, c.Model.Sessions},
		"color-matrix": {o.ColorMatrix, c.Picture.ColorMatrix},
		"deinterlace":  {o.Deinterlace, c.Picture.Deinterlace},
		"roi":          {o.Region, c.Picture.Region},
		"mask":         {o.Mask, c.Picture.Mask},
		"stride":       {o.Stride, c.Picture.Stride},
		"fps":          {o.FPS, c.Picture.FPS},
		"cuts":         {o.Cuts, c.Picture.Cuts},
		"min-score":    {o.Measures.MinScore, c.Measures.MinScore},
		"nats":         {o.NATS, c.NATS.URL},
		"site":         {o.Site, c.NATS.Site},
		"pictures":     {o.Pictures, c.NATS.Pictures},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: the flag's default is %v, the configuration's %v", name, pair[0], pair[1])
		}
	}
}
