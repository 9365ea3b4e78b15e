package strictyaml

import (
	"reflect"
	"strconv"
	"strings"
)

// durationPattern is what time.ParseDuration reads, and a plain 0.
const durationPattern = `^([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)([0-9.]+(ns|us|µs|ms|s|m|h))*|[+-]?0)$`

const bytesPattern = `^[0-9.]+ *(TiB|GiB|MiB|KiB|TB|GB|MB|KB|kB|B)$`

// Schema is the JSON Schema (draft 2020-12) of what Decode reads into a
// struct of the type of v. What depends on several keys is not in it.
func Schema(v any) map[string]any {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := schemaOf(t, "")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return s
}

func schemaOf(t reflect.Type, tag reflect.StructTag) map[string]any {
	s := map[string]any{}
	if doc := tag.Get("doc"); doc != "" {
		s["description"] = doc
	}
	switch {
	case t == durationType:
		s["type"], s["pattern"] = "string", durationPattern
		return s
	case t == bytesType:
		s["type"], s["pattern"] = "string", bytesPattern
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		s = schemaOf(t.Elem(), tag)
		if kind, ok := s["type"].(string); ok {
			s["type"] = []any{kind, "null"}
		}
	case reflect.Struct:
		// A section may be there without any key.
		s["type"] = []any{"object", "null"}
		s["additionalProperties"] = false
		properties, required := map[string]any{}, []any{}
		for _, f := range fieldsOf(t) {
			properties[f.key] = schemaOf(f.typ, f.tag)
			if f.tag.Get("required") != "" {
				required = append(required, f.key)
			}
		}
		s["properties"] = properties
		if len(required) > 0 {
			s["required"] = required
		}
	case reflect.Slice:
		s["type"] = []any{"array", "null"}
		s["items"] = schemaOf(t.Elem(), withoutDoc(tag))
	case reflect.Map:
		s["type"] = []any{"object", "null"}
		s["additionalProperties"] = schemaOf(t.Elem(), withoutDoc(tag))
	case reflect.Bool:
		s["type"] = "boolean"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		s["type"] = "integer"
		addBounds(s, tag)
	case reflect.Float64:
		s["type"] = "number"
		addBounds(s, tag)
	case reflect.String:
		s["type"] = []any{"string", "number", "boolean"} // texts need no quotes
		if enum := tag.Get("enum"); enum != "" {
			s["type"] = "string"
			var allowed []any
			for _, e := range strings.Split(enum, "|") {
				allowed = append(allowed, e)
			}
			s["enum"] = allowed
		}
	default:
		panic("BUG: strictyaml can't read a " + t.String())
	}
	return s
}

// withoutDoc keeps what holds of the elements, too.
func withoutDoc(tag reflect.StructTag) reflect.StructTag {
	var out strings.Builder
	for _, name := range []string{"min", "max", "above", "enum"} {
		if v, ok := tag.Lookup(name); ok {
			out.WriteString(name + ":" + strconv.Quote(v) + " ")
		}
	}
	return reflect.StructTag(out.String())
}

func addBounds(s map[string]any, tag reflect.StructTag) {
	for name, keyword := range map[string]string{"min": "minimum", "max": "maximum", "above": "exclusiveMinimum"} {
		if limit, ok := tag.Lookup(name); ok {
			s[keyword] = boundOf(limit, reflect.TypeFor[float64]())
		}
	}
}
