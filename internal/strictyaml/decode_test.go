package strictyaml

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	For   time.Duration `yaml:"for" min:"0s"`
	Name  string        `yaml:"name" required:"true"`
	Above *float64      `yaml:"above"`
}

func (i *inner) Validate() error {
	if i.Name == "bad" {
		return errors.Join(errors.New("name: must not be bad"), errors.New("for: must fit the name"), errors.New("nothing fits"))
	}
	return nil
}

type outer struct {
	Score  float64         `yaml:"score" min:"0" max:"1" doc:"a share"`
	Count  int             `yaml:"count" above:"0"`
	Seed   uint64          `yaml:"seed"`
	On     bool            `yaml:"on"`
	Mode   string          `yaml:"mode" enum:"adaptive|content|off"`
	Wait   time.Duration   `yaml:"wait"`
	Waits  []time.Duration `yaml:"waits" above:"0s"`
	Size   Bytes           `yaml:"size" max:"1GiB"`
	Rules  []inner         `yaml:"rules"`
	Counts map[string]int  `yaml:"counts" min:"0"`
	Deep   struct {
		Text string `yaml:"text"`
		Wait int64  `yaml:"special"`
	} `yaml:"deep"`
	Maybe *inner `yaml:"maybe"`
	Free  string `yaml:"free" secret:"true"`
}

