package truth

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/infer"
)

// Unknown is the class of a picture of which nothing is said.
const Unknown int32 = -1

// Classes finds a model's classes by what people call them.
type Classes struct {
	model string
	n     int
	names map[string][]int32 // lower case
	ids   map[string]int32
}

// NewClasses indexes a model's labels.
func NewClasses(m *infer.ModelInfo) *Classes {
	c := &Classes{model: m.Name, n: len(m.Labels), names: make(map[string][]int32), ids: make(map[string]int32)}
	for i, l := range m.Labels {
		c.names[plain(l)] = append(c.names[plain(l)], int32(i))
		if i < len(m.WNIDs) && m.WNIDs[i] != "" {
			c.ids[m.WNIDs[i]] = int32(i)
		}
	}
	return c
}

// plain is a name without what people write differently.
func plain(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "_", " "))
}

// Find is the class that is called so: by its label (in any case, _ like a
// space), its WordNet id or its number from 0. A label that two classes share
// (ImageNet has two called crane) is refused: which is meant can't be known.
func (c *Classes) Find(name string) (int32, error) {
	name = strings.TrimSpace(name)
	if i, ok := c.ids[name]; ok {
		return i, nil
	}
	switch found := c.names[plain(name)]; len(found) {
	case 1:
		return found[0], nil
	case 0:
	default:
		return Unknown, fmt.Errorf("%q is the name of %d classes of %s: say which by its number or WordNet id", name, len(found), c.model)
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n >= 0 && n < c.n {
			return int32(n), nil
		}
		return Unknown, fmt.Errorf("class %d is not one of the %d of %s, which are counted from 0", n, c.n, c.model)
	}
	return Unknown, fmt.Errorf("%.100q is no class of %s", name, c.model)
}
