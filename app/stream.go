package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/perturb/explain"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
)

// windowsPerWidth is how often the windowed measures are told: ten times in
// the width of a window.
const windowsPerWidth = 10

// streamResult is what one stream leaves behind.
type streamResult struct {
	outcome report.StreamOutcome
	stream  stability.Result
	// truncated says that the source ended before what it promised.
	truncated string
}

// runStream analyses one source from its opening to its close. The result is
// nil where nothing was recorded; an interruption comes with both a result
// and ErrInterrupted.
func (a *analysis) runStream(ctx context.Context, source, name string) (_ *streamResult, err error) {
	var clean cleanups
	defer func() { err = errors.Join(err, clean.run()) }()

	w := wantsFor(a.classifier.Model())
	open := openSource
	if a.o.open != nil {
		open = a.o.open
	}
	src, err := open(ctx, a.o, source, name, w, a.pool, a.log)
	if err != nil {
		return nil, err
	}
	clean.push("closing "+name, src.Close)
	info := src.Info()
	identity := identityOf(a.classifier.Model(), info, a.o)
	cfg := a.pipelineConfig(name, info)
	truth, err := a.truth.stream(ctx, name)
	if err != nil {
		return nil, err
	}
	a.truth.configure(truth, true, true, &cfg)
	journal, epoch, err := a.openJournal(source, name, identity, cfg.KeepsProbabilities())
	if err != nil {
		return nil, err
	}
	began := bus.EpochStart(epoch)
	clean.push("analysis of "+name, journal.Close)
	a.journals = append(a.journals, journal)

	recorder, err := a.report.Stream(a.streamConfig(name, info, identity, w))
	if err != nil {
		return nil, err
	}
	recorders := []event.Recorder{recorder}
	if a.publish != nil {
		recorders = append(recorders, a.publish.stream(name, identity.Hash(), epoch, began, a.classifier.Model(), a.traces))
	}
	var rec *explain.Recorder
	if a.o.Explain {
		rec = explain.NewRecorder(a.o.Truth.Tolerance)
		recorders = append(recorders, rec)
	}
	cfg.Began = began
	deps := pipeline.Deps{Source: src, Classifier: a.classifier, Journal: journal, Recorders: recorders, Listeners: slices.Clone(a.o.Listeners)}
	w.deps(&deps)
	stopProgress := a.showProgress(&deps, name, info)
	s, err := pipeline.New(cfg, deps)
	if err != nil {
		stopProgress()
		return nil, err
	}
	res, err := s.Run(ctx)
	stopProgress()
	if err != nil {
		return nil, err
	}
	final := finalState(a.o.Site, name, res, began)
	for _, r := range recorders {
		if err := r.Record(context.WithoutCancel(ctx), final); err != nil {
			return nil, err
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	out := &streamResult{outcome: a.outcomeOf(ctx, src, res), stream: res.Stream}
	a.whatIfs.add(name, res, &out.outcome)
	if err := a.truth.tell(truth.track, res, &out.outcome); err != nil {
		return nil, err
	}
	a.truth.add(res)
	for _, note := range out.outcome.Notes {
		if !slices.Contains(info.Notes, note) && !slices.Contains(a.modelNotes, note) {
			a.say("%s: %s", name, note)
		}
	}
	if !errors.Is(res.Ending, ingest.ErrEndOfStream) {
		return out, ErrInterrupted
	}
	if rec != nil {
		if out.outcome.Explained, err = a.explain(ctx, source, name, rec); errors.Is(err, context.Canceled) {
			out.outcome.Complete, out.outcome.Why = false, "interrupted before its flips were explained"
			return out, ErrInterrupted
		}
		if err != nil {
			return nil, err
		}
	}
	if !res.Complete {
		out.truncated = fmt.Sprintf("%s: %s", info.Name, out.outcome.Why)
	}
	return out, nil
}

func (a *analysis) pipelineConfig(name string, info ingest.Info) pipeline.Config {
	cfg := a.o.Measures
	if a.o.Window > 0 {
		cfg.Windows = []time.Duration{a.o.Window}
	}
	if len(cfg.Windows) == 0 {
		width := 10 * time.Second
		if info.Frames > 0 && info.FPS > 0 {
			width = windowFor(time.Duration(float64(info.Frames) / info.FPS * float64(time.Second)))
		}
		cfg.Windows = []time.Duration{width}
	}
	p := pipeline.Config{
		Site: a.o.Site, Stream: name, Tracker: cfg, Cuts: scene.Mode(a.o.Cuts),
		Windows: cfg.Windows, WindowStep: slices.Min(cfg.Windows) / windowsPerWidth,
		Traces: a.traces, Smoothing: a.whatIfs.cfg,
	}
	if a.o.show != nil {
		p.Smoothing = stability.SmoothingConfig{Smoothers: []stability.Smoother{*a.o.show}}
		p.ShowSmoothed, p.WindowStep = true, 0
	}
	return p
}

// showProgress starts the progress display and returns what ends it.
func (a *analysis) showProgress(deps *pipeline.Deps, name string, info ingest.Info) (stop func()) {
	if a.o.Quiet {
		return func() {}
	}
	p := newProgress(a.streams.Err, name, info.Frames)
	deps.Listeners = append(deps.Listeners, p)
	return p.start()
}

func (a *analysis) streamConfig(name string, info ingest.Info, id report.Identity, w wants) report.StreamConfig {
	m := a.classifier.Model()
	return report.StreamConfig{
		Name: name, Identity: id, Label: m.Label, Traces: a.traces,
		Crop:     report.CropOf(w.list[w.model], info.Width, info.Height),
		MinScore: a.o.Measures.MinScore, RandomWeights: m.RandomWeights,
		Source: report.Source{
			Name: info.Name, SHA256: info.SHA256, Kind: info.Kind, Codec: info.Codec,
			Width: info.Width, Height: info.Height, FPS: info.FPS,
			Interlaced: info.Interlaced, Deinterlaced: info.Deinterlaced,
			ColorMatrixWhy: info.ColorMatrixWhy, Notes: info.Notes,
		},
		Details: []report.Detail{
			{Name: "scene cuts", Value: a.o.Cuts},
			{Name: "stride", Value: fmt.Sprint(a.o.Stride)},
			{Name: "sessions", Value: fmt.Sprint(a.classifier.Parallel())},
		},
	}
}

// identityOf gathers everything that two results must share to be compared.
func identityOf(m *infer.ModelInfo, info ingest.Info, o *AnalyzeOptions) report.Identity {
	p := m.Preprocessing
	labelMap := ""
	if o.labelMap != nil {
		labelMap = o.labelMap.Hash()
	}
	smoother := ""
	if o.show != nil {
		smoother = o.show.String()
	}
	return report.Identity{
		Model: m.Name, ModelSHA256: m.SHA256, Provider: m.Provider, Precision: m.Precision,
		Preprocessing: report.Preprocessing{
			Width: p.Width, Height: p.Height, ShortSide: p.ShortSide, Fit: p.Fit, Filter: p.Filter,
			Order: p.Order, Mean: p.Mean, Scale: p.Scale,
			Region: info.Region, Masked: info.Masked, Deinterlaced: info.Deinterlaced, Stride: o.Stride,
			LabelMap: labelMap,
		},
		ColorMatrix: info.ColorMatrix, Decoder: info.Decoder, Runtime: m.Runtime, Smoother: smoother,
		Thresholds: report.ThresholdsOf(&o.Measures, o.Cuts),
	}
}

// outcomeOf is what the report is told at a stream's end.
func (a *analysis) outcomeOf(ctx context.Context, src ingest.Source, res *pipeline.Result) report.StreamOutcome {
	out := report.StreamOutcome{
		Summary: res.Summary, Complete: res.Complete, Notes: slices.Concat(src.Info().Notes, modelNotes(a.classifier.Model())),
		FPS: report.FPS{Pipeline: perSecond(res.Summary.Frames, res.Elapsed)},
	}
	if s, ok := a.classifier.(interface{ Stats() infer.Stats }); ok {
		if st := s.Stats(); st.Busy > 0 {
			// Frames a second that the sessions could do together.
			out.FPS.Infer = perSecond(st.Frames, st.Busy) * float64(a.classifier.Parallel())
		}
	}
	if t, ok := src.(ingest.Timed); ok {
		timing := t.Timing()
		out.FPS.Decode = perSecond(timing.Frames, timing.Decode)
		out.FPS.Preprocess = perSecond(timing.Frames, timing.Derive)
	}
	if h, ok := src.(ingest.Hasher); ok && (res.Complete || ctx.Err() == nil) {
		if sum, err := h.SHA256(context.WithoutCancel(ctx)); err == nil {
			out.SourceSHA256 = sum
		}
	}
	switch {
	case res.Complete:
	case errors.Is(res.Ending, ingest.ErrTruncated):
		out.Why = fmt.Sprintf("the file is cut off after %d frames", res.Summary.Frames)
	default:
		out.Why = fmt.Sprintf("interrupted after %d frames", res.Summary.Frames)
	}
	return out
}

func perSecond(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
