package zoo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Store is a folder of model files: NAME.onnx, and beside it NAME.json, the
// Record of how it was made. A file without a record is somebody's own.
type Store struct {
	Dir string // made when the first model is installed
}

// Record says what an installed file is and what it was made of. It carries
// no date: the same weights give the same record.
type Record struct {
	Schema        int    `json:"schema"`
	Name          string `json:"name"`
	Architecture  string `json:"architecture"`
	SHA256        string `json:"sha256"` // of the ONNX file
	Bytes         int64  `json:"bytes"`
	Parameters    int    `json:"parameters"`
	Input         Input  `json:"input"`
	License       string `json:"license"`
	SourceFile    string `json:"source_file,omitempty"`
	SourceSHA256  string `json:"source_sha256,omitempty"`
	RandomWeights string `json:"random_weights,omitempty"` // the seed
}

const recordSchema = 1

// Installed is a model file in a store.
type Installed struct {
	Name   string
	Path   string
	Bytes  int64
	Record *Record // nil for a file that was not built here
}

// ErrNotInstalled is returned for a name that a store does not have.
var ErrNotInstalled = errors.New("not installed")

// List returns the models of the store by name. A store without a folder is
// empty.
func (s Store) List() ([]Installed, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	var out []Installed
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".onnx")
		if !ok || strings.HasPrefix(name, ".") || e.IsDir() {
			continue
		}
		m, err := s.Find(name)
		if err != nil {
			return nil, err
		}
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b Installed) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Find returns the model of that name, or ErrNotInstalled. A record that
// does not fit the file is left out.
func (s Store) Find(name string) (*Installed, error) {
	if name == "" || name != filepath.Base(name) {
		return nil, fmt.Errorf("model %q: %w", name, ErrNotInstalled)
	}
	path := filepath.Join(s.Dir, name+".onnx")
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("model %q in %s: %w", name, s.Dir, ErrNotInstalled)
	}
	if err != nil {
		return nil, fmt.Errorf("find model: %w", err)
	}
	m := &Installed{Name: name, Path: path, Bytes: st.Size()}
	b, err := os.ReadFile(s.recordPath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find model: %w", err)
	}
	var r Record
	if json.Unmarshal(b, &r) == nil && r.Schema == recordSchema && r.Name == name && r.Bytes == m.Bytes {
		m.Record = &r
	}
	return m, nil
}

func (s Store) recordPath(name string) string { return filepath.Join(s.Dir, name+".json") }

// Build makes a network's file and installs it under its name (with the seed
// behind it, if the weights are random), replacing one that is there. Until
// it returns without an error the store is as it was.
func (s Store) Build(ctx context.Context, a *Architecture, src *Source, in Input) (*Installed, error) {
	info := a.Info(src, in)
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("install %s: %w", info.Name, err)
	}
	r := Record{
		Schema: recordSchema, Name: info.Name, Architecture: a.Name, Parameters: a.ParameterCount(),
		Input: in, License: info.License, SourceFile: src.File, SourceSHA256: src.SHA256, RandomWeights: src.Random,
	}
	path := filepath.Join(s.Dir, info.Name+".onnx")
	model, err := s.temporary(func(w io.Writer) error {
		h := sha256.New()
		count := &countingWriter{w: io.MultiWriter(w, h)}
		err := a.Write(ctx, count, src, in)
		r.SHA256, r.Bytes = hex.EncodeToString(h.Sum(nil)), count.n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("install %s: %w", info.Name, err)
	}
	defer os.Remove(model) // nothing to remove once it has its name
	record, err := s.temporary(func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(&r)
	})
	if err != nil {
		return nil, fmt.Errorf("install %s: %w", info.Name, err)
	}
	defer os.Remove(record)
	// Between the two renames the old record does not fit the new file, and
	// Find leaves it out.
	if err := os.Rename(model, path); err != nil {
		return nil, fmt.Errorf("install %s: %w", info.Name, err)
	}
	if err := os.Rename(record, s.recordPath(info.Name)); err != nil {
		return nil, fmt.Errorf("install %s: %w", info.Name, err)
	}
	return &Installed{Name: info.Name, Path: path, Bytes: r.Bytes, Record: &r}, nil
}

// temporary writes a file in the store under a name that nobody looks for,
// and returns the name. On an error nothing is left.
func (s Store) temporary(write func(io.Writer) error) (string, error) {
	f, err := os.CreateTemp(s.Dir, ".building-*")
	if err != nil {
		return "", err
	}
	err = write(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
