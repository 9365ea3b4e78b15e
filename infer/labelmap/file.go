package labelmap

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// file is a label map as it is written down.
type file struct {
	Scores   string   `yaml:"scores" json:"scores" enum:"max|sum" doc:"Score of a group: the largest of its members' (max), or their sum. A sum needs the probabilities of all classes."`
	Unmapped string   `yaml:"unmapped" json:"unmapped" enum:"keep|ignore" doc:"Classes in no group: kept as they are (keep), or ignored."`
	Groups   []group  `yaml:"groups" json:"groups" doc:"Classes that become one label."`
	Ignore   []string `yaml:"ignore" json:"ignore" doc:"Classes that give way to the next-ranked one."`
}

// group is a label with the classes that it is made of.
type group struct {
	Name    string   `yaml:"name" json:"name" required:"true" doc:"Label of the group. A class of the same name belongs to it."`
	ID      string   `yaml:"id" json:"id" doc:"Another name of the group, as truth may use: a WordNet id, say."`
	Members []string `yaml:"members" json:"members" doc:"Classes by number, name or WordNet id; the name of another group stands for all of its members."`
}

// Map says which classes belong together.
type Map struct {
	sum, dropRest bool
	groups        []group
	root          []int          // the group that a group belongs to in the end
	target        map[string]int // by name, id or number as text: group, or ignored
	hash          string
}

// ignored is the target of classes that give way.
const ignored = -1

// Load reads a label map from a file.
func Load(path string) (*Map, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read label map: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a label map. The error tells everything that is wrong with it,
// one line a problem, with the file's name and the line.
func Parse(name string, data []byte) (*Map, error) {
	f := file{Scores: "max", Unmapped: "keep"}
	if err := strictyaml.Decode(name, data, &f); err != nil {
		return nil, err
	}
	if err := f.Validate(); err != nil { // an empty file is not asked
		return nil, fmt.Errorf("%s:1: %w", name, err)
	}
	m := &Map{sum: f.Scores == "sum", dropRest: f.Unmapped == "ignore", groups: f.Groups, target: map[string]int{}}
	m.resolve(f.Ignore)
	canonical, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("label map %s: %w", name, err)
	}
	sum := sha256.Sum256(canonical)
	m.hash = hex.EncodeToString(sum[:])
	return m, nil
}

// Validate checks the file as a whole.
func (f *file) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(len(f.Groups)+len(f.Ignore) > 0, "groups: there are none, and nothing is ignored: the map does nothing")
	called := map[string]int{}
	for i, g := range f.Groups {
		for _, name := range []string{g.Name, g.ID} {
			if first, twice := called[name]; twice && name != "" {
				check(false, "groups[%d]: %q is a name of groups[%d], too", i, name, first)
			}
			called[name] = i
		}
	}
	where := map[string]string{}
	claim := func(member, by string) {
		if first, twice := where[member]; twice && first != by {
			check(false, "groups: %q is in %s and in %s", member, first, by)
		}
		where[member] = by
	}
	for i, g := range f.Groups {
		check(len(g.Members) > 0, "groups[%d]: %q has no members", i, g.Name)
		for _, member := range g.Members {
			check(member != "", "groups[%d]: a member is an empty text", i)
			claim(member, fmt.Sprintf("group %q", g.Name))
		}
	}
	for _, member := range f.Ignore {
		claim(member, "ignore")
	}
	check(f.cycle() == "", "groups: %q is a member of itself", f.cycle())
	return errors.Join(errs...)
}

// cycle is a group that holds itself by way of others, "" if there is none.
func (f *file) cycle() string {
	parent := f.parents()
	for i, g := range f.Groups {
		at := i
		for range f.Groups {
			if at = parent[at]; at < 0 {
				break
			}
		}
		if at >= 0 {
			return g.Name
		}
	}
	return ""
}

// parents gives for each group the group that it is a member of, or -1.
func (f *file) parents() []int {
	named := map[string]int{}
	for i, g := range f.Groups {
		named[g.Name] = i
		if g.ID != "" {
			named[g.ID] = i
		}
	}
	parent := make([]int, len(f.Groups))
	for i := range parent {
		parent[i] = -1
	}
	for i, g := range f.Groups {
		for _, member := range g.Members {
			if child, ok := named[member]; ok && child != i {
				parent[child] = i
			}
		}
	}
	return parent
}

// resolve finds out the last group of every group and member.
func (m *Map) resolve(ignore []string) {
	parent := (&file{Groups: m.groups}).parents()
	for i := range m.groups {
		root := i
		for parent[root] >= 0 {
			root = parent[root]
		}
		m.root = append(m.root, root)
	}
	for i, g := range m.groups {
		for _, member := range g.Members {
			m.target[member] = m.root[i]
		}
	}
	for i, g := range m.groups {
		m.target[g.Name] = m.root[i]
		if g.ID != "" {
			m.target[g.ID] = m.root[i]
		}
	}
	for _, member := range ignore {
		m.target[member] = ignored
	}
}

// Hash is the SHA-256 of what the map says, in hex: part of a result's
// identity.
func (m *Map) Hash() string { return m.hash }

// Sums says whether a group's score is the sum of its members'.
func (m *Map) Sums() bool { return m.sum }

// Group is the name of a group by its number.
func (m *Map) Group(i int) string { return m.groups[i].Name }

// Groups are the numbers of the groups that can be an answer: those that
// belong to no other, in the order of the file.
func (m *Map) Groups() []int {
	var out []int
	for i, root := range m.root {
		if root == i {
			out = append(out, i)
		}
	}
	return out
}
