package configs

import (
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// Default is the configuration without any file.
func Default() Config {
	s := stability.DefaultConfig()
	c := Config{Analyze: Analyze{
		Out:    "flipmeter-out",
		Tables: "parquet",
		Model:  Model{Accelerator: "auto", BatchDelay: 5 * time.Millisecond},
		Picture: Picture{
			ColorMatrix: "auto", Deinterlace: "off", Stride: 1, FPS: 25, Cuts: "adaptive",
		},
		Measures: Measures{
			MinScore: s.MinScore, DwellMin: s.DwellMin, GlitchMax: s.GlitchMax, NearCut: s.NearCut, MinScene: s.MinSceneGap,
			Resamples: s.Resamples, Seed: s.Seed,
		},
		Smoothing: Smoothing{MaxLag: 500 * time.Millisecond},
		Truth:     Truth{Objects: "largest", Background: "background"},
		NATS: NATS{
			Site:   "local",
			MaxAge: 7 * 24 * time.Hour, MaxBytes: 1 << 30,
			PictureMaxAge: 24 * time.Hour, PictureMaxBytes: 256 << 20,
		},
	}}
	c.Score = Score{
		Out: c.Analyze.Out, Tables: c.Analyze.Tables, Format: "auto", Stride: 1, Smoothing: c.Analyze.Smoothing, Truth: c.Analyze.Truth, Measures: c.Analyze.Measures,
	}
	c.Watch = defaultWatch(c.Analyze.NATS)
	c.Defaults = defaultCamera(c.Analyze.Model, c.Analyze.Measures)
	return c
}
