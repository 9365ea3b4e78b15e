package checkpoint

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// namedTensor is a state dict's entry before its storage is found.
type namedTensor struct {
	name string
	ref  *tensorRef
}

// wrappers are the keys under which training scripts keep the state dict
// beside other things, in the order in which they are tried: averaged
// weights are the ones that were evaluated.
var wrappers = []string{"state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "net"}

// stateDict finds the tensors in what a file's pickle made.
func stateDict(v any) ([]namedTensor, error) {
	d, ok := v.(*dict)
	if !ok {
		return nil, errors.New("the file holds no dictionary of tensors: not a state dict")
	}
	for _, key := range wrappers {
		if inner, ok := d.get(key).(*dict); ok {
			d = inner
			break
		}
	}
	var out []namedTensor
	for i, key := range d.keys {
		if t, ok := d.values[i].(*tensorRef); ok {
			out = append(out, namedTensor{key, t})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no tensors found: not a state dict")
	}
	return out, nil
}

// readTorchZip reads the format of PyTorch 1.6 and later: a zip archive with
// NAME/data.pkl and one stored, uncompressed entry NAME/data/KEY for each
// storage.
func readTorchZip(r io.ReaderAt, size int64) ([]*Tensor, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("damaged or incomplete PyTorch file: %w", err)
	}
	entries := make(map[string]*zip.File, len(z.File))
	var pickle *zip.File
	for _, f := range z.File {
		entries[f.Name] = f
		if strings.HasSuffix(f.Name, "/data.pkl") && strings.Count(f.Name, "/") == 1 {
			pickle = f
		}
	}
	if pickle == nil {
		return nil, errors.New("a zip archive, but not one that torch.save wrote")
	}
	prefix := strings.TrimSuffix(pickle.Name, "data.pkl")
	if f := entries[prefix+"byteorder"]; f != nil {
		order, err := zipBytes(f, 16, size)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(string(order)) != "little" {
			return nil, errors.New("the file's numbers are big-endian, which is not supported")
		}
	}
	code, err := zipBytes(pickle, maxPickleBytes, size)
	if err != nil {
		return nil, err
	}
	v, _, err := unpickle(code)
	if err != nil {
		return nil, err
	}
	named, err := stateDict(v)
	if err != nil {
		return nil, err
	}
	return resolve(named, func(ref storageRef) (int64, int64, error) {
		f := entries[prefix+"data/"+ref.key]
		if f == nil {
			return 0, 0, fmt.Errorf("storage %.40q is missing from the file", ref.key)
		}
		offset, err := storedAt(f, size)
		return offset, int64(f.UncompressedSize64), err
	})
}

// storedAt is where an uncompressed entry's bytes begin.
func storedAt(f *zip.File, size int64) (int64, error) {
	if f.Method != zip.Store {
		return 0, fmt.Errorf("entry %.100q is compressed, which torch.save never does", f.Name)
	}
	offset, err := f.DataOffset()
	if err != nil {
		return 0, fmt.Errorf("entry %.100q: %w", f.Name, err)
	}
	if offset < 0 || offset > size || f.UncompressedSize64 > uint64(size-offset) {
		return 0, fmt.Errorf("entry %.100q leaves the file", f.Name)
	}
	return offset, nil
}

func zipBytes(f *zip.File, limit uint64, size int64) ([]byte, error) {
	if _, err := storedAt(f, size); err != nil {
		return nil, err
	}
	if f.UncompressedSize64 > limit {
		return nil, fmt.Errorf("entry %.100q is larger than %d bytes", f.Name, limit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("entry %.100q: %w", f.Name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)))
	if err != nil {
		return nil, fmt.Errorf("entry %.100q: %w", f.Name, err)
	}
	return b, nil
}

// legacyMagic begins the format of PyTorch before 1.6, as a pickled integer.
const legacyMagic = longInt("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")

// readTorchLegacy reads the older format: five pickles (magic number,
// protocol version, system, the state dict, the storages' keys), and then
// each storage as a count and its numbers.
func readTorchLegacy(r io.ReaderAt, size int64) ([]*Tensor, error) {
	code := make([]byte, min(size, maxPickleBytes))
	if _, err := r.ReadAt(code, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var values [5]any
	pos := 0
	for i := range values {
		v, n, err := unpickle(code[pos:])
		if err != nil {
			if i == 0 {
				return nil, fmt.Errorf("not a PyTorch state dict: %w", err)
			}
			return nil, err
		}
		if i == 0 && v != any(legacyMagic) {
			return nil, errors.New("a Python pickle, but not one that torch.save wrote")
		}
		values[i], pos = v, pos+n
	}
	if values[1] != any(int64(1001)) {
		return nil, errors.New("an unknown version of PyTorch's legacy format")
	}
	if sys, ok := values[2].(*dict); !ok || sys.get("little_endian") != any(true) {
		return nil, errors.New("the file's numbers are big-endian, which is not supported")
	}
	named, err := stateDict(values[3])
	if err != nil {
		return nil, err
	}
	keys, ok := values[4].(*list)
	if !ok {
		return nil, errors.New("the list of storages is missing")
	}
	places, err := legacyStorages(r, size, int64(pos), keys.items, named)
	if err != nil {
		return nil, err
	}
	return resolve(named, func(ref storageRef) (int64, int64, error) {
		p, ok := places[ref.key]
		if !ok {
			return 0, 0, fmt.Errorf("storage %.40q is missing from the file", ref.key)
		}
		return p[0], p[1], nil
	})
}

// legacyStorages finds each storage's offset and length in bytes. A
// storage's format is known only from the tensors that use it, and one that
// no tensor uses can't be stepped over: that ends the search, and tensors
// behind it are reported as missing.
func legacyStorages(r io.ReaderAt, size, pos int64, keys []any, named []namedTensor) (map[string][2]int64, error) {
	dtypes := make(map[string]DType)
	for _, t := range named {
		dtypes[t.ref.storage.key] = t.ref.storage.dtype
	}
	places := make(map[string][2]int64)
	for _, k := range keys {
		key, _ := k.(string)
		dtype, ok := dtypes[key]
		if !ok {
			break
		}
		var head [8]byte
		if size-pos < 8 {
			return nil, fmt.Errorf("the file ends before storage %.40q: incomplete download?", key)
		}
		if _, err := r.ReadAt(head[:], pos); err != nil {
			return nil, err
		}
		pos += 8
		n := binary.LittleEndian.Uint64(head[:])
		if n > uint64(size-pos)/uint64(dtype.bytes()) {
			return nil, fmt.Errorf("the file ends within storage %.40q: incomplete download?", key)
		}
		length := int64(n) * dtype.bytes()
		places[key] = [2]int64{pos, length}
		pos += length
	}
	return places, nil
}

// resolve turns references into tensors of the file. find gives a storage's
// offset and length in bytes.
func resolve(named []namedTensor, find func(storageRef) (offset, length int64, err error)) ([]*Tensor, error) {
	tensors := make([]*Tensor, 0, len(named))
	for _, n := range named {
		s := n.ref.storage
		offset, length, err := find(s)
		if err != nil {
			return nil, fmt.Errorf("tensor %.200q: %w", n.name, err)
		}
		if s.elements > length/s.dtype.bytes() {
			return nil, fmt.Errorf("tensor %.200q: its storage holds %d bytes, %d numbers are expected", n.name, length, s.elements)
		}
		t, err := storage{s.dtype, offset, s.elements}.view(n.name, n.ref.offset, n.ref.shape, n.ref.strides)
		if err != nil {
			return nil, err
		}
		tensors = append(tensors, t)
	}
	return tensors, nil
}
