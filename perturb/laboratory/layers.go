package laboratory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/page"
)

// layersExperiment is flipmeter probe layers.
type layersExperiment struct {
	settings perturb.Translation
	layers   []perturb.Layer  // of the model at hand
	taps     infer.Classifier // the same
	models   []page.Layered
	rows     []layerRow
}

// layerRow is a row of its table: one layer on one picture.
type layerRow struct {
	Model   string `parquet:"model,dict" json:"model"`
	Picture string `parquet:"picture,dict" json:"picture"`
	Layer   string `parquet:"layer,dict" json:"layer"`
	Factor  int32  `parquet:"subsampling_factor" json:"subsampling_factor"`
	Maps    int32  `parquet:"maps" json:"maps"`
	Silent  int32  `parquet:"silent" json:"silent"`
	Off     int32  `parquet:"off" json:"off"`
	All     int32  `parquet:"all" json:"all"`
}

func (e *layersExperiment) name() string { return "layers" }

// open makes a network of the model that emits the means of its feature maps
// in place of its classes, and opens it.
func (e *layersExperiment) open(ctx context.Context, models Models, path string) (closeIt func() error, err error) {
	m, err := onnxfile.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var names []string
	if text := m.Metadata[zoo.MetaTaps]; text == "" || json.Unmarshal([]byte(text), &names) != nil {
		return nil, bad("%s does not say which of its tensors are feature maps: layers is for networks that flipmeter models build has made", path)
	}
	for i := range m.Initializers {
		if m.Initializers[i].External != "" {
			return nil, bad("the weights of %s lie in another file, and layers needs them in one", path)
		}
	}
	taps, err := m.Taps(names)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	if file, err = m.WithTapMeans(file, taps); err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	dir, err := os.MkdirTemp("", "flipmeter-layers-*")
	if err != nil {
		return nil, fmt.Errorf("make room for the network's feature maps: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	made := filepath.Join(dir, "taps.onnx")
	if err := os.WriteFile(made, file, 0o600); err != nil {
		return nil, fmt.Errorf("make room for the network's feature maps: %w", err)
	}
	var labels []string
	e.layers = nil
	for _, t := range taps {
		e.layers = append(e.layers, perturb.Layer{Name: t.Name, Maps: t.Maps, Height: t.Height, Width: t.Width, Factor: t.Factor})
		for k := range t.Maps {
			labels = append(labels, fmt.Sprintf("%s/%d", t.Name, k))
		}
	}
	if e.taps, err = models.OpenTaps(ctx, made, labels); err != nil {
		return nil, err
	}
	return func() error { return errors.Join(e.taps.Close(), os.RemoveAll(dir)) }, nil
}

func (e *layersExperiment) measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (bool, error) {
	m := lab.Classifier.Model()
	tapped := *lab
	tapped.Classifier = e.taps
	out, err := perturb.Layers(ctx, &tapped, src, e.layers, e.settings)
	if err != nil {
		return false, err
	}
	e.models = append(e.models, page.Layered{
		Model: m, Layers: perturb.MeasureLayers(out.Records, e.layers), Pictures: len(out.Records), LeftOut: out.LeftOut, Complete: out.Complete,
	})
	for _, r := range out.Records {
		for k, c := range r.Layers {
			l := &e.layers[k]
			e.rows = append(e.rows, layerRow{m.Name, r.Picture, l.Name, int32(l.Factor), int32(l.Maps), int32(c.Silent), int32(c.Off), int32(c.All)})
		}
	}
	return out.Complete, nil
}

// layersSummary is one model's part in probe.json.
type layersSummary struct {
	Model    string                  `json:"model"`
	Layers   []perturb.LayerMeasures `json:"layers"`
	Pictures int                     `json:"pictures"`
	LeftOut  []perturb.LeftOut       `json:"left_out"`
	Complete bool                    `json:"complete"`
}

func (e *layersExperiment) results() results {
	r := results{tables: []tableOf{newTable("layers", e.rows)}, measured: len(e.rows) > 0}
	if len(e.models) == 0 {
		return r
	}
	var sums []layersSummary
	for _, m := range e.models {
		sums = append(sums, layersSummary{m.Model.Name, m.Layers, m.Pictures, m.LeftOut, m.Complete})
	}
	r.sections = []page.Section{page.Layers(e.settings, e.models)}
	r.summary = settingsSummary{e.settings, sums}
	return r
}
