package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// value is what testdata/make.py stores at index i of each storage.
func value(i int) float32 { return float32(i-3) * 0.25 }

func values(index ...int) []float32 {
	out := []float32{}
	for _, i := range index {
		out = append(out, value(i))
	}
	return out
}

func upTo(n int) []float32 {
	out := []float32{}
	for i := range n {
		out = append(out, value(i))
	}
	return out
}

func TestGoodFiles(t *testing.T) {
	type tensor struct {
		shape  []int
		values []float32
	}
	all := map[string]tensor{
		"f32":             {[]int{2, 2, 3}, upTo(12)},
		"f32.part":        {[]int{2, 3}, values(6, 7, 8, 9, 10, 11)},
		"f32.transposed":  {[]int{3, 4}, values(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11)},
		"f32.every_other": {[]int{5}, values(1, 3, 5, 7, 9)},
		"f16":             {[]int{12}, upTo(12)},
		"f64":             {[]int{12, 1}, upTo(12)},
		"bf16":            {[]int{12}, upTo(12)},
		"scalar":          {[]int{}, values(5)},
		"empty":           {[]int{0, 4}, []float32{}},
	}
	files, err := filepath.Glob("testdata/good*")
	if err != nil || len(files) != 5 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			want := len(all) + 1
			if strings.HasSuffix(path, ".safetensors") {
				want = 6
			}
			if len(c.Tensors()) != want {
				t.Errorf("%d tensors, want %d", len(c.Tensors()), want)
			}
			for _, info := range c.Tensors() {
				got, err := c.Floats(info.Name)
				if info.Name == "bn.num_batches_tracked" {
					if err == nil || info.DType != I64 {
						t.Errorf("%s: %v, %v", info.Name, info.DType, err)
					}
					continue
				}
				if err != nil {
					t.Error(err)
				}
				if w := all[info.Name]; !reflect.DeepEqual(tensor{info.Shape, got}, w) {
					t.Errorf("%s: got %v %v, want %v", info.Name, info.Shape, got, w)
				}
			}
			if _, err := c.Floats("no such"); err == nil {
				t.Error("a tensor that is not there was read")
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad*")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		c, err := Open(path)
		if err == nil {
			t.Errorf("%s: accepted, %v", path, c.Tensors()[0])
			continue
		}
		if !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 500 {
			t.Errorf("%s: %v", path, err)
		}
		if strings.Contains(path, "bad_code") && !strings.Contains(err.Error(), "system") {
			t.Errorf("%s: the function is not named: %v", path, err)
		}
	}
	if _, err := os.Stat("/tmp/flipmeter-was-here"); err == nil {
		t.Error("a file's code was run")
	}
	for _, path := range []string{"testdata/no such file", "testdata"} {
		if _, err := Open(path); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
}

func TestStreamEndsAtTheFirstError(t *testing.T) {
	stop := errors.New("stop")
	for _, name := range []string{"f32", "f32.transposed"} {
		c, err := Open("testdata/good_zip.pth")
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		if err := c.Stream(name, func([]float32) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
		c.Close()
	}
}

// Every half-precision number against its definition.
func TestHalf(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		exp, frac := int(h>>10&31), float64(h&1023)
		want := math.Ldexp(1+frac/1024, exp-15)
		switch {
		case exp == 0:
			want = math.Ldexp(frac/1024, -14)
		case exp == 31 && frac == 0:
			want = math.Inf(1)
		case exp == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = -want
		}
		got := float64(fromHalf(h))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("%#04x: got %g, want %g", h, got, want)
		}
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	big := make([]float32, 3*chunkElements+5)
	for i := range big {
		big[i] = float32(math.Sin(float64(i)))
	}
	stream := func(v []float32) func(func([]float32) error) error {
		return func(fn func([]float32) error) error {
			for p := range slices.Chunk(v, 1000) {
				if err := fn(p); err != nil {
					return err
				}
			}
			return nil
		}
	}
	in := []Values{
		{"b", []int{len(big)}, stream(big)},
		{`a "quoted"`, []int{2, 3}, stream(upTo(6))},
		{"one", nil, stream(upTo(1))},
	}
	var buf, again bytes.Buffer
	if err := WriteSafetensors(&buf, in, map[string]string{"x": "1", "a": "2"}); err != nil {
		t.Fatal(err)
	}
	if err := WriteSafetensors(&again, in, map[string]string{"a": "2", "x": "1"}); err != nil || !bytes.Equal(buf.Bytes(), again.Bytes()) {
		t.Errorf("written twice, the bytes differ (%v)", err)
	}
	c, err := Read(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{big, upTo(6), upTo(1)} {
		if c.Tensors()[i].Name != in[i].Name {
			t.Errorf("tensor %d is %q", i, c.Tensors()[i].Name)
		}
		if got, err := c.Floats(in[i].Name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v", in[i].Name, err)
		}
	}
	in[1].Shape = []int{7}
	if err := WriteSafetensors(&buf, in, nil); err == nil {
		t.Error("too few values were written without an error")
	}
}

// The reader asks for no more memory than the file justifies.
func TestMemoryStaysBelowTheFile(t *testing.T) {
	n := 8 << 20 // elements: 32 MiB
	head := []byte(`{"w":{"dtype":"F32","shape":[8388608],"data_offsets":[0,33554432]}}`)
	raw := append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...)
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := os.WriteFile(path, append(raw, make([]byte, 4*n)...), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	seen := 0
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			seen = 0
			if err := c.Stream("w", func(v []float32) error { seen += len(v); return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	if seen != n {
		t.Errorf("%d values, want %d", seen, n)
	}
	if r.AllocedBytesPerOp() > 2<<20 {
		t.Errorf("streaming 32 MiB took %d bytes", r.AllocedBytesPerOp())
	}
}
