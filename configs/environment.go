package configs

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// environmentPrefix begins the variables that stand for keys.
const environmentPrefix = "FLIPMETER_"

// LoadWith is Load with variables in place of keys: FLIPMETER_WATCH_NATS_URL
// is watch.nats.url, and FLIPMETER_CAMERAS_DOOR_FPS the fps of the camera
// called door, with _ for what is neither a letter nor a digit. What one of
// defaults says holds for the cameras that the file gives nothing else. A
// variable that begins like one of a section and names no key, or keys of two
// cameras, is a problem. Keys that need one another may come from both.
func LoadWith(path string, environ []string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return parseWith(path, data, environ)
}

// parseWith is LoadWith for what was read already.
func parseWith(name string, data []byte, environ []string) (*Config, error) {
	c := Default()
	env := &environment{c: &c, given: slices.Sorted(slices.Values(environ)), read: map[any]bool{}}
	var problems Problems
	errors.As(strictyaml.DecodeOver(name, data, &c, env), &problems) // it gives no other error
	if env.applied {
		problems = append(problems, env.judge(problems)...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return &c, nil
}

// environment are variables while a file is read. It implements
// strictyaml.Overlay.
type environment struct {
	c        *Config
	given    []string // name=value
	problems Problems
	changed  []changed
	read     map[any]bool // sections of the file
	applied  bool
}

// changed is a struct of which variables changed keys.
type changed struct {
	p     any // points to it
	path  string
	names []string // of the variables
	outer []place  // what it lies in
	wrong bool     // one of them could not be set
}

// place is a struct and where it lies.
type place struct {
	v    reflect.Value
	path string
}

// Apply sets the keys of defaults before the cameras are read, and all others
// when the cameras are known.
func (e *environment) Apply(listsRead bool) {
	e.applied = true
	keys := map[string][]variable{}
	collect(place{v: reflect.ValueOf(e.c).Elem()}, nil, strings.TrimSuffix(environmentPrefix, "_"), keys)
	for _, pair := range e.given {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, environmentPrefix+"DEFAULTS_") == listsRead {
			continue
		}
		switch of := keys[name]; {
		case len(of) == 1:
			e.set(of[0], name, value)
		case len(of) > 1:
			e.problem(name, "stands for %s.%s and for %s.%s: give one of the cameras another name", of[0].owner.path, of[0].key, of[1].owner.path, of[1].key)
		case ofSection(name):
			names := make([]string, 0, len(keys))
			for known := range keys {
				names = append(names, known)
			}
			slices.Sort(names)
			hint := ""
			if near := strictyaml.Nearest(name, names); near != "" {
				hint = ", did you mean " + near + "?"
			}
			e.problem(name, "stands for no key%s", hint)
		}
	}
}

func (e *environment) problem(name, format string, args ...any) {
	e.problems = append(e.problems, strictyaml.Problem{File: name, Message: fmt.Sprintf(format, args...)})
}

// set reads a value as if it stood in a file.
func (e *environment) set(k variable, name, value string) {
	if k.text {
		value = strconv.Quote(value)
	} else if strings.ContainsAny(value, "\n\r") {
		e.problem(name, "must be one line")
		return
	}
	p := k.owner.v.Addr().Interface()
	wrong := strictyaml.Set(name, p, k.key, value)
	e.problems = append(e.problems, wrong...)
	i := slices.IndexFunc(e.changed, func(c changed) bool { return c.p == p })
	if i < 0 {
		i = len(e.changed)
		e.changed = append(e.changed, changed{p: p, path: k.owner.path, outer: k.outer})
	}
	e.changed[i].names = append(e.changed[i].names, name)
	e.changed[i].wrong = e.changed[i].wrong || len(wrong) > 0
}

// Judges says whether variables changed the struct.
func (e *environment) Judges(p any) bool {
	e.read[p] = true
	return e.has(p)
}

func (e *environment) has(p any) bool {
	return slices.ContainsFunc(e.changed, func(c changed) bool { return c.p == p })
}

// judge says what is wrong with variables, and, under their names, with the
// structs that they changed as a whole. Problems of the file are known.
func (e *environment) judge(known Problems) Problems {
	told := slices.Clone(e.problems)
	for _, c := range e.changed {
		if c.wrong { // it would be judged by what it was before
			continue
		}
		ask := func(p any, path string) {
			told = append(told, strictyaml.Judge(strings.Join(c.names, ", "), p, path, slices.Concat(known, told))...)
		}
		ask(c.p, c.path)
		for _, o := range c.outer {
			// What the file doesn't have, nobody has asked yet.
			if p := o.v.Addr().Interface(); o.path != "" && !e.read[p] && !e.has(p) {
				e.read[p] = true
				ask(p, o.path)
			}
		}
	}
	return told
}

func ofSection(name string) bool {
	for _, section := range []string{"ANALYZE_", "WATCH_", "DEFAULTS_", "CAMERAS_"} {
		if strings.HasPrefix(name, environmentPrefix+section) {
			return true
		}
	}
	return false
}

// variable is the key that a variable stands for.
type variable struct {
	owner place   // the struct that has the key
	outer []place // what it lies in, from the inside
	key   string
	text  bool // its value is a text
}

// collect notes the variables of all keys of a struct.
func collect(owner place, outer []place, prefix string, into map[string][]variable) {
	collectOf(owner.v, owner, outer, prefix, into)
}

// collectOf is collect for keys that owner has inline, in v.
func collectOf(v reflect.Value, owner place, outer []place, prefix string, into map[string][]variable) {
	within := append([]place{owner}, outer...)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			collectOf(v.Field(i), owner, outer, prefix, into)
			continue
		}
		name, path := prefix+"_"+variableName(key), strings.TrimPrefix(owner.path+"."+key, ".")
		switch kind := f.Type.Kind(); {
		case kind == reflect.Struct:
			collect(place{v.Field(i), path}, within, name, into)
		case f.Type == reflect.TypeFor[[]Camera]():
			for j := range v.Field(i).Len() {
				cam := v.Field(i).Index(j)
				called := cam.FieldByName("Name").String()
				collect(place{cam, fmt.Sprintf("%s[%d]", path, j)}, within, name+"_"+variableName(called), into)
			}
		case kind == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			// Rules are too large for a variable.
		case key == "name" && owner.v.Type() == reflect.TypeFor[Camera]():
			// What a camera is called, its variables are called by.
		default:
			into[name] = append(into[name], variable{owner: owner, outer: outer, key: key, text: kind == reflect.String})
		}
	}
}

func variableName(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
}