func TestDecode(t *testing.T) {
	half := 0.5
	got := outer{Seed: 7, Free: "kept"}
	err := Decode("f.yaml", []byte(`
# a comment
score: 0.5
count: 3
on: true
mode: "off"
wait: 1m30s
waits: [400ms, 2s]
size: 256MiB
rules:
  - {name: a, for: 0}
  - name: 12
    above: .5
counts: {cat: 1, dog: 2}
deep:
  text: |
    two
    lines
maybe:
`), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := outer{
		Score: 0.5, Count: 3, Seed: 7, On: true, Mode: "off", Wait: 90 * time.Second,
		Waits: []time.Duration{400 * time.Millisecond, 2 * time.Second}, Size: 256 << 20,
		Rules: []inner{{Name: "a"}, {Name: "12", Above: &half}}, Counts: map[string]int{"cat": 1, "dog": 2}, Free: "kept",
	}
	want.Deep.Text = "two\nlines\n"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEmptyFilesLeaveTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n\n", "# nothing\n", "---\n", "---\n# nothing\n", "deep:\n"} {
		got := outer{Count: 3}
		if err := Decode("f.yaml", []byte(text), &got); err != nil || !reflect.DeepEqual(got, outer{Count: 3}) {
			t.Errorf("%q: %v, %+v", text, err, got)
		}
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string][]string{
		"scroe: 1":                        {"f.yaml:1: scroe: unknown key, did you mean score?"},
		"\ncuont: 1\nscore: 2":            {"f.yaml:2: cuont: unknown key, did you mean count?", "f.yaml:3: score: must be at most 1, got 2"},
		"special: 1":                      {"f.yaml:1: special: unknown key here, did you mean deep.special?"},
		"for: 1s":                         {"f.yaml:1: for: unknown key here, did you mean rules[].for?"},
		"deep: {xyzzy: 1}":                {"f.yaml:1: deep.xyzzy: unknown key, there are special, text"},
		"score: 50%":                      {`f.yaml:1: score: must be a number, got "50%"`},
		`score: "0.5"`:                    {`f.yaml:1: score: must be a number, got "0.5"`},
		"score: .nan":                     {`f.yaml:1: score: must be a number, got ".nan"`},
		"score:":                          {"f.yaml:1: score: must be a number, got nothing"},
		"score: [1]":                      {"f.yaml:1: score: must be a number, got a list"},
		"count: 0":                        {"f.yaml:1: count: must be above 0, got 0"},
		"count: 1.5":                      {`f.yaml:1: count: must be a whole number, got "1.5"`},
		"seed: -1":                        {`f.yaml:1: seed: must be a whole number, got "-1"`},
		"on: yes":                         {`f.yaml:1: on: must be true or false, got "yes"`},
		"mode: adaptve":                   {`f.yaml:1: mode: must be one of adaptive, content, off, got "adaptve", did you mean adaptive?`},
		"mode: 7":                         {`f.yaml:1: mode: must be one of adaptive, content, off, got "7"`},
		"wait: 400":                       {`f.yaml:1: wait: must be a duration with a unit, as 400ms or 2m, got "400"`},
		"wait: 2 minutes":                 {`f.yaml:1: wait: must be a duration with a unit, as 400ms or 2m, got "2 minutes"`},
		"waits: 1s":                       {`f.yaml:1: waits: must be a list, as [a, b], got "1s"`},
		"waits: [1s, 0s, x]":              {"f.yaml:1: waits[1]: must be above 0s, got 0s", `f.yaml:1: waits[2]: must be a duration with a unit, as 400ms or 2m, got "x"`},
		"size: 256":                       {`f.yaml:1: size: must be an amount with a unit, as 256MiB, got "256"`},
		"size: 2GiB":                      {"f.yaml:1: size: must be at most 1GiB, got 2GiB"},
		"rules:\n- for: -1s":              {"f.yaml:2: rules[0].for: must be at least 0s, got -1s", "f.yaml:2: rules[0].name: is missing"},
		"rules:\n- name: bad\n  for: 0":   {"f.yaml:2: rules[0].name: must not be bad", "f.yaml:2: rules[0]: nothing fits", "f.yaml:3: rules[0].for: must fit the name"},
		"rules:\n- {name: bad, fro: 1s}":  {"f.yaml:2: rules[0].fro: unknown key, did you mean for?", "f.yaml:2: rules[0].name: must not be bad", "f.yaml:2: rules[0].for: must fit the name"},
		"rules:\n- {name: bad, for: -1s}": {"f.yaml:2: rules[0].for: must be at least 0s, got -1s", "f.yaml:2: rules[0].name: must not be bad"},
		"counts: {a: -1}":                 {"f.yaml:1: counts.a: must be at least 0, got -1"},
		"counts: 1":                       {`f.yaml:1: counts: must be a section with keys, got "1"`},
		"deep: 1":                         {`f.yaml:1: deep: must be a section with keys, got "1"`},
		"[1]":                             {"f.yaml:1: must be a section with keys, got a list"},
		"just text":                       {`f.yaml:1: must be a section with keys, got "just text"`},
		"count: 1\ncount: 2":              {"f.yaml:2: count: is there already, in line 1"},
		"count: 1\n---\ncount: 2":         {"f.yaml:3: a second document: only one is read"},
		"a: &x 1\ncount: 1":               {"f.yaml:1: a: unknown key, there are"},
		"count: &x 1":                     {"f.yaml:1: count: anchors, aliases and tags are not read: write the value out"},
		"count: !!int 1":                  {"f.yaml:1: count: anchors, aliases and tags are not read: write the value out"},
		"score: 0.5\n  count: [":          {"f.yaml:1: not YAML: "},
		"score: 0.5\ncount: [1":           {"f.yaml:2: not YAML: "},
		"\tcount: 1":                      {"f.yaml:1: not YAML: "},
	} {
		var v outer
		err := Decode("f.yaml", []byte(text), &v)
		var problems Problems
		if !errors.As(err, &problems) {
			t.Errorf("%q: error %v", text, err)
			continue
		}
		got := strings.Split(problems.Error(), "\n")
		ok := len(got) == len(want)
		for i := 0; ok && i < len(want); i++ {
			ok = strings.HasPrefix(got[i], want[i])
		}
		if !ok {
			t.Errorf("%q:\ngot  %s\nwant %s", text, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	var v struct {
		A any `yaml:"-"`
		L []struct {
			L []struct{} `yaml:"l"`
		} `yaml:"l"`
	}
	text := "l: " + strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	if err := Decode("f.yaml", []byte(text), &v); err == nil {
		t.Error("accepted")
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]Bytes{"1B": 1, "2KiB": 2048, "1.5 MiB": 3 << 19, "3MB": 3e6, "2kB": 2000, "1TiB": 1 << 40, "0B": 0} {
		got, err := ParseBytes(text)
		if err != nil || got != want {
			t.Errorf("%s is read as %d, %v", text, got, err)
		}
		again, err := ParseBytes(got.String())
		if err != nil || again != got {
			t.Errorf("%d is written as %s, which is %d, %v", got, got, again, err)
		}
	}
	for _, text := range []string{"", "1", "MiB", "1 mib", "NaNB", "99999999TiB", "1e999B"} {
		if _, err := ParseBytes(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"min_score", "windows", "cuts", "for"}
	for word, want := range map[string]string{
		"min_scoer": "min_score", "minscore": "min_score", "Windows": "windows", "window": "windows", "cut": "cuts", "fro": "for",
		"xyz": "", "completely_else": "", "": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"score: 0.5\nrules:\n  - {name: a, for: 1s}\n", "deep: {text: |\n a}", "a: &b *b", "<<: {}", "? a\n: b", "- - - 1", "count: 0x10",
		"size: 1MiB", "'", "\"\\x", "counts: {1: 2, true: 3, ~: 4}", "%YAML 1.2\n---\n", "wait: 9999999h", "maybe: {name: bad}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v outer
		err := Decode("f.yaml", data, &v)
		if err == nil {
			if v.Score < 0 || v.Score > 1 {
				t.Errorf("score %v was accepted", v.Score)
			}
			return
		}
		for _, p := range err.(Problems) {
			if p.Line < 1 || p.Message == "" || strings.ContainsAny(p.Message, "\n") {
				t.Errorf("problem %+v", p)
			}
		}
		_ = fmt.Sprint(err)
	})
}

type zoo struct {
	Defaults keeping  `yaml:"defaults" doc:"Of all animals."`
	Animals  []animal `yaml:"animals" base:"defaults" doc:"One by one."`
}

type animal struct {
	Name string  `yaml:"name" required:"true"`
	Kept keeping `yaml:",inline"`
}

type keeping struct {
	Food  string   `yaml:"food"`
	Meals int      `yaml:"meals" min:"1"`
	Toys  []string `yaml:"toys"`
}

// Items of a list begin as a copy of their base, wherever that stands in the
// file, and share nothing with it.
func TestItemsBeginAsACopyOfTheirBase(t *testing.T) {
	z := zoo{Defaults: keeping{Food: "hay", Meals: 2}}
	err := Decode("zoo.yaml", []byte(`
animals:
  - {name: ape, food: figs, toys: [ball]}
  - {name: cow}
defaults: {meals: 3, toys: [rope]}
`), &z)
	if err != nil {
		t.Fatal(err)
	}
	want := zoo{
		Defaults: keeping{"hay", 3, []string{"rope"}},
		Animals:  []animal{{"ape", keeping{"figs", 3, []string{"ball"}}}, {"cow", keeping{"hay", 3, []string{"rope"}}}},
	}
	if !reflect.DeepEqual(z, want) {
		t.Errorf("got %+v, want %+v", z, want)
	}
	var b strings.Builder
	if err := Encode(&b, &z, EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	var again zoo
	if err := Decode("again.yaml", []byte(b.String()), &again); err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("written and read again: %+v, %v\n%s", again, err, b.String())
	}
	err = Decode("zoo.yaml", []byte("animals:\n  - {name: ape, meals: 0}\n  - {name: cow, fod: x}\n"), &zoo{})
	if err == nil || !strings.Contains(err.Error(), "zoo.yaml:2: animals[0].meals: must be at least 1, got 0") ||
		!strings.Contains(err.Error(), "zoo.yaml:3: animals[1].fod: unknown key, did you mean food?") {
		t.Error(err)
	}
}
