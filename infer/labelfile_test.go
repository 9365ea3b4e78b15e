package infer

import (
	"slices"
	"strings"
	"testing"
)

func TestParseLabels(t *testing.T) {
	f := func(text string, names, wnids []string) {
		t.Helper()
		l, err := ParseLabels([]byte(text))
		if err != nil || !slices.Equal(l.Names, names) || !slices.Equal(l.WNIDs, wnids) {
			t.Errorf("%q: %q, %q, %v", text, l.Names, l.WNIDs, err)
		}
	}
	two := []string{"tench", "great white shark"}
	ids := []string{"n01440764", "n01484850"}
	f("tench\ngreat white shark\n", two, nil)
	f("\ufefftench\r\ngreat white shark\r\n\r\n\n", two, nil)
	f(" tench \n great white shark", two, nil)
	f("n01440764 tench, Tinca tinca\nn01484850 great white shark, white shark\n", two, ids)
	f(`["tench", "great white shark"]`, two, nil)
	f(` {"1": "great white shark", "0": "tench"} `, two, nil)
	f(`{"0": ["n01440764", "tench"], "1": ["n01484850", "great white shark"]}`, two, ids)
	f("crane\ncrane\n", []string{"crane", "crane"}, nil) // ImageNet has two of them
	f("n0144 x, y\n", []string{"n0144 x, y"}, nil)
}

func TestParseLabelsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "there are none",
		" \n\n":              "there are none",
		"a\n\nb\n":           "line 2 is empty",
		"a\xff\n":            "not UTF-8",
		"[1]":                "cannot unmarshal",
		"[":                  "unexpected end",
		`["a", ""]`:          "class 1 has no name",
		`{"1": "a"}`:         `"1" is no class of 1`,
		`{"00": "a"}`:        `"00" is no class`,
		`{"a": "b"}`:         `"a" is no class`,
		`{"0": ["a", "b"]}`:  "class 0 must be",
		`{"0": 5}`:           "class 0 must be",
		"n01440764 tench\nb": "1 of 2 classes have a WordNet id",
		"n01440764\nb":       "",
	} {
		_, err := ParseLabels([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) || err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := ParseLabels(make([]byte, MaxLabelBytes+1)); err == nil {
		t.Error("a file without end was read")
	}
	if _, err := ParseLabels([]byte(strings.Repeat("a\n", maxLabels+1))); err == nil {
		t.Error("labels without end were read")
	}
}

// FuzzParseLabels: whatever is accepted has a name for each class.
func FuzzParseLabels(f *testing.F) {
	for _, s := range []string{"a\nb\n", `["a"]`, `{"0": ["n01440764", "tench"]}`, "n01440764 tench, x\n", "\ufeff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ParseLabels(data)
		if err != nil {
			return
		}
		if len(l.Names) == 0 || len(l.WNIDs) != 0 && len(l.WNIDs) != len(l.Names) {
			t.Fatalf("%d names, %d ids", len(l.Names), len(l.WNIDs))
		}
		for i, name := range l.Names {
			if strings.TrimSpace(name) == "" || strings.ContainsAny(name, "\n") && !strings.ContainsAny(string(data), "[{") {
				t.Fatalf("class %d is %q", i, name)
			}
		}
	})
}
