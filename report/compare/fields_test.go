package compare

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/history/tables"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/table"
)

// fieldsOf lists the JSON paths of a type in their order. Lists are "name[]";
// types in whole are one path, those in left are left out.
func fieldsOf(t reflect.Type, prefix string, whole, left []reflect.Type) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if slices.Contains(left, t) {
		return nil
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		return fieldsOf(t.Elem(), prefix+"[]", whole, left)
	}
	if t.Kind() != reflect.Struct || slices.Contains(whole, t) {
		return []string{prefix}
	}
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous && !tagged:
			out = append(out, fieldsOf(f.Type, prefix, whole, left)...)
		case !f.IsExported() || name == "-":
		case prefix == "":
			out = append(out, fieldsOf(f.Type, name, whole, left)...)
		default:
			out = append(out, fieldsOf(f.Type, prefix+"."+name, whole, left)...)
		}
	}
	return out
}

// TestEveryFieldIsDocumented holds docs/fields.md against the code: every
// field and column is listed under its heading, in the order of the code, and
// nothing else is.
func TestEveryFieldIsDocumented(t *testing.T) {
	of := func(v any) reflect.Type { return reflect.TypeOf(v) }
	interval, measures := of(report.Interval{}), of(report.Measures{})
	leaf := []reflect.Type{interval, of(report.ExplainedNumber{})}
	columns := func(names []string) []string { return names }
	want := map[string][]string{
		"summary.json":        fieldsOf(of(report.Summary{}), "", append(leaf, of(report.StreamSummary{}), measures), nil),
		"Each stream":         fieldsOf(of(report.StreamSummary{}), "", leaf, []reflect.Type{measures}),
		"The measures":        fieldsOf(measures, "", leaf, nil),
		"Frames":              columns(table.Columns[table.Frame]()),
		"Flips":               columns(table.Columns[table.Flip]()),
		"compare.json":        fieldsOf(of(Result{}), "", append(leaf, of(Comparison{}), of(report.StreamSummary{}), of(report.Total{})), nil),
		"Windows of the past": fieldsOf(of(tables.Window{}), "", nil, nil),
		"Flips of the past":   fieldsOf(of(tables.Flip{}), "", nil, nil),
		"Alerts of the past":  fieldsOf(of(tables.Alert{}), "", nil, nil),
		"A comparison":        fieldsOf(of(Comparison{}), "", append(leaf, of(StreamComparison{})), nil),
	}
	doc, err := os.ReadFile("../../docs/fields.md")
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string][]string)
	section := ""
	row := regexp.MustCompile("^\\| `([^`]+)` \\| (.*) \\|$")
	for line := range strings.Lines(string(doc)) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "## "); ok {
			section = name
		}
		if m := row.FindStringSubmatch(line); m != nil {
			got[section] = append(got[section], m[1])
			if len(m[2]) < 3 {
				t.Errorf("%s: %s has no explanation", section, m[1])
			}
		}
	}
	for section, fields := range want {
		for i, name := range fields {
			if !slices.Contains(got[section], name) {
				t.Errorf("docs/fields.md, %s: %s is not listed (after %s)", section, name, fields[max(0, i-1)])
			}
		}
		for _, name := range got[section] {
			if !slices.Contains(fields, name) {
				t.Errorf("docs/fields.md, %s: there is no %s", section, name)
			}
		}
		if !t.Failed() && !slices.Equal(got[section], fields) {
			t.Errorf("docs/fields.md, %s: the order is not that of the code: want %q", section, fields)
		}
	}
	for section := range got {
		if want[section] == nil {
			t.Errorf("docs/fields.md: the test does not know the section %s", section)
		}
	}
	if n := len(want["The measures"]); n < 60 {
		t.Errorf("found %d measures only", n)
	}
}
