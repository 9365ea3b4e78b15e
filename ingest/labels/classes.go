package labels

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxNames bounds the number of different labels of a run: beyond it, a
// column was taken for labels that holds something else.
const maxNames = 1 << 20

// Classes are the labels of a run: which number has which name. All files of
// a run share one, so that a label means the same everywhere: either every
// file numbers its classes (label_index, with names or without), or none
// does and names are numbered in the order of their coming.
//
// Files may be read side by side, each by one goroutine, if their Config.Turn
// says whose turn it is: then numbers are those of reading one after the other.
type Classes struct {
	mu    sync.RWMutex
	names map[int32]string
	index map[string]int32
	wnids map[string]int32 // of a closed list
	ids   []string         // of a closed list, by number
	count int32            // of a closed list: numbers from 0 to count−1 exist

	way   naming
	where string // the file that decided way
}

type naming uint8

const (
	wayUnknown naming = iota
	wayNames
	wayNumbers
	wayClosed
)

// NewClasses knows no label yet.
func NewClasses() *Classes {
	return &Classes{names: make(map[int32]string), index: make(map[string]int32)}
}

// ClosedClasses is the list of all labels in the order of their numbers,
// with their WordNet ids or nil. A label that is not in it is an error.
func ClosedClasses(names, wnids []string) (*Classes, error) {
	c := NewClasses()
	c.way, c.count, c.wnids, c.ids = wayClosed, int32(len(names)), make(map[string]int32, len(wnids)), wnids
	for i, name := range names {
		c.names[int32(i)] = name
		if _, twice := c.index[name]; !twice { // ImageNet has two cranes: by name the first
			c.index[name] = int32(i)
		}
	}
	for i, id := range wnids {
		if id != "" {
			c.wnids[id] = int32(i)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the list of labels is empty")
	}
	return c, nil
}

// Name is the name of a class. Safe for concurrent use.
func (c *Classes) Name(index int32) string {
	c.mu.RLock()
	name, ok := c.names[index]
	c.mu.RUnlock()
	if ok {
		return name
	}
	if index < 0 {
		return "none"
	}
	return "class " + strconv.Itoa(int(index))
}

// WNID is the WordNet id of a class, "" where it isn't known: a label that
// has the form of one is one.
func (c *Classes) WNID(index int32) string {
	if index >= 0 && int(index) < len(c.ids) {
		return c.ids[index]
	}
	if name := c.Name(index); IsWordNetID(name) {
		return name
	}
	return ""
}

// Count is the number of all classes where that is known, else 0.
func (c *Classes) Count() int { return int(c.count) }

// Find is the number of a label by its name or WordNet id.
func (c *Classes) Find(name string) (int32, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if i, ok := c.index[name]; ok {
		return i, true
	}
	i, ok := c.wnids[name]
	return i, ok
}

// take says that a file numbers its classes, or doesn't.
func (c *Classes) take(indexed bool, file string) error {
	way := wayNames
	if indexed {
		way = wayNumbers
	}
	switch c.way {
	case wayUnknown:
		c.way, c.where = way, file
	case way, wayClosed:
	case wayNumbers:
		return fmt.Errorf("classes are given by name here, and by number in %s: give label_index in both, or the names of all classes with --labels", c.where)
	case wayNames:
		return fmt.Errorf("classes are given by number here, and by name in %s: give label_index in both, or the names of all classes with --labels", c.where)
	}
	return nil
}

// Intern is the number of a name: in an open list of names a new one if need
// be; ok is false where the name has none.
func (c *Classes) Intern(name string) (index int32, ok bool) {
	if c.way == wayNames {
		i, err := c.named([]byte(name), nil)
		return i, err == nil
	}
	return c.Find(name)
}

// labelOfName is the number of a label that is given by name; alias is asked
// where a closed list has none.
func (cfg *Config) labelOfName(name []byte) (int32, error) {
	c := cfg.Classes
	if cfg.sets != nil && !c.lists(name) {
		one := *cfg
		one.sets = nil
		if label, ok, err := cfg.sets.read(name, one.labelOfName); ok {
			return label, err
		}
	}
	if cfg.alias != nil {
		// What a label map calls a group need not be in the list.
		if _, ok := c.Find(string(name)); !ok && c.way == wayClosed {
			if i, err := cfg.alias(name); err != nil || i < 0 {
				return i, err
			}
		}
	}
	return c.named(name, cfg.Turn)
}

// lists says whether a closed list has a label of that name.
func (c *Classes) lists(name []byte) bool {
	if c.way != wayClosed {
		return false
	}
	_, ok := c.Find(string(name))
	return ok
}

// named is the number of a label that is given by name.
func (c *Classes) named(name []byte, turn func() error) (int32, error) {
	if i, ok := c.indexOf(name); ok {
		return i, nil
	}
	if c.way == wayClosed {
		if i, ok := c.wnids[string(name)]; ok {
			return i, nil
		}
		return 0, fmt.Errorf("label %s is not in the list of labels", quote(name))
	}
	if err := checkName(name); err != nil {
		return 0, err
	}
	if turn != nil {
		if err := turn(); err != nil {
			return 0, err
		}
		if i, ok := c.indexOf(name); ok { // a file before this one has it, too
			return i, nil
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.index) >= maxNames {
		return 0, fmt.Errorf("more than %d different labels: is that a column of labels?", maxNames)
	}
	i := int32(len(c.index))
	c.names[i], c.index[string(name)] = string(name), i
	return i, nil
}

func (c *Classes) indexOf(name []byte) (int32, bool) {
	c.mu.RLock()
	i, ok := c.index[string(name)]
	c.mu.RUnlock()
	return i, ok
}

// numbered checks a class that is given by number, and learns its name where
// one is given, too.
func (c *Classes) numbered(index int32, name []byte, turn func() error) error {
	if c.way == wayClosed && index >= c.count {
		return fmt.Errorf("class %d is not in the list of labels, which ends with %d", index, c.count-1)
	}
	if len(name) == 0 {
		return nil
	}
	if known, err := c.agrees(index, name); known || err != nil {
		return err
	}
	if turn != nil {
		if err := turn(); err != nil {
			return err
		}
		if known, err := c.agrees(index, name); known || err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i, twice := c.index[string(name)]; twice {
		return fmt.Errorf("label %s has the number %d, and had %d before", quote(name), index, i)
	}
	if err := checkName(name); err != nil {
		return err
	}
	if len(c.names) >= maxNames {
		return fmt.Errorf("more than %d different labels: is that a column of labels?", maxNames)
	}
	c.names[index], c.index[string(name)] = string(name), index
	return nil
}

// agrees holds a class's name against the one that is known, if one is.
func (c *Classes) agrees(index int32, name []byte) (known bool, err error) {
	c.mu.RLock()
	was, ok := c.names[index]
	c.mu.RUnlock()
	if !ok || was == string(name) {
		return ok, nil
	}
	if i, isID := c.wnids[string(name)]; isID && i == index {
		return true, nil
	}
	return true, fmt.Errorf("class %d is called %s, and was called %s before", index, quote(name), quote([]byte(was)))
}

func checkName(name []byte) error {
	const longest = 1024
	switch {
	case !utf8.Valid(name):
		return fmt.Errorf("label %s is not UTF-8: save the file as UTF-8", quote(name))
	case len(name) > longest:
		return fmt.Errorf("label %s has %d bytes: is that a column of labels?", quote(name), len(name))
	case strings.ContainsAny(string(name), "\x00\n\r"):
		return fmt.Errorf("label %s holds control characters: is that a text file?", quote(name))
	}
	return nil
}

// validProb is a probability; a rounding error above 1 is forgiven.
func validProb(p float64) bool { return p >= 0 && p <= 1+1e-3 && !math.IsNaN(p) }
