package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/report"
)

// Difference is one field of two identities that is not the same. Values are
// as in summary.json; "" where a field is left out.
type Difference struct {
	Field    string `json:"field"` // dotted: "preprocessing.filter"
	Baseline string `json:"baseline"`
	Run      string `json:"run"`
}

// Identities lists in which fields two identities differ, sorted by name; the
// hash over all of them is left out. Where the thresholds of one of them are
// not known, they differ as a whole.
func Identities(base, run report.Identity) []Difference {
	out := []Difference{}
	if (base.Thresholds == nil) != (run.Thresholds == nil) {
		out = append(out, Difference{thresholds, thresholdWords(base.Thresholds), thresholdWords(run.Thresholds)})
		base.Thresholds, run.Thresholds = nil, nil
	}
	b, r := flatten(base), flatten(run)
	names := slices.Collect(maps.Keys(b))
	for name := range r {
		if _, ok := b[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if b[name] != r[name] {
			out = append(out, Difference{name, b[name], r[name]})
		}
	}
	return out
}

// thresholds is the part of an identity that older runs lack.
const thresholds = "thresholds"

// Unknown says that the field is not known in one of the two, rather than
// different.
func (d *Difference) Unknown() bool { return d.Field == thresholds }

func thresholdWords(t *report.Thresholds) string {
	if t == nil {
		return report.NotKnown
	}
	words := fmt.Sprintf("min_score %v, dwell_min %v ms, glitch_max %v ms, near_cut %v ms, min_scene %v ms", t.MinScore, t.DwellMinMs, t.GlitchMaxMs, t.NearCutMs, t.MinSceneMs)
	if t.Cuts != "" {
		words += ", cuts " + t.Cuts
	}
	return words
}

func flatten(id report.Identity) map[string]string {
	id.SHA256 = ""
	data, err := json.Marshal(id)
	if err != nil {
		panic("BUG: an identity can't be encoded: " + err.Error())
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		panic("BUG: an identity can't be decoded: " + err.Error())
	}
	delete(doc, "sha256")
	out := make(map[string]string)
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(strings.TrimPrefix(prefix+"."+name, "."), inner)
			}
		case []any:
			out[prefix] = strings.Trim(fmt.Sprint(v), "[]")
		case nil: // not known
		default:
			out[prefix] = fmt.Sprint(v)
		}
	}
	walk("", doc)
	return out
}

// Part is the part of an identity that a field belongs to: what
// --allow-identity names.
func (d *Difference) Part() string {
	part, _, _ := strings.Cut(d.Field, ".")
	if part == "model_sha256" {
		return "model"
	}
	return part
}

// Parts are what an identity consists of.
func Parts() []string {
	return []string{"model", "provider", "precision", "preprocessing", "color_matrix", "decoder", "runtime", "smoother", thresholds}
}
