package infer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"unicode/utf8"

	"github.com/flipmeter/flipmeter/frame"
)

// The keys under which a model file describes itself, in an ONNX file's
// metadata_props. Labels and wnids are JSON arrays of strings in class
// order, preprocessing is a JSON object, the others are plain text.
const (
	MetaSchema        = "flipmeter.schema"
	MetaName          = "flipmeter.name"
	MetaLabels        = "flipmeter.labels"
	MetaWNIDs         = "flipmeter.wnids"
	MetaPreprocessing = "flipmeter.preprocessing"
	MetaOutput        = "flipmeter.output"
	MetaLicense       = "flipmeter.license"
	MetaRandomWeights = "flipmeter.random_weights"
	MetaSourceSHA256  = "flipmeter.source_sha256" // of the weights file; only in ModelInfo.Metadata
	MetaBuilder       = "flipmeter.builder"       // what wrote the file; only in ModelInfo.Metadata
)

// MetadataSchema is the version of the scheme that this package writes and
// the only one it reads.
const MetadataSchema = "1"

// ErrNoMetadata is what DecodeMetadata returns for a file that does not
// describe itself; the caller then asks for a sidecar file or flags.
var ErrNoMetadata = errors.New("the model file carries no flipmeter metadata")

// EncodeMetadata writes what a model file should say about itself: the
// fields of m that belong to the file (not to a run: SHA256, Provider,
// Precision and Runtime are left out), and every other key of m.Metadata.
func EncodeMetadata(m *ModelInfo) (map[string]string, error) {
	if m.Name == "" {
		return nil, errors.New("encode model metadata: the model has no name")
	}
	if err := m.Preprocessing.Validate(); err != nil {
		return nil, fmt.Errorf("encode model metadata: %w", err)
	}
	if err := m.validateClasses(); err != nil {
		return nil, fmt.Errorf("encode model metadata: %w", err)
	}
	props := maps.Clone(m.Metadata)
	if props == nil {
		props = make(map[string]string)
	}
	pre, err := encodeJSON(toPreprocessingJSON(m.Preprocessing))
	if err != nil {
		return nil, fmt.Errorf("encode model metadata: preprocessing: %w", err)
	}
	texts := map[string]string{
		MetaSchema: MetadataSchema, MetaName: m.Name, MetaPreprocessing: pre,
		MetaOutput: string(m.Output), MetaLicense: m.License, MetaRandomWeights: m.RandomWeights,
		MetaLabels: "", MetaWNIDs: "",
	}
	for key, list := range map[string][]string{MetaLabels: m.Labels, MetaWNIDs: m.WNIDs} {
		if len(list) == 0 {
			continue
		}
		if texts[key], err = encodeJSON(list); err != nil {
			return nil, fmt.Errorf("encode model metadata: %s: %w", key, err)
		}
	}
	for key, text := range texts {
		if text == "" {
			delete(props, key) // also what m.Metadata said before
			continue
		}
		props[key] = text
	}
	for key, text := range props {
		if !utf8.ValidString(key) || !utf8.ValidString(text) {
			return nil, fmt.Errorf("encode model metadata: %q is not valid UTF-8", key)
		}
	}
	return props, nil
}

