package strictyaml

import (
	"fmt"
	"reflect"
)

// Overlay puts other words in place of what a file says, such as variables of
// the environment, while it is read.
type Overlay interface {
	// Apply changes what is read into. It is called before the lists are read
	// whose items begin as a copy of another key, so that they begin with what
	// it says of that, and again when everything is read.
	Apply(listsRead bool)
	// Judges is asked, after that, of every section of the file: whether the
	// overlay says itself what is wrong with the struct that p points to as a
	// whole (see Judge), because it changed it.
	Judges(p any) bool
}

// DecodeOver is Decode with other words on some keys. A file that is no YAML
// is not overlaid.
func DecodeOver(file string, data []byte, into any, over Overlay) error {
	return decode(&decoder{file: file, over: over}, data, into)
}

// Set reads one key of the struct that into points to as if value stood
// behind it in a file. What is wrong with the struct as a whole is not told
// (see Judge). Problems call it name, and have no line.
func Set(name string, into any, key, value string) Problems {
	d := &decoder{file: name, single: true}
	v := pointedTo(into)
	d.root = v.Type()
	if body := d.parse([]byte(key + ": " + value + "\n")); body != nil {
		d.value(body, v, "", 0)
	}
	for i := range d.problems {
		if d.problems[i].Path == key { // name says as much
			d.problems[i].Path = ""
		}
	}
	return d.problems
}

// Judge asks the struct that p points to, and that lies at path, what is wrong
// with it as a whole, but for keys that a known problem is about. Problems
// call it name, and have no line.
func Judge(name string, p any, path string, known Problems) Problems {
	d := &decoder{file: name, single: true, problems: known[:len(known):len(known)]}
	d.judge(pointedTo(p), path, 0)
	return d.problems[len(known):]
}

func pointedTo(p any) reflect.Value {
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("BUG: strictyaml reads into a pointer to a struct, not into a %T", p))
	}
	return v.Elem()
}
