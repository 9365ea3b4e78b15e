package labelmap

import (
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

const dogs = `
groups:
  - name: dog
    id: n02084071
    members: [n02085620, terrier, 4]
  - name: animal
    members: [dog, cat, lynx]
  - name: bird
    members: [wren]
ignore: [background]
`

var (
	dogNames = []string{"background", "chihuahua", "terrier", "cat", "poodle", "lynx", "wren", "bird", "tree"}
	dogIDs   = []string{"", "n02085620", "n02087394", "n02121620", "", "", "", "", "n13104059"}
)

func parse(t *testing.T, text string) *Map {
	t.Helper()
	m, err := Parse("map.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBind(t *testing.T) {
	b, err := parse(t, dogs).Bind(dogNames, dogIDs)
	if err != nil {
		t.Fatal(err)
	}
	// The dogs are animals; a class that is called like a group belongs to it.
	if !slices.Equal(b.Names, []string{"animal", "bird", "tree"}) || !slices.Equal(b.To, []int32{-1, 0, 0, 0, 0, 0, 1, 1, 2}) {
		t.Errorf("names %v, to %v", b.Names, b.To)
	}
	if !slices.Equal(b.WNIDs, []string{"", "", "n13104059"}) {
		t.Errorf("ids %q", b.WNIDs)
	}
	out := make([]float32, 3)
	b.Apply([]float32{.3, .1, .05, .2, 0, .05, .05, .15, .1}, out)
	if !slices.Equal(out, []float32{.2, .15, .1}) {
		t.Errorf("largest: %v", out)
	}
	b, err = parse(t, "scores: sum\nunmapped: ignore\n"+dogs).Bind(dogNames, dogIDs)
	if err != nil {
		t.Fatal(err)
	}
	out = make([]float32, 2)
	b.Apply([]float32{.25, .125, 0, .25, 0, 0, .125, .125, .125}, out)
	if !slices.Equal(b.Names, []string{"animal", "bird"}) || !slices.Equal(out, []float32{.375, .25}) {
		t.Errorf("sum: %v %v", b.Names, out)
	}
}

// TestFindIsBind holds what is asked one by one against the whole list.
func TestFindIsBind(t *testing.T) {
	m := parse(t, dogs)
	b, err := m.Bind(dogNames, dogIDs)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range dogNames {
		group, fate, err := m.Find(int32(i), name, dogIDs[i])
		if err != nil {
			t.Fatal(err)
		}
		got := name
		switch fate {
		case Grouped:
			got = m.Group(group)
		case Ignored:
			got = ""
		}
		want := ""
		if to := b.To[i]; to >= 0 {
			want = b.Names[to]
		}
		if got != want {
			t.Errorf("%s becomes %q, want %q", name, got, want)
		}
	}
}

func TestWrongMaps(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "map.yaml:1: groups: there are none"},
		{"groups: []\n", "there are none, and nothing is ignored"},
		{"group: []\n", "map.yaml:1: group: unknown key, did you mean groups?"},
		{"scores: mean\nignore: [a]\n", "map.yaml:1: scores: must be one of max, sum"},
		{"groups:\n  - members: [a]\n", "map.yaml:2: groups[0].name: is missing"},
		{"groups:\n  - name: a\n", `"a" has no members`},
		{"groups:\n  - {name: a, members: [x]}\n  - {name: b, members: [x]}\n", `"x" is in group "a" and in group "b"`},
		{"groups:\n  - {name: a, members: [x]}\nignore: [x]\n", `"x" is in group "a" and in ignore`},
		{"groups:\n  - {name: a, members: [x]}\n  - {name: b, id: a, members: [y]}\n", `"a" is a name of groups[0], too`},
		{"groups:\n  - {name: a, members: [b]}\n  - {name: b, members: [a]}\n", `"a" is a member of itself`},
	} {
		_, err := Parse("map.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"ignore: [terier]\n", `"terier"; did you mean terrier?`},
		{"ignore: [99, 100]\n", `"100" (and 1 more)`},
		{"groups:\n  - {name: a, members: [n99999999]}\n", `no class has the number, name or WordNet id "n99999999"`},
		{"groups:\n  - {name: a, members: [2]}\n  - {name: b, members: [terrier]}\n", `class "terrier" goes to group "a" by "2", and to group "b" by "terrier"`},
		{"unmapped: ignore\nignore: [cat]\n", "every class is ignored"},
	} {
		_, err := parse(t, c.text).Bind(dogNames, dogIDs)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
		}
	}
	if _, err := Load("nowhere.yaml"); err == nil {
		t.Error("a file that isn't there was read")
	}
}

func TestHashIsOfWhatTheMapSays(t *testing.T) {
	a := parse(t, "ignore: [cat]\n")
	if b := parse(t, "# a comment\nscores: max\nignore:\n  - cat\n"); a.Hash() != b.Hash() {
		t.Error("a comment changes the hash")
	}
	if b := parse(t, "scores: sum\nignore: [cat]\n"); a.Hash() == b.Hash() {
		t.Error("the way of scoring doesn't change the hash")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(dogs)
	f.Add("scores: sum\ngroups: [{name: 7, members: [1, 2]}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse("map.yaml", []byte(text))
		if err != nil {
			return
		}
		b, err := m.Bind(dogNames, dogIDs)
		if err != nil {
			return
		}
		out := make([]float32, len(b.Names))
		b.Apply(make([]float32, len(dogNames)), out)
		for _, to := range b.To {
			if to >= int32(len(b.Names)) {
				t.Fatalf("to %v of %v", b.To, b.Names)
			}
		}
	})
}

// A classifier that answers in groups is a classifier like any other.
func TestWrappedClassifier(t *testing.T) {
	infertest.TestClassifier(t, func(t *testing.T) infer.Classifier {
		m := parse(t, "scores: sum\ngroups:\n  - {name: low, members: [0, class 1, class 2]}\n  - {name: high, members: [9, 8]}\n")
		c, err := Wrap(infertest.New(infertest.Config{Sessions: 2}), m)
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
}

func TestWrapAnswersInGroups(t *testing.T) {
	probs := []float32{.3, .1, .05, .2, 0, .05, .05, .15, .1}
	inner := infertest.New(infertest.Config{Labels: dogNames, Script: func(_ *frame.Frame, _ frame.Picture, out []float32) error {
		copy(out, probs)
		return nil
	}})
	if _, err := Wrap(inner, parse(t, "ignore: [cow]\n")); err == nil {
		t.Error("a class that the model lacks was taken")
	}
	c, err := Wrap(inner, parse(t, strings.Replace(dogs, "n02085620", "chihuahua", 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out infer.Prediction
	if err := c.Classify(t.Context(), infertest.Frame(c.Model(), 1), 0, &out); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out.Probs, []float32{.2, .15, .1}) || c.Model().Label(0) != "animal" || c.Model().Name != "scripted" {
		t.Errorf("%v, %q", out.Probs, c.Model().Labels)
	}
	if len(inner.Model().Labels) != len(dogNames) {
		t.Error("the inner model was changed")
	}
}
