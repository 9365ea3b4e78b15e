package strictyaml

import (
	"fmt"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EncodeOptions say what Encode writes.
type EncodeOptions struct {
	// Comments writes the doc of each key above it.
	Comments bool
	// Secrets shows the values of secret fields. Without it they are ***,
	// and addresses lose their credentials.
	Secrets bool
}

// mask stands in place of a secret.
const mask = "***"

// Encode writes a struct as YAML that Decode reads back, in the order of its
// declaration.
func Encode(w io.Writer, v any, o EncodeOptions) error {
	e := &encoder{o: o}
	x := reflect.ValueOf(v)
	if x.Kind() == reflect.Pointer {
		x = x.Elem()
	}
	e.section(x, 0, false)
	_, err := io.WriteString(w, e.b.String())
	return err
}

type encoder struct {
	o     EncodeOptions
	b     strings.Builder
	items int // how many list items deep
}

// commentWidth is where the lines of comments end, indentation included.
const commentWidth = 78

// section writes the keys of a struct. Within a list item the first key
// follows the dash on its line.
func (e *encoder) section(v reflect.Value, indent int, item bool) {
	pad := strings.Repeat(" ", indent)
	for i, f := range fieldsOf(v.Type()) {
		first := item && i == 0
		if e.o.Comments && e.items == 0 {
			if i > 0 {
				e.b.WriteByte('\n')
			}
			for _, line := range wrap(f.tag.Get("doc"), commentWidth-indent-2) {
				e.b.WriteString(pad + "# " + line + "\n")
			}
		}
		if !first {
			e.b.WriteString(pad)
		}
		e.b.WriteString(f.key + ":")
		e.value(v.FieldByIndex(f.index), f.tag, indent)
	}
}

// value writes what follows a key, up to the end of its last line.
func (e *encoder) value(v reflect.Value, tag reflect.StructTag, indent int) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			e.b.WriteString("\n")
			return
		}
		e.value(v.Elem(), tag, indent)
	case reflect.Struct:
		e.b.WriteString("\n")
		e.section(v, indent+2, false)
	case reflect.Slice:
		e.list(v, tag, indent)
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		if len(keys) == 0 {
			e.b.WriteString(" {}\n")
			return
		}
		e.b.WriteString("\n")
		for _, k := range keys {
			e.b.WriteString(strings.Repeat(" ", indent+2) + textOf(k.String()) + ":")
			e.value(v.MapIndex(k), tag, indent+2)
		}
	default:
		e.b.WriteString(" " + e.scalar(v, tag) + "\n")
	}
}

func (e *encoder) list(v reflect.Value, tag reflect.StructTag, indent int) {
	if v.Len() == 0 {
		e.b.WriteString(" []\n")
		return
	}
	if v.Type().Elem().Kind() == reflect.Struct {
		e.b.WriteString("\n")
		for i := range v.Len() {
			e.b.WriteString(strings.Repeat(" ", indent+2) + "- ")
			e.items++
			e.section(v.Index(i), indent+4, true)
			e.items--
		}
		return
	}
	items := make([]string, v.Len())
	for i := range items {
		items[i] = e.scalar(v.Index(i), tag)
	}
	e.b.WriteString(" [" + strings.Join(items, ", ") + "]\n")
}

func (e *encoder) scalar(v reflect.Value, tag reflect.StructTag) string {
	switch {
	case v.Type() == durationType:
		return durationText(time.Duration(v.Int()))
	case v.Type() == bytesType:
		return Bytes(v.Int()).String()
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case reflect.String:
		return textOf(e.masked(v.String(), tag.Get("secret")))
	}
	panic("BUG: strictyaml can't write a " + v.Type().String())
}

// masked hides a secret: all of it, or the credentials of addresses.
func (e *encoder) masked(s, secret string) string {
	switch {
	case secret == "" || e.o.Secrets || s == "":
		return s
	case secret != "url":
		return mask
	}
	// What is asked for may be a password as well.
	asked := ""
	if _, rest, ok := strings.Cut(s, "://"); ok {
		if i := strings.IndexAny(rest, "?#"); i >= 0 {
			if strings.Contains(rest[i:], "@") {
				return mask // it may be within a password
			}
			s, asked = s[:len(s)-len(rest)+i], rest[i:i+1]+mask
		}
	}
	parts := strings.Split(s, ",")
	for i, p := range parts {
		if !strings.Contains(p, "@") {
			continue
		}
		u, err := url.Parse(p)
		if err != nil || u.Host == "" || strings.Contains(u.Host, "@") {
			parts[i] = mask
			continue
		}
		parts[i] = u.Scheme + "://" + mask + "@" + u.Host + u.EscapedPath()
	}
	return strings.Join(parts, ",") + asked
}

// durationText is a duration without the zero units that String appends.
func durationText(d time.Duration) string {
	s := d.String()
	if rest, ok := strings.CutSuffix(s, "m0s"); ok {
		s = rest + "m"
	}
	if rest, ok := strings.CutSuffix(s, "h0m"); ok {
		s = rest + "h"
	}
	return s
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z_./][A-Za-z0-9_./-]*$`)
	reserved  = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n|\.inf|\.nan|\.[0-9].*|---|\.\.\.)$`)
)

// textOf writes a text, in quotes where it could be read as something else.
func textOf(s string) string {
	if plainText.MatchString(s) && !reserved.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// wrap breaks a text into lines; a line break in it stays one.
func wrap(text string, width int) []string {
	var out []string
	for _, paragraph := range strings.Split(text, "\n") {
		if strings.HasPrefix(paragraph, " ") { // an example, as it stands
			out = append(out, paragraph)
			continue
		}
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
				out = append(out, line)
				line = ""
			}
			line = strings.TrimPrefix(fmt.Sprintf("%s %s", line, word), " ")
		}
		out = append(out, line)
	}
	return out
}
