package api

import (
	"net/http"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/web/access"
)

func (s *server) openapi(w http.ResponseWriter, _ *http.Request) { s.answer(w, 200, s.describe()) }

type object = map[string]any

// describe makes the OpenAPI 3.1 document of the table of routes.
func (s *server) describe() object {
	d := describer{schemas: object{}}
	paths := object{}
	for _, r := range s.routes() {
		item, _ := paths[prefix+r.path].(object)
		if item == nil {
			item = object{}
			paths[prefix+r.path] = item
		}
		item[strings.ToLower(r.method)] = d.operation(&r)
	}
	problem := d.schema(reflect.TypeFor[access.ProblemDetails]())
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": "flipmeter", "version": "1", "description": "What flipmeter watch knows, and the few things that may be changed. Times are RFC 3339; a measure that is not known is null."},
		"paths":   paths,
		"components": object{
			"schemas": d.schemas,
			"responses": object{"Problem": object{
				"description": "what is wrong, and what to do",
				"content":     object{"application/problem+json": object{"schema": problem}},
			}},
			"securitySchemes": object{"basic": object{"type": "http", "scheme": "basic"}, "token": object{"type": "http", "scheme": "bearer"}},
		},
		"security": []any{object{"basic": []any{}}, object{"token": []any{}}},
	}
}

type describer struct{ schemas object }

var inPath = regexp.MustCompile(`\{(\w+)\}`)

func (d *describer) operation(r *route) object {
	params := []any{}
	for _, m := range inPath.FindAllStringSubmatch(r.path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range r.query {
		schema := object{"type": p.kind}
		if p.kind == "date-time" {
			schema = object{"type": "string", "format": "date-time"}
		}
		params = append(params, object{"name": p.name, "in": "query", "description": p.doc, "schema": schema})
	}
	success := object{"description": "done"}
	switch {
	case r.answer != nil:
		success["content"] = object{"application/json": object{"schema": d.schema(reflect.TypeOf(r.answer))}}
	case r.media != "":
		success["content"] = object{r.media: object{"schema": object{"type": "string"}}}
	}
	responses := object{strconv.Itoa(r.status): success}
	codes := append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, r.errors...)
	for _, code := range codes {
		responses[strconv.Itoa(code)] = object{"$ref": "#/components/responses/Problem"}
	}
	op := object{
		"operationId": r.id, "summary": r.summary, "parameters": params, "responses": responses,
		"description": "Needs the role " + r.role.String() + ".",
	}
	if r.body != nil {
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": d.schema(reflect.TypeOf(r.body))}}}
	}
	return op
}

// schema describes a Go type as encoding/json writes it. Named structs
// become components.
func (d *describer) schema(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return nullable(d.schema(t.Elem()))
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.Interface:
		return object{}
	case reflect.Struct:
		name := path.Base(t.PkgPath()) + "." + t.Name()
		if d.schemas[name] == nil {
			d.schemas[name] = object{} // a type may hold itself
			props, required := object{}, []string{}
			d.fields(t, props, &required)
			d.schemas[name] = object{"type": "object", "properties": props, "required": required, "additionalProperties": false}
		}
		return object{"$ref": "#/components/schemas/" + name}
	}
	panic("BUG: no schema for " + t.String())
}

func (d *describer) fields(t reflect.Type, props object, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			d.fields(f.Type, props, required)
			continue
		case name == "":
			panic("BUG: " + t.Name() + "." + f.Name + " has no name in JSON")
		}
		props[name] = d.schema(f.Type)
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
	slices.Sort(*required)
}

func nullable(s object) object {
	if kind, ok := s["type"].(string); ok {
		out := object{}
		for k, v := range s {
			out[k] = v
		}
		out["type"] = []any{kind, "null"}
		return out
	}
	return object{"anyOf": []any{s, object{"type": "null"}}}
}
