package strictyaml

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is a declared key of a struct.
type field struct {
	key   string
	index []int // of the field, through the structs that it lies in
	tag   reflect.StructTag
	typ   reflect.Type
}

// fieldsOf lists the keys of a struct. Those of an inline field are keys of
// the struct itself.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		if key == "" || key == "-" {
			continue
		}
		out = append(out, field{key: key, index: []int{i}, tag: f.Tag, typ: f.Type})
	}
	return out
}

// unknownKey says what a key that doesn't exist was probably meant to be: one
// beside it, one further in, or one of the same name elsewhere.
func (d *decoder) unknownKey(key string, t reflect.Type, path string) string {
	fields := fieldsOf(t)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	if near := Nearest(key, names); near != "" {
		return fmt.Sprintf("unknown key, did you mean %s?", near)
	}
	const here = "unknown key here, did you mean %s?"
	inside := keysOf(t, "")
	if i := slices.IndexFunc(inside, func(p string) bool { return lastOf(p) == key }); i >= 0 {
		return fmt.Sprintf(here, join(path, inside[i]))
	}
	if path != "" { // the whole file has a key that is near to almost anything
		last := make([]string, len(inside))
		for i, p := range inside {
			last[i] = lastOf(p)
		}
		if near := Nearest(key, last); near != "" {
			return fmt.Sprintf(here, join(path, inside[slices.Index(last, near)]))
		}
	}
	for _, p := range keysOf(d.root, "") {
		if lastOf(p) == key && p != join(path, key) {
			return fmt.Sprintf(here, p)
		}
	}
	slices.Sort(names)
	return "unknown key, there are " + strings.Join(names, ", ")
}

func lastOf(path string) string { return path[strings.LastIndex(path, ".")+1:] }

// keysOf lists the paths of all keys of a type, and of what they hold. Of a
// list path[] is an item.
func keysOf(t reflect.Type, path string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if t.Kind() == reflect.Slice {
			path += "[]"
		}
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var out []string
	for _, f := range fieldsOf(t) {
		at := join(path, f.key)
		out = append(append(out, at), keysOf(f.typ, at)...)
	}
	return out
}

// Nearest is the candidate that a mistyped word was probably meant to be, ""
// if none is near: a third of its letters may differ.
func Nearest(word string, candidates []string) string {
	best, distance := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if n := editDistance(strings.ToLower(word), strings.ToLower(c)); n < distance {
			best, distance = c, n
		}
	}
	return best
}

// editDistance is the number of letters to insert, delete, replace, or swap
// with a neighbour (optimal string alignment).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
