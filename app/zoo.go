package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// BuildModelOptions are the options of flipmeter models build. Exactly one
// of Weights and RandomSeed is given.
type BuildModelOptions struct {
	Home       string // empty: Home()
	Name       string // of an architecture
	Weights    string // safetensors file or PyTorch state dict
	RandomSeed *uint64
	Input      string // "bytes" or "floats"
}

// store is where home's models are; an empty home means Home().
func store(home string) (zoo.Store, error) {
	if home == "" {
		var err error
		if home, err = Home(); err != nil {
			return zoo.Store{}, err
		}
	}
	return zoo.Store{Dir: filepath.Join(home, "models")}, nil
}

// BuildModel builds a network's ONNX file and installs it.
func BuildModel(ctx context.Context, o BuildModelOptions, streams Streams) error {
	if (o.Weights == "") == (o.RandomSeed == nil) {
		return fmt.Errorf("%w: give the weights with --weights FILE, or --random-weights SEED for a network that knows nothing", ErrUsage)
	}
	in, err := inputKind(o.Input)
	if err != nil {
		return err
	}
	a, err := zoo.Find(o.Name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	s, err := store(o.Home)
	if err != nil {
		return err
	}
	var m *zoo.Installed
	if o.RandomSeed != nil {
		m, err = s.Build(ctx, a, zoo.RandomSource(*o.RandomSeed), in)
	} else {
		m, err = build(ctx, s, a, o.Weights, in)
	}
	if err != nil {
		return buildError(ctx, streams, err)
	}
	_, err = fmt.Fprintf(streams.Out, "%s: %s (%s, sha256 %s)\n", m.Name, m.Path, megabytes(m.Bytes), m.Record.SHA256)
	return err
}

// inputKind checks --input.
func inputKind(text string) (zoo.Input, error) {
	in := zoo.Input(text)
	if in != zoo.InputBytes && in != zoo.InputFloats {
		return "", fmt.Errorf("%w: --input must be %s or %s, got %q", ErrUsage, zoo.InputBytes, zoo.InputFloats, text)
	}
	return in, nil
}

// build installs a network made of a file of weights.
func build(ctx context.Context, s zoo.Store, a *zoo.Architecture, weights string, in zoo.Input) (*zoo.Installed, error) {
	from, err := a.OpenSource(ctx, weights)
	if err != nil {
		return nil, err
	}
	m, err := s.Build(ctx, a, from, in)
	if err = errors.Join(err, from.Close()); err != nil {
		return nil, err
	}
	return m, nil
}

// buildError says an interruption as such, and lists everything that is
// wrong with weights that do not fit.
func buildError(ctx context.Context, streams Streams, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: nothing was installed", ErrInterrupted)
	}
	var mismatch *zoo.MismatchError
	if errors.As(err, &mismatch) {
		for _, p := range mismatch.Problems {
			fmt.Fprintln(streams.Err, p)
		}
	}
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w (nothing was installed; free some space, or choose another disk with FLIPMETER_HOME)", err)
	}
	return err
}

