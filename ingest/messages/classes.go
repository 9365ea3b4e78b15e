package messages

import (
	"strconv"
	"sync"
)

// Classes numbers the labels of a camera in the order of their coming, up to
// a limit. One goroutine adds; others may ask for names meanwhile.
type Classes struct {
	limit int
	index map[string]int32 // the adding goroutine's

	mu    sync.RWMutex
	names []string
}

// NewClasses knows no label yet, and never more than limit.
func NewClasses(limit int) *Classes { return &Classes{limit: limit, index: map[string]int32{}} }

// Add is the number of a label; false where the limit is reached.
func (c *Classes) Add(name string) (int32, bool) {
	if i, ok := c.index[name]; ok {
		return i, true
	}
	if len(c.index) >= c.limit {
		return 0, false
	}
	i := int32(len(c.index))
	c.index[name] = i
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names = append(c.names, name)
	return i, true
}

// Name is the name of a number.
func (c *Classes) Name(i int32) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if i < 0 || int(i) >= len(c.names) {
		return "class " + strconv.Itoa(int(i))
	}
	return c.names[i]
}
