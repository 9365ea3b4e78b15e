package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Limits on the pickle part of a file. That of a network with a thousand
// tensors takes 300 KB and 30,000 steps.
const (
	maxPickleBytes = 16 << 20
	maxPickleSteps = 1 << 20
)

// Values on the machine's stack, besides nil, bool, int64, float64, string
// and []byte.
type (
	global  string   // "module name" of an allowed function or class
	mark    struct{} // where a tuple, list or dict begins
	tuple   []any    //
	list    struct{ items []any }
	longInt string   // an integer beyond 64 bits, as its bytes
	dict    struct { // keeps the order of insertion, as Python does
		keys   []string // only text keys are kept
		values []any
	}
	// storageRef is what a persistent id stands for.
	storageRef struct {
		dtype    DType
		key      string
		elements int64
	}
	// tensorRef is a tensor before its storage is looked up in the file.
	tensorRef struct {
		storage        storageRef
		offset         int64
		shape, strides []int64
	}
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

// machine runs one pickle. It calls nothing: REDUCE recognises the four
// functions above and does by itself what they would do.
type machine struct {
	in    []byte
	pos   int
	steps int
	stack []any
	memo  map[uint32]any
}

var errShort = errors.New("the pickle ends too early")

// unpickle runs the pickle at the start of in and returns its value and
// length in bytes.
func unpickle(in []byte) (value any, n int, err error) {
	m := &machine{in: in, memo: make(map[uint32]any)}
	for {
		if m.steps++; m.steps > maxPickleSteps {
			return nil, 0, fmt.Errorf("the pickle takes more than %d steps", maxPickleSteps)
		}
		op, err := m.byte()
		if err != nil {
			return nil, 0, err
		}
		if op == '.' { // STOP
			v, err := m.pop()
			return v, m.pos, err
		}
		if err := m.step(op); err != nil {
			return nil, 0, fmt.Errorf("pickle, byte %d: %w", m.pos, err)
		}
	}
}

// step carries out one opcode; see Python's pickletools for what each does.
func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		v, err := m.byte()
		if err == nil && v > 5 {
			err = fmt.Errorf("protocol %d is not known", v)
		}
		return err
	case 0x95: // FRAME: its length is a hint
		_, err := m.bytes(8)
		return err
	case '(':
		return m.push(mark{})
	case '0': // POP
		_, err := m.pop()
		return err
	case '1': // POP_MARK
		_, err := m.popMark()
		return err
	case '2': // DUP
		return m.top(func(v any) error { return m.push(v) })

	case 'N':
		return m.push(nil)
	case 0x88:
		return m.push(true)
	case 0x89:
		return m.push(false)
	case 'J', 'K', 'M':
		return m.pushInt(map[byte]int{'J': 4, 'K': 1, 'M': 2}[op])
	case 0x8a: // LONG1
		n, err := m.byte()
		if err != nil {
			return err
		}
		return m.pushLong(int(n))
	case 'G': // BINFLOAT, big-endian
		b, err := m.bytes(8)
		if err != nil {
			return err
		}
		return m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 'X', 0x8c, 'U', 'T', 'B', 'C', 0x8d, 0x8e: // texts and bytes with a length before them
		return m.pushText(op)

	case ')':
		return m.push(tuple(nil))
	case 0x85, 0x86, 0x87:
		return m.pushTuple(int(op) - 0x84)
	case 't':
		v, err := m.popMark()
		if err != nil {
			return err
		}
		return m.push(tuple(v))
	case ']':
		return m.push(&list{})
	case 'a', 'e', 'l':
		return m.appendItems(op)
	case '}':
		return m.push(&dict{})
	case 's', 'u', 'd':
		return m.setItems(op)

	case 'q', 'r', 0x94: // BINPUT, LONG_BINPUT, MEMOIZE
		return m.memoPut(op)
	case 'h', 'j': // BINGET, LONG_BINGET
		return m.memoGet(op)

	case 'c', 0x93: // GLOBAL, STACK_GLOBAL
		return m.global(op)
	case 'R':
		return m.reduce()
	case 'Q': // BINPERSID
		return m.persistent()
	case 'b': // BUILD: attributes of an OrderedDict, such as _metadata
		return m.build()
	}
	return fmt.Errorf("opcode %#02x does not occur in state dicts", op)
}

