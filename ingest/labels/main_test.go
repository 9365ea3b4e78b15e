package labels

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/stability"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read is all that a file says.
type read struct {
	obs     []stability.Observation
	lines   []int64
	streams []string // of each row
	probs   [][]float32
	facts   Facts
}

// readAll reads a file to its end.
func readAll(cfg Config) (*read, error) {
	if cfg.Classes == nil {
		cfg.Classes = NewClasses()
	}
	f, err := Open(cfg)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := &read{facts: f.Facts()}
	b := NewBatch()
	for {
		err := f.ReadBatch(context.Background(), b)
		for i := range b.N {
			out.obs = append(out.obs, b.Obs[i])
			out.lines = append(out.lines, b.Line[i])
			out.streams = append(out.streams, b.Names[b.Stream[i]])
			if p := b.RowProbs(i); p != nil {
				out.probs = append(out.probs, bytesOf(p))
			}
		}
		if errors.Is(err, io.EOF) {
			return out, f.Close()
		}
		if err != nil {
			return out, err
		}
	}
}

func bytesOf(p []float32) []float32 { return append([]float32(nil), p...) }

// readText reads a text under a name that says its format.
func readText(name, text string, change ...func(*Config)) (*read, error) {
	cfg := Config{Path: name, In: bytes.NewReader([]byte(text))}
	for _, c := range change {
		c(&cfg)
	}
	return readAll(cfg)
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
