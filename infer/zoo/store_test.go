package zoo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

func TestStore(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "models")}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Fatalf("a store without a folder: %v, %v", list, err)
	}
	a, err := Find("efficientnet-lite0")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	m, err := s.Build(ctx, a, RandomSource(7), InputBytes)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "efficientnet-lite0-random-7" || m.Record.RandomWeights != "7" || m.Record.Parameters != 4652008 {
		t.Errorf("%+v, %+v", m, m.Record)
	}
	first, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	record, err := os.ReadFile(s.recordPath(m.Name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Build(ctx, a, RandomSource(7), InputBytes); err != nil {
		t.Fatal(err)
	}
	again, _ := os.ReadFile(m.Path)
	recordAgain, _ := os.ReadFile(s.recordPath(m.Name))
	if !bytes.Equal(first, again) || !bytes.Equal(record, recordAgain) {
		t.Error("built twice, the bytes differ")
	}

	file, err := onnxfile.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := infer.DecodeMetadata(file.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != m.Name || info.RandomWeights != "7" || !info.Preprocessing.InGraph || len(info.Labels) != 1000 ||
		info.Output != infer.OutputLogits || strings.Contains(info.License, "Apache") {
		t.Errorf("%+v", info)
	}

	if err := os.WriteFile(filepath.Join(s.Dir, "own.onnx"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].Name != m.Name || *list[0].Record != *m.Record || list[1].Name != "own" || list[1].Record != nil {
		t.Errorf("%+v, %v", list, err)
	}
	for _, name := range []string{"no such", "", "../models/own", ".."} {
		if _, err := s.Find(name); !errors.Is(err, ErrNotInstalled) {
			t.Errorf("%q: %v", name, err)
		}
	}
	// A record that belongs to another file is left out.
	if err := os.WriteFile(m.Path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Find(m.Name); err != nil || m.Record != nil {
		t.Errorf("%+v, %v", m, err)
	}
}

// failingWeights end in the middle.
type failingWeights struct{ err error }

func (f failingWeights) Stream(*Parameter, func([]float32) error) error { return f.err }

func TestFailedBuildLeavesTheStoreAsItWas(t *testing.T) {
	s := Store{t.TempDir()}
	a, err := Find("efficientnet-lite0")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Build(context.Background(), a, RandomSource(1), InputBytes)
	if err != nil {
		t.Fatal(err)
	}
	before := content(t, s.Dir)
	broken := errors.New("read error")
	if _, err := s.Build(context.Background(), a, &Source{Weights: failingWeights{broken}, Random: "1"}, InputFloats); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := s.Build(ctx, a, RandomSource(1), InputFloats); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if err := os.Mkdir(filepath.Join(s.Dir, "efficientnet-lite0-random-2.onnx"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Build(context.Background(), a, RandomSource(2), InputFloats); err == nil {
		t.Error("a folder was replaced")
	}
	if err := os.Remove(filepath.Join(s.Dir, "efficientnet-lite0-random-2.onnx")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, s.Dir); got != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, got)
	}
	if again, err := s.Find(m.Name); err != nil || again.Record == nil {
		t.Errorf("%+v, %v", again, err)
	}
}

// content lists a folder's files with their sizes.
func content(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		fmt.Fprintln(&b, path, st.Size(), st.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
