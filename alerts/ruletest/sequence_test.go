package ruletest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/stability"
)

func show(frames []frame) string {
	var out []string
	for _, f := range frames {
		s := f.label
		if f.repeat {
			s = "="
		}
		if f.brk != stability.ReasonNone {
			s = "/" + f.brk.String() + "/" + s
		}
		if f.score >= 0 {
			s += fmt.Sprintf("@%v", f.score)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestParseSequence(t *testing.T) {
	for text, want := range map[string]string{
		"cat":                         "cat",
		" cat*3\n dog ":               "cat cat cat dog",
		"cat@0.3*2 dog*1@1":           "cat@0.3 cat@0.3 dog@1",
		"(a b)*2 c":                   "a b a b c",
		"(a b@0.5)@0.2":               "a@0.2 b@0.5",
		"((a)*2 b)*2":                 "a a b a a b",
		"a !gap b":                    "a /gap/b",
		"a !cut (b c)*2":              "a /cut/b c b c",
		"(a !gap b)*2":                "a /gap/b a /gap/b",
		"a !repeat*2 b":               "a = = b",
		"a!gap b":                     "error",
		"!gap a":                      "/gap/a",
		"größe_1-x *3":                "error",
		"":                            "error",
		"()":                          "error",
		"(a":                          "error",
		"a)":                          "error",
		"a*0":                         "error",
		"a*x":                         "error",
		"a*2*3":                       "error",
		"a@2":                         "error",
		"a@":                          "error",
		"a !gap":                      "error",
		"a !gap !cut b":               "error",
		"a !gap !repeat b":            "error",
		"a !oops b":                   "error",
		"!repeat a":                   "error",
		"a !repeat@0.5":               "error",
		"(a*1000)*1000*1000":          "error",
		"((a*1024)*1024)*2":           "error",
		"a*1048576 b":                 "error",
		strings.Repeat("(", 99) + "a": "error",
		strings.Repeat("(", 16) + "a" + strings.Repeat(")", 16): "a",
	} {
		frames, err := parseSequence(text)
		got := show(frames)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s (%v), want %s", text, got, err, want)
		}
	}
}

func FuzzParseSequence(f *testing.F) {
	for _, s := range []string{"cat*30 dog cat dog*2", "(a b@0.5)*3 !gap c !repeat*2", "((((", "a*@", "!cut (x)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		frames, err := parseSequence(text)
		if err != nil {
			return
		}
		if len(frames) == 0 || len(frames) > 2*maxFrames {
			t.Errorf("%d frames", len(frames))
		}
		for _, f := range frames {
			if f.label == "" && !f.repeat {
				t.Fatal("a frame without a label")
			}
		}
	})
}
