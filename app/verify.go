package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/infer/zoo"
)

// VerifyModelOptions are the options of flipmeter models verify.
type VerifyModelOptions struct {
	Home        string // empty: Home()
	Model       string // name or file
	Accelerator string
	Precision   string
	Described   ModelDescription
	// Tolerance is how far a score may be off, as a share of the largest.
	Tolerance float64
	Logger    *slog.Logger
}

// DefaultTolerance lets float32 round as it does, and no layer be wrong.
const DefaultTolerance = 2e-4

// referencePictures is how many pictures a file is run on.
const referencePictures = 2

// VerifyModel holds a model, as the runtime and its accelerator run it,
// against arithmetic in float64, and a network of the zoo against timm's
// figures, too. It prints what it finds, and returns an error if a difference
// is larger than the tolerance.
func VerifyModel(ctx context.Context, o VerifyModelOptions, streams Streams) (err error) {
	if err := o.Described.validate(); err != nil {
		return err
	}
	if !(o.Tolerance > 0) {
		return fmt.Errorf("%w: --tolerance must be positive, got %v", ErrUsage, o.Tolerance)
	}
	s, err := store(o.Home)
	if err != nil {
		return err
	}
	o.Home = filepath.Dir(s.Dir)
	path, _, err := findModel(o.Home, o.Model)
	if err != nil {
		return err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	v := &verification{o: &o, streams: streams, store: s, path: path}
	var clean cleanups
	defer func() {
		err = errors.Join(err, clean.run())
		if ctx.Err() != nil {
			err = fmt.Errorf("%w before all was compared", ErrInterrupted)
		}
		if err != nil && !errors.Is(err, ErrInterrupted) {
			err = oneLine{err}
		}
	}()
	return v.run(ctx, &clean)
}

// verification is one run of VerifyModel.
type verification struct {
	o       *VerifyModelOptions
	streams Streams
	store   zoo.Store
	path    string
	runtime *onnx.Runtime
	worst   float64
	wrong   []string // what is not as it should be
}

func (v *verification) run(ctx context.Context, clean *cleanups) error {
	if err := v.unchanged(ctx); err != nil {
		return err
	}
	var err error
	v.runtime, err = onnx.Load(onnx.Config{
		Home: v.o.Home, Accelerator: onnx.Accelerator(v.o.Accelerator), Precision: v.o.Precision, Logger: v.o.Logger,
	})
	if err != nil {
		return err
	}
	clean.push("unloading ONNX Runtime", v.runtime.Close)
	c, err := v.open(ctx, v.path, v.o.Described)
	if err != nil {
		return err
	}
	clean.push("closing the model", c.Close)
	info := c.Model()
	v.tell("runtime", "%s, %s, %s", info.Runtime, info.Provider, info.Precision)
	if a, err := zoo.Find(info.Metadata[zoo.MetaArchitecture]); err == nil {
		if err := v.network(ctx, a, info); err != nil {
			return err
		}
	}
	for k := range referencePictures {
		if err := v.picture(ctx, c, k); err != nil {
			return err
		}
	}
	v.tell("largest", "%.2g of the largest score (allowed: %g)", v.worst, v.o.Tolerance)
	if len(v.wrong) > 0 {
		hint := ""
		if p := info.Precision; p != "" && p != "fp32" {
			hint = fmt.Sprintf(" (it computes in %s: --tolerance says how far off it may be)", p)
		}
		return fmt.Errorf("%s is not as it should be: %s%s", info.Name, strings.Join(v.wrong, "; "), hint)
	}
	return nil
}

func (v *verification) tell(what, format string, args ...any) {
	fmt.Fprintf(v.streams.Out, "%-10s %s\n", what, printable(fmt.Sprintf(format, args...)))
}

// unchanged compares an installed file with the record of how it was built.
func (v *verification) unchanged(ctx context.Context) error {
	m, err := v.store.Find(v.o.Model)
	if errors.Is(err, zoo.ErrNotInstalled) || err == nil && m.Record == nil {
		v.tell("file", "%s, of which there is no record", v.path)
		return nil
	}
	if err != nil {
		return err
	}
	sum, err := zoo.HashFile(ctx, m.Path)
	if err != nil {
		return err
	}
	if sum != m.Record.SHA256 {
		v.tell("file", "%s has SHA-256 %s, but was built with %s", v.path, sum, m.Record.SHA256)
		v.wrong = append(v.wrong, "the file has changed since it was built")
		return nil
	}
	v.tell("file", "%s, as it was built (sha256 %s)", v.path, sum)
	return nil
}

func (v *verification) open(ctx context.Context, path string, d ModelDescription) (infer.Classifier, error) {
	cfg := onnx.ModelConfig{Path: path, Sessions: 1, Accelerator: onnx.Accelerator(v.o.Accelerator), Precision: v.o.Precision}
	if err := d.apply(&cfg); err != nil {
		return nil, err
	}
	c, err := v.runtime.Open(ctx, cfg)
	return c, toBeSaid(err)
}

// network builds the architecture with the weights of timm's figures, and
// compares.
func (v *verification) network(ctx context.Context, a *zoo.Architecture, info *infer.ModelInfo) (err error) {
	want, err := a.Figures()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(v.store.Dir, ".verifying-")
	if err != nil {
		return fmt.Errorf("make room for the made-up network: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in := zoo.InputFloats
	if info.Preprocessing.InGraph {
		in = zoo.InputBytes
	}
	m, err := zoo.Store{Dir: dir}.Build(ctx, a, want.Source(), in)
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w (a made-up network of the same size is built beside the model for a while: free some space)", err)
	}
	if err != nil {
		return err
	}
	c, err := v.open(ctx, m.Path, ModelDescription{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	got, err := scores(ctx, c, want.Picture)
	if err != nil {
		return err
	}
	v.compare("network", "timm's, with made-up weights", got, want.Logits)
	return nil
}

// picture compares the file's own scores with float64 arithmetic.
func (v *verification) picture(ctx context.Context, c infer.Classifier, k int) error {
	got, err := scores(ctx, c, k)
	if err != nil {
		return err
	}
	want, err := referenceScores(ctx, v.path, c.Model(), k)
	if err != nil {
		return fmt.Errorf("compare with float64 arithmetic: %w", err)
	}
	v.compare(fmt.Sprintf("picture %d", k), "float64 arithmetic", got, want)
	return nil
}

// compare tells how far got is from want, and whether the five best are the
// same but for ties within the tolerance.
func (v *verification) compare(what, with string, got []float32, want []float64) {
	if len(got) != len(want) {
		v.wrong = append(v.wrong, fmt.Sprintf("%s: %d scores, %d expected", what, len(got), len(want)))
		return
	}
	off, largest := 0.0, 0.0
	for i, w := range want {
		largest = max(largest, math.Abs(w))
		if d := math.Abs(float64(got[i]) - w); d > off || d != d {
			off = d
		}
	}
	off /= max(largest, math.SmallestNonzeroFloat64)
	five := min(5, len(want))
	best, expected := ranked(got)[:five], ranked(want)[:five]
	same := "the same five best"
	for i := range five {
		if d := math.Abs(want[best[i]] - want[expected[i]]); !(d <= v.o.Tolerance*largest) {
			same = fmt.Sprintf("but the five best are %v, not %v", best, expected)
			v.wrong = append(v.wrong, what+": other classes are best")
			break
		}
	}
	v.tell(what, "scores within %.2g of %s, %s", off, with, same)
	if !(off <= v.o.Tolerance) {
		v.wrong = append(v.wrong, fmt.Sprintf("%s: scores are off by %.2g of the largest", what, off))
	}
	if !(off <= v.worst) { // also if it is not a number
		v.worst = off
	}
}

// ranked are the classes by score, the best first.
func ranked[T float32 | float64](scores []T) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case scores[i] > scores[j]:
			return -1
		case scores[i] < scores[j]:
			return 1
		}
		return 0
	})
	return order
}

// scores is what a classifier emits for the k-th reference picture.
func scores(ctx context.Context, c infer.Classifier, k int) ([]float32, error) {
	p := c.Model().Preprocessing
	f := &frame.Frame{Width: p.Width, Height: p.Height, Pictures: []frame.Picture{
		{Width: p.Width, Height: p.Height, Channels: 3, Pix: zoo.ReferencePicture(p.Width, p.Height, k)},
	}}
	out := infer.Prediction{Logits: []float32{}}
	if err := c.Classify(ctx, f, 0, &out); err != nil {
		return nil, err
	}
	if c.Model().Output == infer.OutputProbabilities {
		return out.Probs, nil
	}
	return out.Logits, nil
}
