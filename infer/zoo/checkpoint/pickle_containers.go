package checkpoint

import (
	"errors"
	"fmt"
)

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

// get finds a dict's value; a key set twice has its last value.
func (d *dict) get(key string) any {
	for i := len(d.keys) - 1; i >= 0; i-- {
		if d.keys[i] == key {
			return d.values[i]
		}
	}
	return nil
}
