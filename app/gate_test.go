package app

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/report"
)

// leaves lists the paths of all figures of a JSON document, with their values;
// NaN is null.
func leaves(v any, path string, out map[string]float64) {
	switch v := v.(type) {
	case nil:
		out[path] = math.NaN()
	case float64:
		out[path] = v
	case map[string]any:
		for name, inner := range v {
			leaves(inner, strings.TrimPrefix(path+"."+name, "."), out)
		}
	case []any:
		for i, inner := range v {
			leaves(inner, path+"."+strconv.Itoa(i), out)
		}
	}
}

// Every figure of a summary can be a condition, by its path: at the top, of
// each stream, of the totals, and inside of an interval.
func TestEveryFieldCanBeACondition(t *testing.T) {
	data, err := os.ReadFile("../report/testdata/summary.json")
	if err != nil {
		t.Fatal(err)
	}
	sum := new(report.Summary)
	var doc map[string]any
	if err := json.Unmarshal(data, sum); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	lookup, err := summaryLookup(sum)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	leaves(doc, "", all)
	for path, v := range all {
		if rest, ok := strings.CutPrefix(path, "total.macro."); ok {
			all[rest] = v
		}
	}
	checked := 0
	for path, want := range all {
		if strings.Contains(path, "identity.") || strings.Contains(path, "sha256") || path == "truth" || strings.HasSuffix(path, ".truth") {
			continue // no measures, or not known as a whole
		}
		conditions, err := parseConditions([]string{path + "<=" + strconv.FormatFloat(want, 'g', -1, 64)})
		if math.IsNaN(want) {
			conditions, err = parseConditions([]string{path + "<1e300"})
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		checked++
		r := conditions[0].Eval(lookup)
		if math.IsNaN(want) {
			if !r.Failed || !strings.Contains(r.Message, "null never passes") {
				t.Errorf("%s is null, and: %+v", path, r)
			}
			continue
		}
		if !r.Failed || !strings.Contains(r.Message, fmt.Sprintf("%.4g", want)) {
			t.Errorf("%s<=%v: %+v", path, want, r)
		}
	}
	if checked < 300 {
		t.Errorf("checked %d fields only", checked)
	}
	t.Logf("%d fields", checked)
}

func TestConditionsOnAnyStream(t *testing.T) {
	sum := report.BlankSummary()
	sum.Streams = append(sum.Streams, sum.Streams[0], sum.Streams[0])
	for i, name := range []string{"a", "b", "c"} {
		sum.Streams[i].Stream = name
		sum.Streams[i].Flips = report.Count(i)
	}
	sum.Streams[0].Coverage, sum.Streams[2].Coverage = 1, 0.5
	f := func(condition string, want ...string) {
		t.Helper()
		lookup, err := summaryLookup(sum)
		if err != nil {
			t.Fatal(err)
		}
		conditions, err := parseConditions([]string{condition})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range evaluate(conditions[0], sum, func(c alerts.Condition) alerts.Result { return c.Eval(lookup) }) {
			if v.Failed {
				got = append(got, v.of+": "+v.Message)
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got %q, want %q", condition, got, want)
		}
	}
	f("streams.*.flips>1", "c: streams.2.flips>1 fails: streams.2.flips is 2")
	f("streams.*.flips>7")
	f("streams.1.flips>0", ": streams.1.flips>0 fails: streams.1.flips is 1")
	f("streams.*.coverage<0.9", "b: streams.1.coverage<0.9: streams.1.coverage is null, and null never passes",
		"c: streams.2.coverage<0.9 fails: streams.2.coverage is 0.5")
	f("streams.5.flips>0", ": streams.5.flips>0: a summary has no field streams.5.flips")
	sum.Streams = nil
	f("streams.*.flips>1", ": streams.*.flips>1: there is no stream, and nothing never passes")
}
