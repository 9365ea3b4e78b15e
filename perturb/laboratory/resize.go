package laboratory

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/ingest/derive"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/page"
	"github.com/flipmeter/flipmeter/resample"
)

// resizeExperiment is flipmeter probe resize.
type resizeExperiment struct {
	codec  images.Codec
	models []page.Filtered
	rows   []filterRow
}

// filterRow is a row of its table: one picture through one function.
type filterRow struct {
	Model       string  `parquet:"model,dict" json:"model"`
	Picture     string  `parquet:"picture,dict" json:"picture"`
	Resize      string  `parquet:"resize,dict" json:"resize"`
	LabelIndex  int32   `parquet:"label_index" json:"label_index"`
	Label       string  `parquet:"label,dict" json:"label"`
	Score       float32 `parquet:"score" json:"score"`
	OwnScore    float32 `parquet:"own_label_score" json:"own_label_score"`
	SameAsOwn   bool    `parquet:"same_as_own" json:"same_as_own"`
	Consecutive bool    `parquet:"consecutive" json:"consecutive"`
}

func (e *resizeExperiment) name() string { return "resize" }

// resizers are all functions that this program has, the model's own first.
func resizers(own frame.Filter, codec images.Codec) []perturb.Resizer {
	names := []string{string(own)}
	for _, f := range []frame.Filter{frame.FilterNearest, frame.FilterLinear, frame.FilterArea, frame.FilterCubic} {
		if codec.BGR || f != frame.FilterCubic { // only OpenCV's codec writes BGR, and only OpenCV has it
			names = append(names, string(f))
		}
	}
	names = append(names, resample.Names()...)
	var out []perturb.Resizer
	for i, name := range names {
		if slices.Index(names, name) != i {
			continue
		}
		out = append(out, perturb.Resizer{Name: name, Make: func(dst []byte, p frame.Picture, want frame.Want) error {
			want.Filter = frame.Filter(name)
			return prepareWith(dst, p, want, codec)
		}})
	}
	return out
}

// prepareWith makes the picture that want describes of a whole RGB picture.
// Without dst it only says whether it can.
func prepareWith(dst []byte, p frame.Picture, want frame.Want, codec images.Codec) (err error) {
	if len(dst) == 0 {
		_, err := derive.NewPlan(want, p.Width, p.Height)
		return err
	}
	m, err := derive.NewMaker([]frame.Want{want}, p.Width, p.Height, nil, codec.Scaler)
	if err != nil {
		return err
	}
	err = m.Make([]frame.Picture{{Width: want.Width, Height: want.Height, Channels: 3, Pix: dst}}, derive.Pixels{Pix: p.Pix, Stride: 3 * p.Width})
	if closeErr := m.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (e *resizeExperiment) measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (bool, error) {
	m := lab.Classifier.Model()
	functions := resizers(m.Preprocessing.Filter, e.codec)
	out, err := perturb.Filter(ctx, lab, src, functions)
	if err != nil {
		return false, err
	}
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = f.Name
	}
	f := page.Filtered{Model: m, Records: out.Records, LeftOut: out.LeftOut, Complete: out.Complete, Comparison: perturb.CompareFilters(out.Records, names)}
	if f.Strip, err = e.strip(ctx, m, src, out.Records, functions); err != nil {
		return false, err
	}
	e.models = append(e.models, f)
	for i := range out.Records {
		r := &out.Records[i]
		for k, name := range names {
			e.rows = append(e.rows, filterRow{m.Name, r.Picture, name, r.Label(k), m.Label(r.Label(k)), r.Top[k][0].Score, r.Own[k], r.Label(k) == r.Label(0), r.Follows})
		}
	}
	return out.Complete, nil
}

// strip makes the pictures of the most disputed record once more.
func (e *resizeExperiment) strip(ctx context.Context, m *infer.ModelInfo, src *modelPictures, records []perturb.Filtered, functions []perturb.Resizer) ([]image.Image, error) {
	d := perturb.MostDisputed(records)
	if d == nil || ctx.Err() != nil {
		return nil, nil
	}
	p, err := src.Load(ctx, d.Index)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Picture, err)
	}
	want := m.Want()
	var out []image.Image
	for _, f := range functions {
		pix := make([]byte, 3*want.Width*want.Height)
		if err := f.Make(pix, p, want); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Picture, err)
		}
		out = append(out, imageOf(frame.Picture{Width: want.Width, Height: want.Height, Channels: 3, Pix: pix}))
	}
	return out, nil
}

// imageOf is an RGB picture as an image.
func imageOf(p frame.Picture) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Width * p.Height {
		copy(img.Pix[4*i:4*i+4], []byte{p.Pix[3*i], p.Pix[3*i+1], p.Pix[3*i+2], 255})
	}
	return img
}

// filteredSummary is one model's part in probe.json.
type filteredSummary struct {
	Model string `json:"model"`
	perturb.FilterComparison
	LeftOut  []perturb.LeftOut `json:"left_out"`
	Complete bool              `json:"complete"`
}

func (e *resizeExperiment) results() results {
	r := results{tables: []tableOf{newTable("resize", e.rows)}, measured: len(e.rows) > 0}
	if len(e.models) == 0 {
		return r
	}
	var sums []filteredSummary
	for _, m := range e.models {
		sums = append(sums, filteredSummary{m.Model.Name, m.Comparison, m.LeftOut, m.Complete})
	}
	r.sections = []page.Section{page.Resize(e.models)}
	r.summary = settingsSummary{nil, sums}
	return r
}
