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

// machine runs one pickle. It calls nothing: REDUCE recognises the few
// functions that are allowed and does by itself what they would do.
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
