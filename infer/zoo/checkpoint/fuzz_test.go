package checkpoint

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead gives the readers damaged files, starting from the good and the
// hostile ones that testdata/make.py made. Whatever they accept can be read
// to its end and takes no more room than the file, but for F16 and BF16
// numbers becoming twice as long.
func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.[pszt]*")
	if err != nil || len(paths) < 40 {
		f.Fatalf("%d seeds, %v", len(paths), err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, info := range c.Tensors() {
			if n := info.Elements(); n < 0 || int64(n)*info.DType.bytes() > int64(len(data)) {
				t.Fatalf("%s: %v in a file of %d bytes", info.Name, info.Shape, len(data))
			}
			v, err := c.Floats(info.Name)
			if info.DType.IsFloat() && (err != nil || len(v) != info.Elements()) {
				t.Fatalf("%s: %d of %d values, %v", info.Name, len(v), info.Elements(), err)
			}
		}
	})
}

// FuzzUnpickle runs pickles without the file around them, which lets the
// fuzzer change them freely.
func FuzzUnpickle(f *testing.F) {
	paths, err := filepath.Glob("testdata/*legacy.pth")
	if err != nil || len(paths) == 0 {
		f.Fatal(paths, err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		for i := 0; i < 4 && len(b) > 0; i++ {
			_, n, err := unpickle(b)
			f.Add(b)
			if err != nil {
				break
			}
			f.Add(b[:n])
			b = b[n:]
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, n, err := unpickle(data)
		if err != nil {
			return
		}
		if n <= 0 || n > len(data) {
			t.Fatalf("used %d of %d bytes", n, len(data))
		}
		_, _ = stateDict(v)
	})
}
