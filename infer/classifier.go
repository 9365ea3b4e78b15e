package infer

import (
	"context"

	"github.com/flipmeter/flipmeter/frame"
)

// Classifier classifies frames. Classify blocks until this frame's result is
// there and may be called from many goroutines; how many run at once is the
// classifier's Parallel. Close waits for the calls that are under way.
type Classifier interface {
	// Classify reads f.Pictures[picture], which must have been made for
	// Model().Want(), and fills out. It does not keep the frame.
	Classify(ctx context.Context, f *frame.Frame, picture int, out *Prediction) error
	Model() *ModelInfo
	// Parallel is the number of frames that run at once. That many
	// goroutines which begin the next frame as soon as one is done keep the
	// classifier busy; more of them only wait, which costs context
	// switches.
	Parallel() int
	Close() error
}

// Prediction is the result for one frame. The caller owns it and may pass it
// again: Probs is reused when its capacity suffices.
type Prediction struct {
	Probs []float32 // softmax over all classes
	// Logits holds what the network emitted, where it emits logits; it is
	// not kept unless the caller made it non-nil.
	Logits []float32
}

// Output says what a network's output numbers are.
type Output string

// A network emits logits or probabilities, or nobody said: then the first
// frame decides.
const (
	OutputUnknown       Output = ""
	OutputLogits        Output = "logits"
	OutputProbabilities Output = "probabilities"
)

// Preprocessing is what stands between a frame and the network's input
// tensor. It is stored in a model file's metadata and is part of a result's
// identity.
type Preprocessing struct {
	Width, Height int          // of the input, in pixels
	ShortSide     int          // before the centre crop; 0: none
	Fit           frame.Fit    //
	Filter        frame.Filter // used
	// EvaluatedFilter is the filter that the model's authors used, for the
	// record.
	EvaluatedFilter string
	Order           string     // "RGB" or "BGR"
	Mean, Scale     [3]float32 // value = (byte − Mean) / Scale, in Order
	// InGraph is set where the network takes uint8 NHWC RGB bytes and does
	// order, mean, scale and layout itself.
	InGraph bool
}

// ModelInfo identifies a model as it runs: enough to know whether two
// results may be compared.
type ModelInfo struct {
	Name          string // "efficientnet-lite0"
	SHA256        string // of the ONNX file
	Labels        []string
	WNIDs         []string // WordNet ids, empty where unknown
	Preprocessing Preprocessing
	Output        Output
	// OutputGuessed is set where nobody said what the output is and the
	// first frame decided.
	OutputGuessed bool
	Provider      string // "cpu", "openvino", …
	// ProviderWhy tells a person what the provider runs on and, where it was
	// chosen automatically, why nothing better was. It is not part of the
	// identity.
	ProviderWhy string
	Precision   string // "fp32", …
	Runtime     string // "onnxruntime 1.32.0"
	License     string
	// RandomWeights is the seed's text where the weights are not trained;
	// every report made with such a model says so.
	RandomWeights string
	Metadata      map[string]string // all of the file's metadata_props
	// Notes are clauses about what was inferred because nobody said it.
	Notes []string
}

// Want is the picture that the model wants of each frame.
func (m *ModelInfo) Want() frame.Want {
	p := m.Preprocessing
	return frame.Want{Width: p.Width, Height: p.Height, ShortSide: p.ShortSide,
		Fit: p.Fit, Filter: p.Filter, Format: frame.RGB}
}

// Label is the name of class i, or its number where no name is known.
func (m *ModelInfo) Label(i int32) string {
	if i >= 0 && int(i) < len(m.Labels) {
		return m.Labels[i]
	}
	return labelNumber(i)
}