// DecodeMetadata reads what EncodeMetadata wrote. All of props is kept in
// ModelInfo.Metadata. A file without MetaSchema gives ErrNoMetadata; one
// that describes itself wrongly gives an error that names the key.
func DecodeMetadata(props map[string]string) (ModelInfo, error) {
	switch v, ok := props[MetaSchema]; {
	case !ok:
		return ModelInfo{}, ErrNoMetadata
	case v != MetadataSchema:
		return ModelInfo{}, fmt.Errorf("read model metadata: %s is %.20q, this flipmeter reads %q only", MetaSchema, v, MetadataSchema)
	}
	m := ModelInfo{
		Name:          props[MetaName],
		Output:        Output(props[MetaOutput]),
		License:       props[MetaLicense],
		RandomWeights: props[MetaRandomWeights],
		Metadata:      maps.Clone(props),
	}
	if m.Name == "" {
		return ModelInfo{}, fmt.Errorf("read model metadata: no %s", MetaName)
	}
	var pre preprocessingJSON
	if err := decodeJSON(props[MetaPreprocessing], &pre); err != nil {
		return ModelInfo{}, fmt.Errorf("read model metadata: %s: %w", MetaPreprocessing, err)
	}
	m.Preprocessing = pre.preprocessing()
	if err := m.Preprocessing.Validate(); err != nil {
		return ModelInfo{}, fmt.Errorf("read model metadata: %w", err)
	}
	for key, list := range map[string]*[]string{MetaLabels: &m.Labels, MetaWNIDs: &m.WNIDs} {
		text, ok := props[key]
		if !ok {
			continue
		}
		if err := decodeJSON(text, list); err != nil {
			return ModelInfo{}, fmt.Errorf("read model metadata: %s: %w", key, err)
		}
	}
	if err := m.validateClasses(); err != nil {
		return ModelInfo{}, fmt.Errorf("read model metadata: %w", err)
	}
	return m, nil
}

// Validate says what is wrong with the preprocessing, or nil.
func (p Preprocessing) Validate() error {
	if p.ShortSide < 0 {
		return fmt.Errorf("preprocessing: short side must not be negative, got %d", p.ShortSide)
	}
	if p.Order != "RGB" && p.Order != "BGR" {
		return fmt.Errorf("preprocessing: order must be RGB or BGR, got %.20q", p.Order)
	}
	for c, s := range p.Scale {
		if s == 0 || s-s != 0 || p.Mean[c]-p.Mean[c] != 0 { // NaN and infinity minus themselves are not 0
			return fmt.Errorf("preprocessing: mean and scale must be finite and scale not 0, got (x-%g)/%g for channel %d", p.Mean[c], s, c)
		}
	}
	want := frame.Want{Width: p.Width, Height: p.Height, ShortSide: p.ShortSide, Fit: p.Fit, Filter: p.Filter}
	if err := want.Validate(); err != nil {
		return fmt.Errorf("preprocessing: %w", err)
	}
	if p.Height <= 0 {
		return fmt.Errorf("preprocessing: height must be positive, got %d", p.Height)
	}
	return nil
}

func (m *ModelInfo) validateClasses() error {
	switch m.Output {
	case OutputUnknown, OutputLogits, OutputProbabilities:
	default:
		return fmt.Errorf("%s must be %q or %q, got %.20q", MetaOutput, OutputLogits, OutputProbabilities, m.Output)
	}
	if len(m.WNIDs) > 0 && len(m.WNIDs) != len(m.Labels) {
		return fmt.Errorf("%d labels, but %d WordNet ids", len(m.Labels), len(m.WNIDs))
	}
	return nil
}

// preprocessingJSON fixes the names in the file, whatever the Go names are.
type preprocessingJSON struct {
	Width           int        `json:"width"`
	Height          int        `json:"height"`
	ShortSide       int        `json:"short_side,omitempty"`
	Fit             string     `json:"fit"`
	Filter          string     `json:"filter"`
	EvaluatedFilter string     `json:"evaluated_filter,omitempty"`
	Order           string     `json:"order"`
	Mean            [3]float32 `json:"mean"`
	Scale           [3]float32 `json:"scale"`
	InGraph         bool       `json:"in_graph"`
}

func toPreprocessingJSON(p Preprocessing) preprocessingJSON {
	return preprocessingJSON{p.Width, p.Height, p.ShortSide, string(p.Fit), string(p.Filter),
		p.EvaluatedFilter, p.Order, p.Mean, p.Scale, p.InGraph}
}

func (j preprocessingJSON) preprocessing() Preprocessing {
	return Preprocessing{j.Width, j.Height, j.ShortSide, frame.Fit(j.Fit), frame.Filter(j.Filter),
		j.EvaluatedFilter, j.Order, j.Mean, j.Scale, j.InGraph}
}

func encodeJSON(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

func decodeJSON(text string, into any) error {
	if text == "" {
		return errors.New("missing")
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("text after the JSON value")
	}
	return nil
}
