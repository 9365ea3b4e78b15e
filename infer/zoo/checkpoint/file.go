package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Tensor says what one tensor of a file is, without its values.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // row-major; empty for a single number

	offset  int64 // of the storage's first byte that the tensor may touch, in the file
	strides []int // in elements; nil where the elements lie in order
	span    int64 // elements from the first to the last one touched, inclusive; 0 if empty
}

// Elements is the product of the shape.
func (t *Tensor) Elements() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// File is an open checkpoint. Its methods may be called from many
// goroutines, except Close, which comes last.
type File struct {
	src     io.ReaderAt
	closer  io.Closer
	tensors []*Tensor
	byName  map[string]*Tensor
}

// Open opens a checkpoint, whatever its format; the content decides, not the
// name. The error says what is wrong with the file and names it.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	c, err := Read(f, st.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	c.closer = f
	return c, nil
}

// Read opens a checkpoint of size bytes that lies in r. r must stay readable
// for as long as values are read; closing the File does not close it.
func Read(r io.ReaderAt, size int64) (*File, error) {
	var head [16]byte
	n, err := r.ReadAt(head[:min(int64(len(head)), size)], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var tensors []*Tensor
	switch {
	case n == 0:
		return nil, errors.New("the file is empty")
	case strings.HasPrefix(string(head[:n]), "PK\x03\x04"):
		tensors, err = readTorchZip(r, size)
	case head[0] == 0x80: // PROTO, the first opcode of every binary pickle
		tensors, err = readTorchLegacy(r, size)
	case n >= 9 && head[8] == '{':
		tensors, err = readSafetensors(r, size)
	default:
		return nil, errors.New("neither safetensors nor a PyTorch state dict")
	}
	if err != nil {
		return nil, err
	}
	if len(tensors) == 0 {
		return nil, errors.New("the file contains no tensors")
	}
	stripModulePrefix(tensors)
	c := &File{src: r, tensors: tensors, byName: make(map[string]*Tensor, len(tensors))}
	for _, t := range tensors {
		if c.byName[t.Name] != nil {
			return nil, fmt.Errorf("tensor %.200q appears twice", t.Name)
		}
		c.byName[t.Name] = t
	}
	return c, nil
}

// stripModulePrefix undoes what PyTorch's DataParallel does to all names.
func stripModulePrefix(tensors []*Tensor) {
	const prefix = "module."
	for _, t := range tensors {
		if !strings.HasPrefix(t.Name, prefix) {
			return
		}
	}
	for _, t := range tensors {
		t.Name = t.Name[len(prefix):]
	}
}

// Close closes the file that Open opened.
func (c *File) Close() error {
	if c.closer == nil {
		return nil
	}
	return c.closer.Close()
}

// Tensors lists the tensors in the file's order. The caller does not change
// them.
func (c *File) Tensors() []*Tensor { return c.tensors }

// Tensor finds a tensor by name, or returns nil.
func (c *File) Tensor(name string) *Tensor { return c.byName[name] }

// chunkElements is how many values Stream holds at once: 64 KiB.
const chunkElements = 16 << 10

// Stream calls fn with the tensor's values in row-major order, piece by
// piece. A piece is valid until fn returns, and fn may change it. Stream ends
// at fn's first error.
func (c *File) Stream(name string, fn func(values []float32) error) error {
	t := c.byName[name]
	switch {
	case t == nil:
		return fmt.Errorf("read weights: no tensor %q", name)
	case !t.DType.IsFloat():
		return fmt.Errorf("read weights: tensor %q holds %s, not floating-point numbers", name, t.DType)
	case t.Elements() == 0:
		return nil
	case t.strides != nil:
		return c.streamStrided(t, fn)
	}
	return c.streamRange(t, int64(t.Elements()), fn)
}

// streamRange reads n elements in storage order.
func (c *File) streamRange(t *Tensor, n int64, fn func([]float32) error) error {
	size := t.DType.bytes()
	values := make([]float32, min(n, chunkElements))
	raw := make([]byte, int64(len(values))*size)
	for done := int64(0); done < n; {
		k := min(n-done, int64(len(values)))
		if _, err := c.src.ReadAt(raw[:k*size], t.offset+done*size); err != nil {
			return fmt.Errorf("read weights: tensor %q: %w", t.Name, err)
		}
		t.DType.decode(values[:k], raw)
		if err := fn(values[:k]); err != nil {
			return err
		}
		done += k
	}
	return nil
}

// streamStrided reads the stretch of storage that the tensor touches and
// puts its elements in row-major order. Such tensors are transposed views,
// mostly of converted convolution weights, and small.
func (c *File) streamStrided(t *Tensor, fn func([]float32) error) error {
	storage := make([]float32, 0, t.span)
	err := c.streamRange(t, t.span, func(v []float32) error {
		storage = append(storage, v...)
		return nil
	})
	if err != nil {
		return err
	}
	n := t.Elements()
	out := make([]float32, 0, min(n, chunkElements))
	index := make([]int, len(t.Shape))
	at := 0
	for range n {
		out = append(out, storage[at])
		if len(out) == cap(out) {
			if err := fn(out); err != nil {
				return err
			}
			out = out[:0]
		}
		for d := len(index) - 1; d >= 0; d-- { // the next index, and where it lies
			index[d]++
			at += t.strides[d]
			if index[d] < t.Shape[d] {
				break
			}
			at -= index[d] * t.strides[d]
			index[d] = 0
		}
	}
	if len(out) > 0 {
		return fn(out)
	}
	return nil
}

// Floats reads all values of a tensor.
func (c *File) Floats(name string) ([]float32, error) {
	t := c.byName[name]
	if t == nil {
		return nil, fmt.Errorf("read weights: no tensor %q", name)
	}
	out := make([]float32, 0, t.Elements())
	err := c.Stream(name, func(v []float32) error {
		out = append(out, v...)
		return nil
	})
	return out, err
}