// ListModels prints the networks that can be built and the files that are
// installed.
func ListModels(home string, streams Streams) error {
	s, err := store(home)
	if err != nil {
		return err
	}
	installed, err := s.List()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(streams.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tINSTALLED\tINPUT\tPARAMETERS\tTOP-1\tDOWNLOAD\tLICENSE OF THE WEIGHTS")
	for _, a := range zoo.Architectures() {
		size := "no"
		if i := slices.IndexFunc(installed, func(m zoo.Installed) bool { return m.Name == a.Name }); i >= 0 {
			size = megabytes(installed[i].Bytes)
			installed = slices.Delete(installed, i, i+1)
		}
		fmt.Fprintf(w, "%s\t%s\t%d×%d\t%.1f M\t%.1f %%\t%s\t%s\n", a.Name, size, a.Preprocessing.Width, a.Preprocessing.Height,
			float64(a.ParameterCount())/1e6, a.Top1, megabytes(a.WeightsBytes()), a.License)
	}
	for _, m := range installed {
		what := "not built here"
		if m.Record != nil && m.Record.RandomWeights != "" {
			what = "random weights: for measuring speed only"
		}
		fmt.Fprintf(w, "%s\t%s\t\t\t\t\t%s\n", m.Name, megabytes(m.Bytes), what)
	}
	fmt.Fprintf(w, "\n")
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(streams.Out, "TOP-1 is the accuracy on ImageNet that the authors state. flipmeter models pull NAME installs one.\nModels are in %s.\n", s.Dir)
	return err
}

// inspection is an ONNX file that is looked at.
type inspection struct {
	path  string
	bytes int64
	model *onnxfile.Model
	info  *infer.ModelInfo // nil where the file says nothing of itself
}

// inspect reads an ONNX file, or an installed model.
func inspect(home, model string) (*inspection, error) {
	s, err := store(home)
	if err != nil {
		return nil, err
	}
	in := new(inspection)
	if in.path, _, err = findModel(filepath.Dir(s.Dir), model); err != nil {
		return nil, err
	}
	if in.model, err = onnxfile.ReadFile(in.path); err != nil {
		return nil, err
	}
	st, err := os.Stat(in.path)
	if err != nil {
		return nil, fmt.Errorf("inspect model: %w", err)
	}
	in.bytes = st.Size()
	info, err := infer.DecodeMetadata(in.model.Metadata)
	switch {
	case err == nil:
		in.info = &info
	case !errors.Is(err, infer.ErrNoMetadata):
		return nil, fmt.Errorf("model %s: %w", in.path, err)
	}
	return in, nil
}

// InspectModel prints what an ONNX file, or an installed model, is.
func InspectModel(home, model string, streams Streams) error {
	in, err := inspect(home, model)
	if err != nil {
		return err
	}
	m := in.model
	w := tabwriter.NewWriter(streams.Out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("file", "%s (%s)", in.path, megabytes(in.bytes))
	if in.info != nil {
		inspectDescription(row, in.info)
	} else {
		inspectBeside(row, in.path)
	}
	for _, v := range m.Inputs {
		row("input", "%s", valueText(v))
	}
	for _, v := range m.Outputs {
		row("output", "%s", valueText(v))
	}
	row("weights", "%.2f M numbers", float64(m.Parameters())/1e6)
	if n, known := m.MultiplyAdds(); known {
		row("cost", "%.2f GFLOP a picture (two for each multiplication with addition)", 2*float64(n)/1e9)
	} else {
		row("cost", "not known: the file states no shapes of tensors in between")
	}
	row("operators", "ONNX opset %d, %d nodes", m.Opset, len(m.Nodes))
	for _, v := range tapsOf(m) {
		row("tap", "%s", valueText(v))
	}
	return w.Flush()
}

func inspectDescription(row func(name, format string, args ...any), info *infer.ModelInfo) {
	row("name", "%s", info.Name)
	if info.RandomWeights != "" {
		row("made from", "random numbers, seed %s: it knows nothing", info.RandomWeights)
	} else if sum := info.Metadata[infer.MetaSourceSHA256]; sum != "" {
		row("made from", "%s (sha256 %s)", info.Metadata[zoo.MetaSourceFile], sum)
	}
	if info.License != "" {
		row("license", "%s", info.License)
	}
	classes := "not named"
	if n := len(info.Labels); n > 0 {
		classes = fmt.Sprintf("%d, from %q to %q", n, info.Labels[0], info.Labels[n-1])
	}
	row("classes", "%s", classes)
	row("preprocessing", "%s", info.Preprocessing.Text())
}

// tapsOf are the feature maps that can be looked at.
func tapsOf(m *onnxfile.Model) (taps []onnxfile.Value) {
	var names []string
	if text := m.Metadata[zoo.MetaTaps]; text == "" || json.Unmarshal([]byte(text), &names) != nil {
		return nil
	}
	for _, v := range m.Values {
		if slices.Contains(names, v.Name) {
			taps = append(taps, v)
		}
	}
	return taps
}

// valueText is a tensor's name, type and shape.
func valueText(v onnxfile.Value) string {
	dims := make([]string, len(v.Dims))
	for i, d := range v.Dims {
		switch {
		case d.Name != "":
			dims[i] = d.Name
		case d.Size >= 0:
			dims[i] = fmt.Sprint(d.Size)
		default:
			dims[i] = "?"
		}
	}
	return fmt.Sprintf("%s %s [%s]", v.Name, v.Type, strings.Join(dims, ", "))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
