package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
)

// maxSafetensorsHeader bounds the JSON header. That of a network with a
// thousand tensors takes 120 KB.
const maxSafetensorsHeader = 16 << 20

var safetensorsTypes = map[string]DType{
	"F32": F32, "F16": F16, "BF16": BF16, "F64": F64,
	"I64": I64, "I32": I32, "I16": I16, "I8": I8, "U8": U8, "BOOL": Bool,
}

// safetensorsEntry is one tensor in the header.
type safetensorsEntry struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // from the end of the header
}

// readSafetensors reads the format of
// https://github.com/huggingface/safetensors: the header's length in 8
// bytes, a JSON header, and the numbers.
func readSafetensors(r io.ReaderAt, size int64) ([]*Tensor, error) {
	var head [8]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(head[:])
	if n > maxSafetensorsHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("safetensors: a header of %d bytes in a file of %d", n, size)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, errors.New("safetensors: the header is no JSON object")
	}
	base := 8 + int64(n)
	var tensors []*Tensor
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("safetensors: header: %w", err)
		}
		name := key.(string) // the decoder accepts nothing else as a key
		if name == "__metadata__" {
			var notes map[string]string
			if err := dec.Decode(&notes); err != nil {
				return nil, fmt.Errorf("safetensors: header: metadata: %w", err)
			}
			continue
		}
		var e safetensorsEntry
		if err := dec.Decode(&e); err != nil {
			return nil, fmt.Errorf("safetensors: header: tensor %.200q: %w", name, err)
		}
		t, err := e.tensor(name, base, size-base)
		if err != nil {
			return nil, fmt.Errorf("safetensors: %w", err)
		}
		tensors = append(tensors, t)
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	return tensors, nil
}

// tensor checks an entry against the size of the data, which begins at base.
func (e *safetensorsEntry) tensor(name string, base, dataSize int64) (*Tensor, error) {
	dtype, ok := safetensorsTypes[e.DType]
	if !ok {
		return nil, fmt.Errorf("tensor %.200q: number format %.20q is not supported", name, e.DType)
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if begin < 0 || end < begin {
		return nil, fmt.Errorf("tensor %.200q: data from %d to %d", name, begin, end)
	}
	if end > dataSize {
		return nil, fmt.Errorf("tensor %.200q: the file ends %d bytes before its data: incomplete download?", name, end-dataSize)
	}
	t, err := storage{dtype, base + begin, (end - begin) / dtype.bytes()}.view(name, 0, e.Shape, nil)
	if err != nil {
		return nil, err
	}
	if int64(t.Elements())*dtype.bytes() != end-begin {
		return nil, fmt.Errorf("tensor %.200q: shape %v of %s does not take %d bytes", name, t.Shape, dtype, end-begin)
	}
	return t, nil
}

// Values is one tensor to be written: Stream calls its argument with the
// values in row-major order, in pieces.
type Values struct {
	Name   string
	Shape  []int
	Stream func(fn func(values []float32) error) error
}

// WriteSafetensors writes tensors as F32 and notes as the file's
// "__metadata__". The bytes depend on the arguments only.
func WriteSafetensors(w io.Writer, tensors []Values, notes map[string]string) error {
	var header bytes.Buffer
	header.WriteByte('{')
	entry := func(name string, v any) error {
		if header.Len() > 1 {
			header.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		value, err := json.Marshal(v)
		if err != nil {
			return err
		}
		header.Write(key)
		header.WriteByte(':')
		header.Write(value)
		return nil
	}
	if len(notes) > 0 {
		if err := entry("__metadata__", maps.Clone(notes)); err != nil {
			return fmt.Errorf("write safetensors: %w", err)
		}
	}
	offset := int64(0)
	for _, t := range tensors {
		e := safetensorsEntry{DType: "F32", Shape: []int64{}}
		n := int64(1)
		for _, d := range t.Shape {
			e.Shape = append(e.Shape, int64(d))
			n *= int64(d)
		}
		e.Offsets = [2]int64{offset, offset + 4*n}
		offset += 4 * n
		if err := entry(t.Name, e); err != nil {
			return fmt.Errorf("write safetensors: %w", err)
		}
	}
	header.WriteByte('}')
	for (8+header.Len())%8 != 0 { // so that the numbers are aligned
		header.WriteByte(' ')
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(header.Len()))); err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	if _, err := w.Write(header.Bytes()); err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	raw := []byte(nil)
	for _, t := range tensors {
		want := 1
		for _, d := range t.Shape {
			want *= d
		}
		err := t.Stream(func(values []float32) error {
			want -= len(values)
			raw = AppendFloats(raw[:0], values)
			_, err := w.Write(raw)
			return err
		})
		if err == nil && want != 0 {
			err = fmt.Errorf("%d values are missing for its shape %v", want, t.Shape)
		}
		if err != nil {
			return fmt.Errorf("write safetensors: tensor %q: %w", t.Name, err)
		}
	}
	return nil
}
