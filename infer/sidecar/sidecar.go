// Package sidecar reads the file beside a model that says what the model does
// not: MODEL.yaml beside MODEL.onnx. It knows no model and opens none.
package sidecar

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// File is the content of a sidecar file. A key that is left out is not
// stated.
type File struct {
	Name       string    `yaml:"name" doc:"Name of the model in results. Empty: the file's name."`
	Preprocess string    `yaml:"preprocess" enum:"|bytes|caffe|imagenet|inception|lite|unit" doc:"What is done to pixels before the network sees them: imagenet, inception, caffe, lite, unit (0 to 1) or bytes (0 to 255). The keys below go before it."`
	InputSize  string    `yaml:"input_size" doc:"Size of the network's input where the file leaves it open: 224, or 320x240 (width, height)."`
	ShortSide  int       `yaml:"short_side" min:"-1" max:"100000" doc:"Pixels that a frame's shorter side is scaled to before the centre is cut out; -1 is as little as covers the input. 0: as usual for the preset."`
	Fit        string    `yaml:"fit" enum:"|crop|squash|letterbox" doc:"How a frame becomes the input's shape: crop (the centre), squash or letterbox. Empty: crop."`
	Filter     string    `yaml:"filter" doc:"Resize filter, as area, linear or another library's. Empty: area."`
	Order      string    `yaml:"order" enum:"|RGB|BGR" doc:"Order of the channels."`
	Mean       []float64 `yaml:"mean" doc:"What is taken away from each byte: one number, or one for each channel in this order."`
	Scale      []float64 `yaml:"scale" doc:"What the difference is divided by: one number, or one for each channel."`
	Layout     string    `yaml:"layout" enum:"|nchw|nhwc" doc:"Order of the input's dimensions where the file leaves it open."`
	OutputName string    `yaml:"output_name" doc:"The output that holds the scores, where the network has several."`
	Emits      string    `yaml:"emits" enum:"|logits|probabilities" doc:"What the scores are. Empty: the first frame decides."`
	Labels     string    `yaml:"labels" doc:"File in the same folder with the names of the classes."`
	License    string    `yaml:"license" doc:"Licence of the weights, for the record."`
}

// Path is where the sidecar file of a model would lie.
func Path(model string) string {
	return strings.TrimSuffix(model, filepath.Ext(model)) + ".yaml"
}

const maxBytes = 1 << 20

// Read reads the sidecar file of a model, and the labels that it names. It
// returns nil without an error where there is none. The error tells everything
// that is wrong, each with its line.
func Read(model string) (*File, infer.LabelSet, error) {
	path := Path(model)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, infer.LabelSet{}, nil
	}
	if err == nil && len(data) > maxBytes {
		err = fmt.Errorf("%s has more than %d bytes", path, maxBytes)
	}
	if err != nil {
		return nil, infer.LabelSet{}, fmt.Errorf("read the file beside the model: %w", err)
	}
	var f File
	if err := strictyaml.Decode(path, data, &f); err != nil {
		return nil, infer.LabelSet{}, err
	}
	labels, err := f.labels(filepath.Dir(path))
	if err != nil {
		return nil, infer.LabelSet{}, fmt.Errorf("%s: labels: %w", path, err)
	}
	return &f, labels, nil
}

// labels reads the file of labels, which must lie in the model's folder: a
// model from elsewhere brings its sidecar along, and must not be able to read
// other files through it.
func (f *File) labels(dir string) (infer.LabelSet, error) {
	if f.Labels == "" {
		return infer.LabelSet{}, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return infer.LabelSet{}, err
	}
	defer root.Close()
	r, err := root.Open(f.Labels)
	if err != nil {
		return infer.LabelSet{}, fmt.Errorf("%w (it must lie beside the model)", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, infer.MaxLabelBytes+1))
	if err != nil {
		return infer.LabelSet{}, err
	}
	return infer.ParseLabels(data)
}

// Validate checks what single keys don't tell.
func (f *File) Validate() error {
	var errs []error
	if _, _, err := ParseSize(f.InputSize); err != nil {
		errs = append(errs, fmt.Errorf("input_size: %w", err))
	}
	for key, list := range map[string][]float64{"mean": f.Mean, "scale": f.Scale} {
		if n := len(list); n != 0 && n != 1 && n != 3 {
			errs = append(errs, fmt.Errorf("%s: must be one number or three, got %d", key, n))
		}
		for _, v := range list {
			if key == "scale" && v == 0 {
				errs = append(errs, errors.New("scale: must not be 0"))
			}
		}
	}
	return errors.Join(errs...)
}

// Stated is what the file says about preprocessing.
func (f *File) Stated() infer.Stated {
	w, h, _ := ParseSize(f.InputSize) // Validate has checked it
	return infer.Stated{
		Preset: f.Preprocess, Width: w, Height: h, ShortSide: f.ShortSide,
		Fit: frame.Fit(f.Fit), Filter: frame.Filter(f.Filter), Order: f.Order, Mean: three(f.Mean), Scale: three(f.Scale),
	}
}

func three(list []float64) *[3]float32 {
	switch len(list) {
	case 1:
		v := float32(list[0])
		return &[3]float32{v, v, v}
	case 3:
		return &[3]float32{float32(list[0]), float32(list[1]), float32(list[2])}
	}
	return nil
}

// ParseSize reads 224, or 320x240 (width, height); an empty text is 0×0.
func ParseSize(text string) (width, height int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	const largest = 1 << 14
	w, h, ok := strings.Cut(text, "x")
	if !ok {
		h = w
	}
	width, err1 := strconv.Atoi(w)
	height, err2 := strconv.Atoi(h)
	if err1 != nil || err2 != nil || width <= 0 || height <= 0 || width > largest || height > largest {
		return 0, 0, fmt.Errorf("must be a size in pixels such as 224, or 320x240, got %.40q", text)
	}
	return width, height, nil
}
