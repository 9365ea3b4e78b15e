package zoo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/imagenet"
	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
)

// Keys of a file's metadata beyond those of package infer.
const (
	// MetaArchitecture is the Architecture's name.
	MetaArchitecture = "flipmeter.architecture"
	// MetaTaps is a JSON array of the names of the feature maps that are
	// worth looking at, from the input to the output.
	MetaTaps = "flipmeter.taps"
	// MetaSourceFile is the name of the weights file, without its folder.
	MetaSourceFile = "flipmeter.source_file"
)

// builder is what the files say made them. It has no version: a file depends
// on its weights and its architecture, and changes only if they do.
const builder = "flipmeter"

// Source is where a network's weights come from.
type Source struct {
	Weights Weights
	// File and SHA256 name the weights file; empty for random weights.
	File, SHA256 string
	// Random is the seed's text; empty for trained weights.
	Random string

	close func() error
}

// Close closes the weights file.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// OpenSource opens a weights file and checks that it fits the architecture.
// The caller closes it. Where it does not fit the error is a
// *MismatchError.
func (a *Architecture) OpenSource(ctx context.Context, path string) (*Source, error) {
	file, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	s := &Source{Weights: fileWeights{file}, File: filepath.Base(path), close: file.Close}
	if err = match(a.Parameters(), file); err != nil {
		var mismatch *MismatchError
		if errors.As(err, &mismatch) {
			mismatch.Fits = fits(file)
		}
		err = fmt.Errorf("weights %s for %s: %w", path, a.Name, err)
	} else {
		s.SHA256, err = HashFile(ctx, path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

// RandomSource makes weights up.
func RandomSource(seed uint64) *Source {
	return &Source{Weights: RandomWeights{seed}, Random: strconv.FormatUint(seed, 10)}
}

// HashFile is the SHA-256 of a file in hexadecimal.
func HashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open weights: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(contextWriter{ctx, h}, f); err != nil {
		return "", fmt.Errorf("read weights %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// contextWriter ends a long copy when the context ends.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c contextWriter) Write(b []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}

// Info is what the built file says about itself.
func (a *Architecture) Info(src *Source, in Input) *infer.ModelInfo {
	labels, wnids := ImageNetLabels()
	m := &infer.ModelInfo{
		Name: a.Name, Labels: labels, WNIDs: wnids, Preprocessing: a.Preprocessing,
		Output: infer.OutputLogits, License: a.License, RandomWeights: src.Random,
		Metadata: map[string]string{infer.MetaBuilder: builder, MetaArchitecture: a.Name},
	}
	m.Preprocessing.InGraph = in == InputBytes
	if src.Random != "" {
		m.Name, m.License = randomName(a.Name, src.Random), "none needed: random numbers"
	} else {
		m.Metadata[infer.MetaSourceSHA256], m.Metadata[MetaSourceFile] = src.SHA256, src.File
	}
	return m
}

// ImageNetLabels are the classes of all networks of the zoo.
func ImageNetLabels() (names, wnids []string) { return imagenet.Labels() }

// randomName keeps a network that knows nothing from being taken for the
// real one.
func randomName(name, seed string) string { return name + "-random-" + seed }

// Write writes the network as an ONNX file. The bytes depend on the
// architecture, the weights and the kind of input only.
func (a *Architecture) Write(ctx context.Context, w io.Writer, src *Source, in Input) error {
	n := a.network(in)
	m := n.bind(src.Weights)
	props, err := infer.EncodeMetadata(a.Info(src, in))
	if err != nil {
		return fmt.Errorf("build %s: %w", a.Name, err)
	}
	taps, err := json.Marshal(n.taps)
	if err != nil {
		return fmt.Errorf("build %s: %w", a.Name, err)
	}
	m.Metadata = maps.Clone(props)
	m.Metadata[MetaTaps] = string(taps)
	m.Producer, m.Doc = builder, a.Title
	if err := m.Write(contextWriter{ctx, w}); err != nil {
		return fmt.Errorf("build %s: %w", a.Name, err)
	}
	return nil
}
