package configs

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// environmentPrefix begins the variables that stand for keys.
const environmentPrefix = "FLIPMETER_"

// ApplyEnvironment puts variables in place of keys: FLIPMETER_WATCH_NATS_URL
// is watch.nats.url, and FLIPMETER_CAMERAS_DOOR_FPS the fps of the camera
// called door, with _ for what is neither a letter nor a digit. A variable
// that begins like one of a section and names no key is a problem.
func (c *Config) ApplyEnvironment(environ []string) error {
	keys := map[string]variable{}
	v := reflect.ValueOf(c).Elem()
	collect(v, strings.TrimSuffix(environmentPrefix, "_"), "", keys)
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	var errs []error
	sorted := slices.Clone(environ)
	slices.Sort(sorted)
	for _, pair := range sorted {
		name, value, _ := strings.Cut(pair, "=")
		if key, ok := keys[name]; ok {
			if err := key.set(name, value); err != nil {
				errs = append(errs, err)
			}
			continue
		}
		if ofSection(name) {
			hint := ""
			if near := strictyaml.Nearest(name, names); near != "" {
				hint = ", did you mean " + near + "?"
			}
			errs = append(errs, fmt.Errorf("%s: stands for no key%s", name, hint))
		}
	}
	return errors.Join(errs...)
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
	owner reflect.Value // the struct that has the key
	key   string
	text  bool   // its value is a text
	extra string // a line that the struct can't be read without
}

// set reads the value as if it stood in a file.
func (k variable) set(name, value string) error {
	if k.text {
		value = strconv.Quote(value)
	} else if strings.ContainsAny(value, "\n\r") {
		return fmt.Errorf("%s: must be one line", name)
	}
	return strictyaml.Decode(name, []byte(k.extra+k.key+": "+value+"\n"), k.owner.Addr().Interface())
}

// collect notes the variables of all keys of a struct.
func collect(v reflect.Value, prefix, extra string, into map[string]variable) {
	collectOf(v, v, prefix, extra, into)
}

// collectOf is collect for keys that owner has inline.
func collectOf(v, owner reflect.Value, prefix, extra string, into map[string]variable) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			collectOf(v.Field(i), owner, prefix, extra, into)
			continue
		}
		name := prefix + "_" + variableName(key)
		switch kind := f.Type.Kind(); {
		case kind == reflect.Struct:
			collect(v.Field(i), name, "", into)
		case f.Type == reflect.TypeFor[[]Camera]():
			for j := range v.Field(i).Len() {
				cam := v.Field(i).Index(j)
				called := cam.FieldByName("Name").String()
				collect(cam, name+"_"+variableName(called), "name: "+strconv.Quote(called)+"\n", into)
			}
		case kind == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			// Rules are too large for a variable.
		case key != "name" || extra == "":
			into[name] = variable{owner: owner, key: key, text: kind == reflect.String, extra: extra}
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
