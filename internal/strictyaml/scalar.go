package strictyaml

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Bytes is an amount of memory, written with a unit: 256MiB, 64KB, 10B.
type Bytes int64

var byteUnits = []struct {
	name string
	size int64
}{
	// Longer names first, so that MiB is not read as a number and B.
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"kB", 1e3}, {"B", 1},
}

// ParseBytes reads an amount of memory with its unit.
func ParseBytes(text string) (Bytes, error) {
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || math.IsNaN(v) || math.Abs(v*float64(u.size)) >= math.MaxInt64 {
			break
		}
		return Bytes(v * float64(u.size)), nil
	}
	return 0, fmt.Errorf("must be an amount with a unit, as 256MiB, got %q", text)
}

// String writes the amount with the largest unit that divides it.
func (b Bytes) String() string {
	for _, u := range byteUnits {
		if strings.HasSuffix(u.name, "iB") && b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	bytesType    = reflect.TypeFor[Bytes]()
)

// kindWords says in words what a value must be.
func kindWords(t reflect.Type, tag reflect.StructTag) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == durationType:
		return "a duration with a unit, as 400ms or 2m"
	case t == bytesType:
		return "an amount with a unit, as 256MiB"
	case tag.Get("enum") != "":
		return "one of " + strings.ReplaceAll(tag.Get("enum"), "|", ", ")
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	}
	panic("BUG: strictyaml can't read a " + t.String())
}

// quoted shows what stands in the file.
func quoted(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a section with keys"
	case *ast.SequenceNode:
		return "a list"
	default:
		const longest = 60
		text := text(n)
		if len(text) > longest {
			text = strings.ToValidUTF8(text[:longest], "") + "…"
		}
		return strconv.Quote(text)
	}
}

// text is a scalar as it was written, without quotes.
func text(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	if tk := n.GetToken(); tk != nil {
		return tk.Value
	}
	return ""
}

func isText(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return true
	}
	return false
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	wrong := func() { d.problem(line(n), path, "must be %s, got %s", kindWords(v.Type(), tag), quoted(n)) }
	switch n.(type) {
	case *ast.MappingNode, *ast.SequenceNode:
		wrong()
		return
	}
	raw := text(n)
	switch {
	case v.Type() == durationType:
		x, err := time.ParseDuration(raw)
		// "0" is a duration to ParseDuration and fine.
		if err != nil {
			wrong()
			return
		}
		v.SetInt(int64(x))
	case v.Type() == bytesType:
		x, err := ParseBytes(raw)
		if err != nil {
			wrong()
			return
		}
		v.SetInt(int64(x))
	case v.Kind() == reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			wrong()
			return
		}
		v.SetBool(b.Value)
	case v.Kind() == reflect.Int || v.Kind() == reflect.Int64:
		x, err := strconv.ParseInt(raw, 10, 64)
		if err != nil || isText(n) {
			wrong()
			return
		}
		v.SetInt(x)
	case v.Kind() == reflect.Uint64:
		x, err := strconv.ParseUint(raw, 10, 64)
		if err != nil || isText(n) {
			wrong()
			return
		}
		v.SetUint(x)
	case v.Kind() == reflect.Float64:
		x, err := strconv.ParseFloat(raw, 64)
		if err != nil || isText(n) || math.IsNaN(x) || math.IsInf(x, 0) {
			wrong()
			return
		}
		v.SetFloat(x)
	case v.Kind() == reflect.String:
		// A number or a truth value is a fine name, written as it stands.
		v.SetString(raw)
	default:
		panic("BUG: strictyaml can't read a " + v.Type().String())
	}
	d.bounds(n, v, tag, path)
}

// bounds checks the tags of a scalar that was read.
func (d *decoder) bounds(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	if enum := tag.Get("enum"); enum != "" && v.Kind() == reflect.String {
		allowed := strings.Split(enum, "|")
		if slices.Contains(allowed, v.String()) {
			return
		}
		hint := ""
		if near := Nearest(v.String(), allowed); near != "" {
			hint = fmt.Sprintf(", did you mean %s?", near)
		}
		for i, a := range allowed {
			if a == "" {
				allowed[i] = `""`
			}
		}
		d.problem(line(n), path, "must be one of %s, got %s%s", strings.Join(allowed, ", "), quoted(n), hint)
		return
	}
	if v.Kind() == reflect.String {
		return
	}
	for _, b := range []struct {
		name, words string
		ok          func(x, bound float64) bool
	}{
		{"min", "at least", func(x, bound float64) bool { return x >= bound }},
		{"max", "at most", func(x, bound float64) bool { return x <= bound }},
		{"above", "above", func(x, bound float64) bool { return x > bound }},
	} {
		limit, ok := tag.Lookup(b.name)
		if ok && !b.ok(number(v), boundOf(limit, v.Type())) {
			d.problem(line(n), path, "must be %s %s, got %s", b.words, limit, text(n))
		}
	}
}

func number(v reflect.Value) float64 {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		return float64(v.Int())
	case reflect.Uint64:
		return float64(v.Uint())
	case reflect.Float64:
		return v.Float()
	}
	return math.NaN()
}

// boundOf reads a bound from a tag, in the unit of the type.
func boundOf(limit string, t reflect.Type) float64 {
	var (
		x   float64
		err error
	)
	switch t {
	case durationType:
		var d time.Duration
		d, err = time.ParseDuration(limit)
		x = float64(d)
	case bytesType:
		var b Bytes
		b, err = ParseBytes(limit)
		x = float64(b)
	default:
		x, err = strconv.ParseFloat(limit, 64)
	}
	if err != nil {
		panic("BUG: a bound in a tag: " + err.Error())
	}
	return x
}
