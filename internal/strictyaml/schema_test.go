package strictyaml

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The schema and Decode agree about what each alone can tell.
func TestSchemaAgreesWithDecode(t *testing.T) {
	text, err := json.Marshal(Schema(outer{}))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:outer", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("urn:outer")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"{}", "score: 0.5", "score: 2", "score: -1", "scroe: 1", "count: 0", "count: 1", "count: 1.5", "on: true", "on: 1",
		"mode: off", `mode: "off"`, "mode: often", "wait: 1m30s", "wait: .5h", "wait: 400", "wait: 0s", "wait: soon", "wait: 1", "size: 1MiB", "size: 1",
		"rules: [{name: a}]", "rules: [{for: 1s}]", "rules: []", "rules: {}", "counts: {a: 1}", "counts: {a: -1}", "counts: {a: b}",
		"deep: {text: a}", "deep: {text: 1}", "deep: {other: 1}", "deep:", "maybe:", "maybe: {name: a, above: null}", "waits: [1s]", "waits: [1]", "free: true",
	} {
		var v outer
		want := Decode("f.yaml", []byte(text), &v) == nil
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		x, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(x); (err == nil) != want {
			t.Errorf("%q: decode accepts it: %v, the schema says %v", text, want, err)
		}
	}
}
