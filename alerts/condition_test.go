package alerts

import (
	"math"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/stability"
)

const summaryText = `{
	"flip_fraction": {"value": 0.0612, "low": 0.048, "high": 0.074},
	"decided": {"share": 0.5, "flip_fraction": {"value": null, "low": null, "high": null}},
	"kinds": {"glitch": 3}, "mac": null, "truth": null, "complete": true, "source": {"name": "a"},
	"by_change": [{"flip_fraction": 0.25}],
	"delta": {"unexplained_fraction": {"value": 0.01, "low": -0.01, "high": 0.03}, "decided": {"flip_fraction": {"value": 1, "low": 1, "high": 1}}}
}`

func lookup(t testing.TB) Lookup {
	t.Helper()
	l, err := LookupJSON([]byte(summaryText))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestConditionEval(t *testing.T) {
	for _, c := range []struct {
		text    string
		failed  bool
		message string // part of it
	}{
		{"flip_fraction>0.05", true, "flip_fraction is 0.0612 (95 % interval 0.048 to 0.074)"},
		{"flip_fraction>0.07", false, "passes"},
		{" flip_fraction >= 0.0612 ", true, "fails"},
		{"flip_fraction<=0.0612", true, ""},
		{"flip_fraction<0.0612", false, ""},
		{"flip_fraction.low>0.05", false, "flip_fraction.low is 0.048"},
		{"flip_fraction.low>0.04", true, ""},
		{"flip_fraction.high>0.07", true, "0.074"},
		{"flip_fraction.value>0.05", true, ""},
		{"kinds.glitch>2", true, "kinds.glitch is 3"},
		{"kinds.glitch>3e0", false, ""},
		{"delta.unexplained_fraction.low>0", false, "-0.01"},
		{"delta.decided.flip_fraction>-1", true, ""},
		{"by_change.0.flip_fraction<.5", true, "0.25"},
		{"mac>1000", true, "null never passes"},
		{"mac<0", true, "null never passes"},
		{"decided.flip_fraction>0", true, "null never passes"},
		{"decided.flip_fraction.low>0", true, "null never passes"},
		{"mac.low>0", true, "null never passes"},
		{"truth.kinds_recall.glitch>0", true, "null never passes"},
		{"nothing>0", true, "no field nothing"},
		{"kinds>0", true, "no field kinds"},
		{"source.name>0", true, "no field source.name"},
		{"complete<1", true, "no field complete"},
		{"by_change.1.flip_fraction<.5", true, "no field"},
	} {
		cond, err := ParseCondition(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		got := cond.Eval(lookup(t))
		if got.Failed != c.failed || !strings.Contains(got.Message, c.message) || strings.ContainsRune(got.Message, '\n') {
			t.Errorf("%q: failed %v, %q; want %v, %q", c.text, got.Failed, got.Message, c.failed, c.message)
		}
		if exists, err := !strings.Contains(got.Message, "no field"), cond.Check(lookup(t)); exists != (err == nil) {
			t.Errorf("%q: check says %v", c.text, err)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "want a field",
		">0.05":                "want a field",
		"flip_fraction":        "operator",
		"flip_fraction 0.05":   "operator",
		"flip_fraction>":       "number",
		"flip_fraction>five":   "number",
		"flip_fraction>0.05%":  "number",
		"flip_fraction>1 2":    "number",
		"flip_fraction==0.05":  "must be one of",
		"flip_fraction!=0.05":  "must be one of",
		"flip_fraction=>0.05":  "must be one of",
		"flip_fraction>=>0.05": "number",
		"flip_fraction>nan":    "finite",
		"flip_fraction>1e999":  "finite",
		"flip_fraction>-Inf":   "finite",
		"Flip>1":               "want a field",
		".a>1":                 "want a field",
		"a..b>1":               "want a field",
		"a.>1":                 "want a field",
		"flip\nfraction>1":     "",
	} {
		_, err := ParseCondition(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%q: error %v, want one line with %q", text, err, want)
		}
	}
}

func FuzzParseCondition(f *testing.F) {
	for _, s := range []string{"flip_fraction>0.05", "a.b.low<=1e-3", "x>=", "mac<nan", "a>0x1p-2", "\xff>1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCondition(text)
		if err != nil {
			return
		}
		again, err := ParseCondition(c.String())
		if err != nil || again != c {
			t.Fatalf("%q is read as %v, which is read as %v, %v", text, c, again, err)
		}
		value := c.Bound + 1
		got := c.Eval(func(string) (stability.Interval, bool) {
			return stability.Interval{Value: value, Low: value, High: value}, true
		})
		if math.Abs(c.Bound) < 1e15 && got.Failed != (c.Op[0] == '>') {
			t.Fatalf("%v of %v: %+v", c, value, got)
		}
	})
}
