package onnxfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func raw(values ...float32) func(io.Writer) error {
	return func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, values) }
}

// small is a model of one convolution with everything that can be written.
func small() *Model {
	batch := Dim{Size: -1, Name: "batch"}
	return &Model{
		Name: "small", Doc: "for tests", Producer: "flipmeter", Opset: 17,
		Nodes: []Node{
			{Op: "Conv", Name: "c", Inputs: []string{"x", "w", ""}, Outputs: []string{"y"}, Attrs: []Attr{
				Ints("pads", 0, 1, -1, 1<<40), Int("group", -1), {Name: "alpha", Kind: KindFloat, F: 0.5}, {Name: "mode", Kind: KindString, S: "same"},
			}},
			{Op: "Gemm", Name: "g", Inputs: []string{"y", "m"}, Outputs: []string{"z"}},
		},
		Inputs:  []Value{{Name: "x", Type: Uint8, Dims: []Dim{batch, {Size: 4}, {Size: 4}, {Size: 3}}}},
		Outputs: []Value{{Name: "z", Type: Float, Dims: []Dim{batch, {Size: 10}}}},
		Values:  []Value{{Name: "y", Type: Float, Dims: []Dim{batch, {Size: 2}, {Size: 4}, {Size: 5}}}, {Name: "scalar", Type: Float}},
		Initializers: []Initializer{
			{Name: "w", Type: Float, Dims: []int64{2, 1, 1, 3}, Write: raw(1, 2, 3, 4, 5, 6)},
			{Name: "m", Type: Float, Dims: []int64{2, 2}, Write: raw(1, 2, 3, 4)},
			{Name: "zero", Type: Float, Write: raw(0)},
		},
		Metadata: map[string]string{"b": "2", "a": "ünï\n", "empty": ""},
	}
}

func encode(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	m := small()
	b := encode(t, m)
	if !bytes.Equal(b, encode(t, small())) {
		t.Error("written twice, the bytes differ")
	}
	got, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Initializers {
		m.Initializers[i].Write = nil
		got.Initializers[i].data = nil // where they lie in the file
	}
	if !reflect.DeepEqual(got, m) {
		t.Errorf("got  %+v\nwant %+v", got, m)
	}
	if n := got.Parameters(); n != 11 {
		t.Errorf("%d parameters", n)
	}
	if n, known := got.MultiplyAdds(); n != 6*4*5+4 || !known {
		t.Errorf("%d multiply-adds, known %v", n, known)
	}
	got.Values = nil
	if _, known := got.MultiplyAdds(); known {
		t.Error("multiply-adds known without shapes")
	}
	if got.Initializer("m") == nil || got.Initializer("no such") != nil {
		t.Error("Initializer")
	}
}

func TestWriteRefuses(t *testing.T) {
	full := errors.New("disk full")
	for name, mutate := range map[string]func(*Model){
		"too few values":  func(m *Model) { m.Initializers[0].Write = raw(1) },
		"too many values": func(m *Model) { m.Initializers[1].Write = raw(1, 2, 3, 4, 5) },
		"unknown format":  func(m *Model) { m.Initializers[0].Type = 99 },
		"2 GiB":           func(m *Model) { m.Initializers[0].Dims = []int64{1 << 29} },
		"failing source":  func(m *Model) { m.Initializers[0].Write = func(io.Writer) error { return full } },
	} {
		m := small()
		mutate(m)
		if err := m.Write(io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := small().Write(failing{full}); !errors.Is(err, full) {
		t.Errorf("full disk: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestReadRefuses(t *testing.T) {
	good := encode(t, small())
	for name, b := range map[string][]byte{
		"empty":         nil,
		"text":          []byte("<!DOCTYPE html>"),
		"cut":           good[:len(good)-1],
		"no graph":      {0x08, 0x08},
		"endless":       {0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"many parts":    bytes.Repeat([]byte{0x08, 0x08}, maxItems+1),
		"huge tensor":   {0x3a, 0x0e, 0x2a, 0x0c, 0x0a, 0x0a, 0x80, 0x80, 0x80, 0x80, 0x20, 0x80, 0x80, 0x80, 0x80, 0x20},
		"negative dims": {0x3a, 0x0e, 0x2a, 0x0c, 0x0a, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
	} {
		if m, err := Read(bytes.NewReader(b), int64(len(b))); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, %+v", name, err, m)
		}
	}
	if _, err := ReadFile(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}

// Reading steps over the weights: most of a large file is never touched.
func TestReadStepsOverWeights(t *testing.T) {
	m := small()
	m.Initializers[0].Dims = []int64{1, 1, 1024, 1024}
	m.Initializers[0].Write = func(w io.Writer) error { _, err := w.Write(make([]byte, 4<<20)); return err }
	b := encode(t, m)
	count := &countingReader{r: bytes.NewReader(b)}
	if _, err := Read(count, int64(len(b))); err != nil {
		t.Fatal(err)
	}
	if count.n > 64<<10 {
		t.Errorf("%d of %d bytes were read", count.n, len(b))
	}
}

type countingReader struct {
	r io.ReaderAt
	n int
}

func (c *countingReader) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.r.ReadAt(b, at)
	c.n += n
	return n, err
}

// FuzzRead: no file makes the reader panic or keep more than the file has.
func FuzzRead(f *testing.F) {
	f.Add(encode(f, small()))
	f.Add(encode(f, &Model{Name: "empty"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		m.MultiplyAdds()
		m.Parameters()
		if n := len(m.Nodes) + len(m.Initializers) + len(m.Values); n > len(b) {
			t.Fatalf("%d parts in %d bytes", n, len(b))
		}
	})
}

func TestOutputPatch(t *testing.T) {
	m := small()
	b := encode(t, m)
	patch, err := m.OutputPatch("y", "scalar")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, patch...)
	got, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if want := append(m.Outputs, m.Values...); !reflect.DeepEqual(got.Outputs, want) || len(got.Nodes) != 2 {
		t.Errorf("outputs %v, want %v", got.Outputs, want)
	}
	if _, err := m.OutputPatch("x"); err == nil {
		t.Error("an input became an output")
	}
}