func (m *machine) byte() (byte, error) {
	b, err := m.bytes(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (m *machine) bytes(n int) ([]byte, error) {
	if n < 0 || n > len(m.in)-m.pos {
		return nil, errShort
	}
	b := m.in[m.pos : m.pos+n]
	m.pos += n
	return b, nil
}

// number reads an unsigned little-endian number of n bytes.
func (m *machine) number(n int) (uint64, error) {
	b, err := m.bytes(n)
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return v, err
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

func (m *machine) pop() (any, error) {
	if len(m.stack) == 0 {
		return nil, errors.New("the stack is empty")
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

func (m *machine) top(fn func(any) error) error {
	if len(m.stack) == 0 {
		return errors.New("the stack is empty")
	}
	return fn(m.stack[len(m.stack)-1])
}

// popMark takes everything above the last mark, and the mark.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			v := append([]any(nil), m.stack[i+1:]...)
			m.stack = m.stack[:i]
			return v, nil
		}
	}
	return nil, errors.New("no mark on the stack")
}

func (m *machine) pushInt(size int) error {
	v, err := m.number(size)
	if err != nil {
		return err
	}
	if size == 4 { // only BININT is signed
		return m.push(int64(int32(v)))
	}
	return m.push(int64(v))
}

// pushLong pushes a two's-complement integer of n bytes.
func (m *machine) pushLong(n int) error {
	if n > 8 {
		b, err := m.bytes(n)
		if err != nil {
			return err
		}
		return m.push(longInt(b))
	}
	v, err := m.number(n)
	if err != nil {
		return err
	}
	if n == 0 {
		return m.push(int64(0))
	}
	unused := 64 - 8*n
	return m.push(int64(v<<unused) >> unused)
}

func (m *machine) pushText(op byte) error {
	width := 4
	switch op {
	case 0x8c, 'U', 'C':
		width = 1
	case 0x8d, 0x8e:
		width = 8
	}
	n, err := m.number(width)
	if err != nil {
		return err
	}
	if n > uint64(len(m.in)-m.pos) {
		return errShort
	}
	b, err := m.bytes(int(n))
	if err != nil {
		return err
	}
	return m.push(string(b))
}

func (m *machine) pushTuple(n int) error {
	if len(m.stack) < n {
		return errors.New("the stack is empty")
	}
	at := len(m.stack) - n
	t := append(tuple(nil), m.stack[at:]...)
	m.stack = m.stack[:at]
	return m.push(t)
}

// appendItems serves APPEND, APPENDS and LIST.
func (m *machine) appendItems(op byte) error {
	var items []any
	var err error
	if op == 'a' {
		var v any
		v, err = m.pop()
		items = []any{v}
	} else {
		items, err = m.popMark()
	}
	if err != nil {
		return err
	}
	if op == 'l' {
		return m.push(&list{items})
	}
	return m.top(func(v any) error {
		l, ok := v.(*list)
		if !ok {
			return fmt.Errorf("append to a %T", v)
		}
		l.items = append(l.items, items...)
		return nil
	})
}

// setItems serves SETITEM, SETITEMS and DICT.
func (m *machine) setItems(op byte) error {
	var items []any
	var err error
	if op == 's' {
		if err = m.pushTuple(2); err == nil {
			var v any
			v, err = m.pop()
			items = v.(tuple)
		}
	} else {
		items, err = m.popMark()
	}
	if err != nil {
		return err
	}
	if len(items)%2 != 0 {
		return errors.New("a key without a value")
	}
	if op == 'd' {
		if err := m.push(&dict{}); err != nil {
			return err
		}
	}
	return m.top(func(v any) error {
		d, ok := v.(*dict)
		if !ok {
			return fmt.Errorf("set an item of a %T", v)
		}
		for i := 0; i < len(items); i += 2 {
			if key, ok := items[i].(string); ok {
				d.keys, d.values = append(d.keys, key), append(d.values, items[i+1])
			}
		}
		return nil
	})
}

func (m *machine) memoPut(op byte) error {
	key := uint64(len(m.memo))
	var err error
	switch op {
	case 'q':
		key, err = m.number(1)
	case 'r':
		key, err = m.number(4)
	}
	if err != nil {
		return err
	}
	return m.top(func(v any) error {
		m.memo[uint32(key)] = v
		return nil
	})
}

func (m *machine) memoGet(op byte) error {
	width := 1
	if op == 'j' {
		width = 4
	}
	key, err := m.number(width)
	if err != nil {
		return err
	}
	v, ok := m.memo[uint32(key)]
	if !ok {
		return fmt.Errorf("memo %d was never set", key)
	}
	return m.push(v)
}

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

// get finds a dict's value; a key set twice has its last value.
func (d *dict) get(key string) any {
	for i := len(d.keys) - 1; i >= 0; i-- {
		if d.keys[i] == key {
			return d.values[i]
		}
	}
	return nil
}
