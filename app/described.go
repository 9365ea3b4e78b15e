package app

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/infer/sidecar"
	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// ModelDescription is what the user says about a model that does not say it
// itself. It goes before what the file beside the model says.
type ModelDescription struct {
	Preprocess string // a preset: see infer.Presets
	InputSize  string // 224, or 320x240: needed where the network takes any size
	Layout     string // nchw or nhwc: needed where the network leaves it open
	Emits      string // logits or probabilities
	Labels     string // file with the names of the classes
}

func (d *ModelDescription) validate() error {
	if _, ok := infer.Presets()[d.Preprocess]; !ok && d.Preprocess != "" {
		return fmt.Errorf("%w: --preprocess must be one of %s, got %q", ErrUsage, strings.Join(infer.PresetNames(), ", "), d.Preprocess)
	}
	if _, _, err := sidecar.ParseSize(d.InputSize); err != nil {
		return fmt.Errorf("%w: --input-size %w", ErrUsage, err)
	}
	if !slices.Contains([]string{"", "nchw", "nhwc"}, d.Layout) {
		return fmt.Errorf("%w: --layout must be nchw or nhwc, got %q", ErrUsage, d.Layout)
	}
	if !slices.Contains([]string{"", string(infer.OutputLogits), string(infer.OutputProbabilities)}, d.Emits) {
		return fmt.Errorf("%w: --emits must be logits or probabilities, got %q", ErrUsage, d.Emits)
	}
	return nil
}

// apply writes what is said into a model's configuration, and reads the file
// of labels.
func (d *ModelDescription) apply(cfg *onnx.ModelConfig) error {
	w, h, err := sidecar.ParseSize(d.InputSize)
	if err != nil {
		return err
	}
	cfg.Stated = infer.Stated{Preset: d.Preprocess, Width: w, Height: h}
	cfg.Layout, cfg.Output = d.Layout, infer.Output(d.Emits)
	if d.Labels == "" {
		return nil
	}
	data, err := os.ReadFile(d.Labels)
	if err == nil {
		cfg.Labels, err = infer.ParseLabels(data)
	}
	if err != nil {
		return fmt.Errorf("read --labels %s: %w", d.Labels, reason(err))
	}
	return nil
}

// modelNotes tells what was inferred about a model because nobody said it.
func modelNotes(m *infer.ModelInfo) []string {
	var notes []string
	for _, note := range m.Notes {
		notes = append(notes, fmt.Sprintf("model %s: %s", m.Name, note))
	}
	return notes
}

// toBeSaid marks errors that the user mends by saying something: they are of
// usage, not of the work.
func toBeSaid(err error) error {
	var wrong strictyaml.Problems
	if errors.Is(err, infer.ErrUnstated) || errors.As(err, &wrong) {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return err
}

// reason strips the path and the system call, which the caller has named.
func reason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
