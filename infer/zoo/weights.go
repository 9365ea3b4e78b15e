package zoo

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
)

// Weights gives the values of a network's parameters. Stream calls fn with
// them in row-major order, in pieces that are valid until fn returns and
// that fn may change.
type Weights interface {
	Stream(p *Parameter, fn func(values []float32) error) error
}

// floats reads a whole parameter.
func floats(src Weights, p *Parameter) ([]float32, error) {
	out := make([]float32, 0, p.Elements())
	err := src.Stream(p, func(v []float32) error {
		out = append(out, v...)
		return nil
	})
	if err == nil && len(out) != p.Elements() {
		err = fmt.Errorf("weights %s: %d values for shape %v", p.Name, len(out), p.Shape)
	}
	return out, err
}

// fileWeights are those of a checkpoint that matched.
type fileWeights struct{ file *checkpoint.File }

func (f fileWeights) Stream(p *Parameter, fn func([]float32) error) error {
	return f.file.Stream(found(p, f.file).Name, fn)
}

// found is p as the file has it.
func found(p *Parameter, file *checkpoint.File) *Parameter {
	if p.Alternative != nil && file.Tensor(p.Name) == nil && file.Tensor(p.Alternative.Name) != nil {
		return p.Alternative
	}
	return p
}

// match checks that a checkpoint has exactly the tensors that the network
// needs. The error lists every tensor that is missing, too many, or of
// another shape. Counters of batch normalisation are no part of any network.
func match(need []Parameter, file *checkpoint.File) error {
	var problems []string
	wanted := make(map[string]bool, len(need))
	for i := range need {
		p := found(&need[i], file)
		wanted[p.Name] = true
		switch t := file.Tensor(p.Name); {
		case t == nil:
			problems = append(problems, fmt.Sprintf("missing %s %v", p.Name, p.Shape))
		case !slices.Equal(t.Shape, p.Shape):
			problems = append(problems, fmt.Sprintf("%s has shape %v, %v is needed", p.Name, t.Shape, p.Shape))
		case !t.DType.IsFloat():
			problems = append(problems, fmt.Sprintf("%s holds %s, floating-point numbers are needed", p.Name, t.DType))
		}
	}
	for _, t := range file.Tensors() {
		if !wanted[t.Name] && !strings.HasSuffix(t.Name, ".num_batches_tracked") {
			problems = append(problems, fmt.Sprintf("not known: %s %v", t.Name, t.Shape))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &MismatchError{Problems: problems}
}

// MismatchError lists how a checkpoint differs from what a network needs.
type MismatchError struct {
	Problems []string
	// Fits is the architecture of the zoo that the weights are of; empty if
	// they are of none.
	Fits string
}

// Error names the first problems; Problems has all.
func (e *MismatchError) Error() string {
	const shown = 5
	text := strings.Join(e.Problems[:min(shown, len(e.Problems))], "; ")
	if more := len(e.Problems) - shown; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	if e.Fits != "" {
		return fmt.Sprintf("the weights are not this network's but %s's: build that, or give others", e.Fits)
	}
	return "the weights are not this network's: " + text
}

// fits is the name of the architecture whose weights a checkpoint holds.
func fits(file *checkpoint.File) string {
	for _, a := range Architectures() {
		if match(a.Parameters(), file) == nil {
			return a.Name
		}
	}
	return ""
}

var errNoElements = errors.New("a parameter without elements")

// RandomWeights are numbers that depend on the seed, the parameter's name
// and the position only, and are scaled so that activations neither vanish
// nor explode. A network made of them costs what the real one costs, and
// knows nothing.
type RandomWeights struct{ Seed uint64 }

// Stream makes up the values. With u uniform in [0, 1) to 24 bits, from
// splitmix64 started at fnv1a64(name) XOR seed: running variances and
// normalisation weights are 0.5+u, four-dimensional tensors
// (2u−1)·√(6/fan-in), matrices (2u−1)·√(3/fan-in), everything else
// 0.2·(2u−1).
//
// As in package checkpoint, the race detector is kept out of a long loop.
//
//go:norace
func (r RandomWeights) Stream(p *Parameter, fn func([]float32) error) error {
	n := p.Elements()
	if n == 0 {
		return fmt.Errorf("weights %s: %w", p.Name, errNoElements)
	}
	h := fnv.New64a()
	h.Write([]byte(p.Name)) // never fails
	state := h.Sum64() ^ r.Seed
	value := func(u float64) float64 { return 0.2 * (2*u - 1) }
	around1 := func(u float64) float64 { return 0.5 + u }
	uniform := func(gain float64) func(float64) float64 {
		bound := math.Sqrt(gain / float64(n/p.Shape[0]))
		return func(u float64) float64 { return (2*u - 1) * bound }
	}
	switch {
	case strings.HasSuffix(p.Name, "running_var"):
		value = around1
	case strings.HasSuffix(p.Name, "running_mean"):
	case len(p.Shape) == 4:
		value = uniform(6)
	case len(p.Shape) == 2:
		value = uniform(3)
	case strings.HasSuffix(p.Name, ".weight"):
		value = around1
	}
	values := make([]float32, 0, min(n, 1<<14))
	for i := range n {
		u := float64(splitmix64(state+uint64(i+1)*0x9E3779B97F4A7C15)>>40) / (1 << 24)
		values = append(values, float32(value(u)))
		if len(values) == cap(values) {
			if err := fn(values); err != nil {
				return err
			}
			values = values[:0]
		}
	}
	if len(values) == 0 {
		return nil
	}
	return fn(values)
}

// splitmix64 is the finaliser of Steele, Lea and Flood (2014).
func splitmix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}
