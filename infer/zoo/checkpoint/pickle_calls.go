package checkpoint

import (
	"errors"
	"fmt"
	"math"
)

// storageTypes are the classes that name a number format.
var storageTypes = map[global]DType{
	"torch FloatStorage": F32, "torch HalfStorage": F16, "torch BFloat16Storage": BF16,
	"torch DoubleStorage": F64, "torch LongStorage": I64, "torch IntStorage": I32,
	"torch ShortStorage": I16, "torch CharStorage": I8, "torch ByteStorage": U8,
	"torch BoolStorage": Bool,
}

// The functions that may be called.
const (
	orderedDict      global = "collections OrderedDict"
	rebuildTensor    global = "torch._utils _rebuild_tensor"
	rebuildTensorV2  global = "torch._utils _rebuild_tensor_v2"
	rebuildParameter global = "torch._utils _rebuild_parameter"
	torchSize        global = "torch Size"
)

// line reads a text that ends with a newline.
func (m *machine) line() (string, error) {
	for i := m.pos; i < len(m.in); i++ {
		if m.in[i] == '\n' {
			s := string(m.in[m.pos:i])
			m.pos = i + 1
			return s, nil
		}
	}
	return "", errShort
}

// global pushes a function or class, if it is one of the few allowed.
func (m *machine) global(op byte) error {
	var module, name string
	var err error
	if op == 'c' {
		if module, err = m.line(); err == nil {
			name, err = m.line()
		}
	} else {
		var pair any
		if err = m.pushTuple(2); err == nil {
			pair, err = m.pop()
		}
		if err == nil {
			var ok1, ok2 bool
			module, ok1 = pair.(tuple)[0].(string)
			name, ok2 = pair.(tuple)[1].(string)
			if !ok1 || !ok2 {
				err = errors.New("the name of a function is not a text")
			}
		}
	}
	if err != nil {
		return err
	}
	g := global(module + " " + name)
	switch g {
	case orderedDict, rebuildTensor, rebuildTensorV2, rebuildParameter, torchSize:
		return m.push(g)
	}
	if _, ok := storageTypes[g]; ok {
		return m.push(g)
	}
	return fmt.Errorf("the file wants Python's %.100q, which is not allowed: only a plain state dict can be read (save it with torch.save(model.state_dict(), …) or as safetensors)",
		module+"."+name)
}

// persistent turns a persistent id into the storage that it names:
// ('storage', class, key, device, elements[, view]).
func (m *machine) persistent() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	id, _ := v.(tuple)
	if len(id) < 5 || len(id) > 6 || id[0] != "storage" {
		return errors.New("a persistent id that is no storage")
	}
	if len(id) == 6 && id[5] != nil {
		return errors.New("a storage that is a view of another one (PyTorch before 0.4) is not supported")
	}
	class, _ := id[1].(global)
	dtype, ok1 := storageTypes[class]
	key, ok2 := id[2].(string)
	elements, ok3 := id[4].(int64)
	if !ok1 || !ok2 || !ok3 || elements < 0 || elements > math.MaxInt64/8 {
		return errors.New("a malformed storage")
	}
	return m.push(storageRef{dtype, key, elements})
}

// reduce does what the function on the stack would do with its arguments.
func (m *machine) reduce() error {
	if err := m.pushTuple(2); err != nil {
		return err
	}
	v, err := m.pop()
	if err != nil {
		return err
	}
	call := v.(tuple)
	fn, ok1 := call[0].(global)
	args, ok2 := call[1].(tuple)
	if !ok1 || !ok2 {
		return fmt.Errorf("call of a %T with a %T", call[0], call[1])
	}
	switch fn {
	case orderedDict:
		if len(args) > 0 {
			return errors.New("OrderedDict with arguments")
		}
		return m.push(&dict{})
	case rebuildTensor, rebuildTensorV2: // (storage, offset, shape, strides[, requires_grad, hooks…])
		t, err := rebuild(args)
		if err != nil {
			return err
		}
		return m.push(t)
	case rebuildParameter: // (tensor, requires_grad, hooks)
		if len(args) > 0 {
			if t, ok := args[0].(*tensorRef); ok {
				return m.push(t)
			}
		}
		return errors.New("_rebuild_parameter without a tensor")
	case torchSize: // (tuple,)
		if len(args) == 1 {
			if t, ok := args[0].(tuple); ok {
				return m.push(t)
			}
		}
		return errors.New("torch.Size without a tuple")
	}
	return fmt.Errorf("call of %q", string(fn))
}

func rebuild(args tuple) (*tensorRef, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("a tensor from %d arguments", len(args))
	}
	t := &tensorRef{}
	var ok1, ok2 bool
	t.storage, ok1 = args[0].(storageRef)
	t.offset, ok2 = args[1].(int64)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("a tensor from a %T at a %T", args[0], args[1])
	}
	for i, into := range []*[]int64{&t.shape, &t.strides} {
		dims, ok := args[2+i].(tuple)
		if !ok || len(dims) > maxDims {
			return nil, errors.New("a tensor's shape or strides are malformed")
		}
		*into = make([]int64, len(dims))
		for d, v := range dims {
			if (*into)[d], ok = v.(int64); !ok {
				return nil, fmt.Errorf("a tensor's dimension is a %T", v)
			}
		}
	}
	return t, nil
}

// build drops attributes set on a dict: state dicts carry version numbers
// there.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	return m.top(func(v any) error {
		if _, ok := v.(*dict); !ok {
			return fmt.Errorf("attributes of a %T", v)
		}
		return nil
	})
}
