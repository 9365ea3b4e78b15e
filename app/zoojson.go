package app

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/sidecar"
	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// The schemas of models list --json and models inspect --json.
const (
	modelsSchema = "flipmeter.models/v1"
	modelSchema  = "flipmeter.model/v1"
)

// listedModel is a network that can be built, or a file that is installed.
// What is not known is null.
type listedModel struct {
	Name      string `json:"name"`
	Installed bool   `json:"installed"`
	// Known says that pull and build have it.
	Known         bool     `json:"known"`
	Path          *string  `json:"path"`
	Bytes         *int64   `json:"bytes"`
	SHA256        *string  `json:"sha256"` // as recorded when it was built
	Width         *int     `json:"width"`
	Height        *int     `json:"height"`
	Parameters    *int     `json:"parameters"`
	Top1Percent   *float64 `json:"top1_percent"`
	DownloadBytes *int64   `json:"download_bytes"`
	License       *string  `json:"license"`
	RandomWeights *string  `json:"random_weights"` // the seed
}

func (l *listedModel) install(m *zoo.Installed) {
	l.Installed, l.Path, l.Bytes = true, &m.Path, &m.Bytes
	if r := m.Record; r != nil {
		l.SHA256, l.RandomWeights = known(r.SHA256), known(r.RandomWeights)
	}
}

// ListModelsJSON writes what ListModels prints as one object.
func ListModelsJSON(home string, streams Streams) error {
	s, err := store(home)
	if err != nil {
		return err
	}
	installed, err := s.List()
	if err != nil {
		return err
	}
	list := []listedModel{}
	for _, a := range zoo.Architectures() {
		parameters, download := a.ParameterCount(), a.WeightsBytes()
		l := listedModel{
			Name: a.Name, Known: true, Width: &a.Preprocessing.Width, Height: &a.Preprocessing.Height,
			Parameters: &parameters, Top1Percent: &a.Top1, DownloadBytes: &download, License: known(a.License),
		}
		if i := slices.IndexFunc(installed, func(m zoo.Installed) bool { return m.Name == a.Name }); i >= 0 {
			m := installed[i]
			l.install(&m)
			installed = slices.Delete(installed, i, i+1)
		}
		list = append(list, l)
	}
	for _, m := range installed {
		l := listedModel{Name: m.Name}
		l.install(&m)
		if r := m.Record; r != nil {
			l.Parameters, l.License = &r.Parameters, known(r.License)
		}
		list = append(list, l)
	}
	return writeJSON(streams.Out, struct {
		Schema string        `json:"schema"`
		Folder string        `json:"folder"`
		Models []listedModel `json:"models"`
	}{modelsSchema, s.Dir, list})
}

// tensor is an input, an output or a feature map. A dimension is a number, a
// name where it is free, or null.
type tensor struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []any  `json:"shape"`
}

func tensorsOf(values []onnxfile.Value) []tensor {
	out := []tensor{}
	for _, v := range values {
		t := tensor{Name: v.Name, Type: fmt.Sprint(v.Type), Shape: []any{}}
		for _, d := range v.Dims {
			switch {
			case d.Name != "":
				t.Shape = append(t.Shape, d.Name)
			case d.Size >= 0:
				t.Shape = append(t.Shape, d.Size)
			default:
				t.Shape = append(t.Shape, nil)
			}
		}
		out = append(out, t)
	}
	return out
}

// statedPreprocessing is what is done to a frame.
type statedPreprocessing struct {
	Width           int          `json:"width"`
	Height          int          `json:"height"`
	ShortSide       int          `json:"short_side"`
	Fit             frame.Fit    `json:"fit"`
	Filter          frame.Filter `json:"filter"`
	EvaluatedFilter *string      `json:"evaluated_filter"`
	Order           string       `json:"order"`
	Mean            [3]float32   `json:"mean"`
	Scale           [3]float32   `json:"scale"`
	InGraph         bool         `json:"in_graph"`
}

// inspectedModel is what models inspect --json tells.
type inspectedModel struct {
	Schema string `json:"schema"`
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	// Described is by what the model is described: file, sidecar or nothing.
	Described     string               `json:"described"`
	Name          *string              `json:"name"`
	License       *string              `json:"license"`
	SourceFile    *string              `json:"source_file"`
	SourceSHA256  *string              `json:"source_sha256"`
	RandomWeights *string              `json:"random_weights"`
	Classes       *int                 `json:"classes"` // with a name
	Preprocessing *statedPreprocessing `json:"preprocessing"`
	Inputs        []tensor             `json:"inputs"`
	Outputs       []tensor             `json:"outputs"`
	Weights       int64                `json:"weights"` // numbers in them
	GFLOP         *float64             `json:"gflop"`   // a picture
	Opset         int64                `json:"opset"`
	Nodes         int                  `json:"nodes"`
	Taps          []tensor             `json:"taps"`
}

// InspectModelJSON writes what InspectModel prints as one object.
func InspectModelJSON(home, model string, streams Streams) error {
	in, err := inspect(home, model)
	if err != nil {
		return err
	}
	m := in.model
	out := inspectedModel{
		Schema: modelSchema, File: in.path, Bytes: in.bytes, Described: "nothing",
		Inputs: tensorsOf(m.Inputs), Outputs: tensorsOf(m.Outputs), Weights: m.Parameters(),
		Opset: m.Opset, Nodes: len(m.Nodes), Taps: tensorsOf(tapsOf(m)),
	}
	if n, ok := m.MultiplyAdds(); ok {
		gflop := 2 * float64(n) / 1e9
		out.GFLOP = &gflop
	}
	if in.info != nil {
		out.describe(in.info)
	} else if err := out.describeBeside(in.path); err != nil {
		return err
	}
	return writeJSON(streams.Out, out)
}

func (out *inspectedModel) describe(info *infer.ModelInfo) {
	out.Described, out.Name, out.License = "file", known(info.Name), known(info.License)
	out.RandomWeights = known(info.RandomWeights)
	if out.RandomWeights == nil {
		out.SourceFile, out.SourceSHA256 = known(info.Metadata[zoo.MetaSourceFile]), known(info.Metadata[infer.MetaSourceSHA256])
	}
	if n := len(info.Labels); n > 0 {
		out.Classes = &n
	}
	p := &info.Preprocessing
	out.Preprocessing = &statedPreprocessing{
		Width: p.Width, Height: p.Height, ShortSide: p.ShortSide, Fit: p.Fit, Filter: p.Filter,
		EvaluatedFilter: known(p.EvaluatedFilter), Order: p.Order, Mean: p.Mean, Scale: p.Scale, InGraph: p.InGraph,
	}
}

// describeBeside takes what the file beside the model says of its name and
// classes; what it leaves open depends on flags.
func (out *inspectedModel) describeBeside(path string) error {
	f, labels, err := sidecar.Read(path)
	if err != nil {
		return fmt.Errorf("%s can't be used: %w", sidecar.Path(path), err)
	}
	if f == nil {
		return nil
	}
	out.Described, out.Name, out.License = "sidecar", known(f.Name), known(f.License)
	if n := len(labels.Names); n > 0 {
		out.Classes = &n
	}
	return nil
}

// known is nil for an empty text.
func known(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
