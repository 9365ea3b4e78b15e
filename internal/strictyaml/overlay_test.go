package strictyaml

import (
	"errors"
	"strings"
	"testing"
)

type pairOf struct {
	Low  int `yaml:"low" min:"0"`
	High int `yaml:"high"`
}

func (p *pairOf) Validate() error {
	if p.Low > p.High {
		return errors.New("low: must not be above high")
	}
	return nil
}

type itemOf struct {
	Name string `yaml:"name" required:"true"`
	Pair pairOf `yaml:",inline"`
}

func (i *itemOf) Validate() error { return i.Pair.Validate() }

type overlaidFile struct {
	Items []itemOf `yaml:"items" base:"base"`
	Base  pairOf   `yaml:"base"`
	Other pairOf   `yaml:"other"`
}

type overlayFunc func(listsRead bool)

func (f overlayFunc) Apply(listsRead bool) { f(listsRead) }
func (overlayFunc) Judges(p any) bool      { _, is := p.(*pairOf); return is }

func TestOverlayComesBeforeCopiesAndJudgement(t *testing.T) {
	for _, text := range []string{"items: [{name: a}, {name: b, low: 1}]\nbase: {low: 7, high: 2}\nother: {low: 3}", "items: [{name: a}, {name: b, low: 1}]"} {
		var f overlaidFile
		var calls []bool
		err := DecodeOver("f", []byte(text), &f, overlayFunc(func(listsRead bool) {
			calls = append(calls, listsRead)
			if !listsRead {
				f.Base = pairOf{Low: 4, High: 5}
			} else {
				f.Items[0].Pair.High = 9
			}
		}))
		if err != nil || len(calls) != 2 || calls[0] || !calls[1] || f.Items[0].Pair != (pairOf{4, 9}) || f.Items[1].Pair != (pairOf{1, 5}) {
			t.Errorf("%q: calls %v, read %+v, error %v", text, calls, f, err)
		}
	}
	var f overlaidFile
	n := 0
	count := overlayFunc(func(bool) { n++ })
	if err := DecodeOver("f", nil, &f, count); err != nil || n != 2 {
		t.Errorf("an empty file: %d calls, error %v", n, err)
	}
	if err := DecodeOver("f", []byte("a: ["), &f, count); err == nil || n != 2 {
		t.Errorf("no YAML: %d calls, error %v", n, err)
	}
}

func TestSetAndJudge(t *testing.T) {
	i := itemOf{Name: "a", Pair: pairOf{High: 3}}
	if err := Set("LOW", &i, "low", "5"); err != nil || i.Pair.Low != 5 {
		t.Errorf("%v, %+v", err, i)
	}
	if got := Judge("LOW", &i, "items[2]", nil).Error(); got != "LOW: items[2].low: must not be above high" {
		t.Error(got)
	}
	known := make(Problems, 1, 5)
	known[0] = Problem{File: "f", Line: 1, Path: "items[2].low", Message: "x"}
	if got := Judge("LOW", &i, "items[2]", known); len(got) != 0 {
		t.Errorf("%v, which is known", got)
	}
	if got := Set("LOW", &i, "low", "-1").Error(); got != "LOW: must be at least 0, got -1" {
		t.Error(got)
	}
	for _, value := range []string{"", "[", "{a: b}", "&x 1"} {
		if got := Set("LOW", &i, "low", value).Error(); !strings.HasPrefix(got, "LOW: ") || strings.Contains(got, "\n") {
			t.Errorf("%q: %s", value, got)
		}
	}
}

func TestProblemsOfItemsSayTheirLine(t *testing.T) {
	var f overlaidFile
	text := "other: {high: 1}\nitems:\n  - name: a\n    high: 2\n  # two\n  -\n    name: b\n    high: 1\n    low: 2\n  - {name: c,\n     low: 4}\n"
	err := Decode("f", []byte(text), &f)
	if err == nil || err.Error() != "f:9: items[1].low: must not be above high\nf:11: items[2].low: must not be above high" {
		t.Error(err)
	}
}
