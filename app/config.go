package app

import (
	"fmt"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
)

// OptionsFromConfig reads a configuration file into the options of analyze.
// What belongs to a single run (sources, --resume, --json …) is left at its
// default.
func OptionsFromConfig(path string) (AnalyzeOptions, error) {
	o := DefaultAnalyzeOptions()
	cfg, err := configs.Load(path)
	if err != nil {
		return o, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	a := cfg.Analyze
	if err := a.ReadSecrets(); err != nil {
		return o, fmt.Errorf("%w: %s: %w", ErrUsage, path, err)
	}
	if len(a.Alerts) > 0 {
		return o, fmt.Errorf("%w: %s: analyze.alerts: rules are tested with flipmeter rules test, but not evaluated by analyze: take them out, or use fail_on", ErrUsage, path)
	}
	o.Out, o.Tables, o.Trace, o.FailOn = a.Out, a.Tables, a.Trace, a.FailOn
	o.LabelMap = a.LabelMap
	o.useModel(&a.Model)
	p := a.Picture
	o.ColorMatrix, o.Deinterlace, o.Region, o.Mask = p.ColorMatrix, p.Deinterlace, p.Region, p.Mask
	o.Stride, o.FPS, o.Cuts = p.Stride, p.FPS, p.Cuts
	o.Measures = a.Measures.Stability()
	o.Explain, o.TTA, o.Smooth, o.Truth = a.Explain, a.TTA, smoothOptions(a.Smoothing), truthOptions(a.Truth)
	o.MinCoverage = a.MinCoverage
	n := a.NATS
	o.NATS, o.Site, o.Pictures = n.URL, n.Site, n.Pictures
	o.Broker = brokerConfig(n)
	return o, nil
}

// useModel takes over what a configuration says about the classifier: all of
// it, whoever runs it.
func (o *AnalyzeOptions) useModel(m *configs.Model) {
	o.Model, o.Accelerator, o.Precision, o.Sessions = m.Name, m.Accelerator, m.Precision, m.Sessions
	o.Resize, o.Fit = m.Resize, m.Fit
	o.Hardware = Hardware{
		Threads: m.Threads, Device: m.Device, MemoryLimit: int64(m.MemoryLimit),
		EngineCache: m.EngineCache, Batch: m.Batch, BatchDelay: m.BatchDelay,
	}
	o.Described = ModelDescription{
		Preprocess: m.Preprocess, InputSize: m.InputSize, Layout: m.Layout,
		Emits: m.Emits, Labels: m.Labels,
	}
}

// ScoreOptionsFromConfig is OptionsFromConfig for score.
func ScoreOptionsFromConfig(path string) (ScoreOptions, error) {
	o := DefaultScoreOptions()
	cfg, err := configs.Load(path)
	if err != nil {
		return o, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	s := cfg.Score
	o.Out, o.Tables, o.Format, o.FPS, o.Stride, o.Logits = s.Out, s.Tables, s.Format, s.FPS, s.Stride, s.Logits
	o.Labels, o.LabelMap, o.FailOn = s.Labels, s.LabelMap, s.FailOn
	o.Measures, o.Smooth, o.Truth = s.Measures.Stability(), smoothOptions(s.Smoothing), truthOptions(s.Truth)
	o.MinCoverage = s.MinCoverage
	return o, nil
}

func smoothOptions(s configs.Smoothing) SmoothOptions {
	return SmoothOptions{Specs: s.Smoothers, Recommend: s.Recommend, MaxLag: s.MaxLag}
}

func truthOptions(t configs.Truth) TruthOptions {
	return TruthOptions{Tolerance: t.Tolerance, Objects: t.Objects, Background: t.Background}
}

// brokerConfig are the credentials and limits of a configuration.
func brokerConfig(n configs.NATS) bus.Config {
	return bus.Config{
		CredsFile: n.CredsFile, NKeyFile: n.NKeyFile, User: n.User, Password: n.Password, Token: n.Token,
		TLS:      bus.TLS{CAFile: n.CAFile, CertFile: n.CertFile, KeyFile: n.KeyFile},
		Storage:  bus.Storage{MaxAge: n.MaxAge, MaxBytes: int64(n.MaxBytes)},
		Pictures: bus.PictureStorage{MaxAge: n.PictureMaxAge, MaxBytes: int64(n.PictureMaxBytes)},
	}
}
