package messages

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Expr says where in a message a value is. The zero value is nowhere.
//
//	payload        the whole payload as a text
//	topic:2        the second level of the topic, the first being 1
//	after.label    a value in JSON: keys, joined by dots
//	objects[0].id  an element of a list, the first being 0
//	["odd.key"].x  a key that holds a dot, a bracket or the like
//	|5             the sixth part of a text that is divided by |
//	$.sensor.id    from the top of the payload, where each chose an element
//
// This is the part of JSONPath that names one value, and the division of
// texts that NVIDIA's minimal schema needs.
type Expr struct {
	text  string
	topic int  // level, 0: not the topic
	whole bool // payload
	top   bool // from the top of the payload
	steps []step
}

type stepKind uint8

const (
	stepKey stepKind = iota
	stepIndex
	stepPart
)

type step struct {
	kind stepKind
	key  string
	n    int
}

const (
	maxExpr  = 256 // bytes
	maxIndex = 65535
)

// ParseExpr reads an expression; "" is nowhere.
func ParseExpr(text string) (Expr, error) {
	e := Expr{text: text}
	if len(text) > maxExpr {
		return Expr{}, fmt.Errorf("must have at most %d letters", maxExpr)
	}
	switch {
	case text == "":
		return e, nil
	case text == "payload":
		e.whole = true
		return e, nil
	case strings.HasPrefix(text, "topic:"):
		n, err := strconv.Atoi(text[len("topic:"):])
		if err != nil || n < 1 || n > maxIndex {
			return Expr{}, fmt.Errorf("must name a level of the topic from 1, as topic:2, got %q", text)
		}
		e.topic = n
		return e, nil
	}
	rest := text
	if after, ok := strings.CutPrefix(rest, "$"); ok {
		e.top, rest = true, strings.TrimPrefix(after, ".")
		if rest == "" || after != "" && after[0] != '.' && after[0] != '[' && after[0] != '|' {
			return Expr{}, fmt.Errorf("must go on with a key after $, as $.sensor.id, got %q", text)
		}
	}
	for first := true; rest != ""; first = false {
		s, after, err := nextStep(rest, first)
		if err != nil {
			return Expr{}, fmt.Errorf("%w, got %q", err, text)
		}
		e.steps, rest = append(e.steps, s), after
	}
	return e, nil
}

// nextStep reads one step from the beginning of text, which is not empty.
func nextStep(text string, first bool) (s step, rest string, err error) {
	switch text[0] {
	case '[':
		inside := text[1:]
		if strings.HasPrefix(inside, `"`) {
			quoted, err := strconv.QuotedPrefix(inside)
			if err != nil || !strings.HasPrefix(inside[len(quoted):], "]") {
				return s, "", fmt.Errorf(`must close a quoted key with "]`)
			}
			key, err := strconv.Unquote(quoted)
			return step{key: key}, inside[len(quoted)+1:], err
		}
		number, rest, ok := strings.Cut(inside, "]")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n < 0 || n > maxIndex || number[0] == '+' {
			return s, "", fmt.Errorf("must have the number of an element in brackets, as [0]")
		}
		return step{kind: stepIndex, n: n}, rest, nil
	case '|':
		end := 1
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(text[1:end])
		if err != nil || n > maxIndex || end < len(text) && text[end] != '|' {
			return s, "", fmt.Errorf("must have the number of a part after |, as |5")
		}
		return step{kind: stepPart, n: n}, text[end:], nil
	case '.':
		if first {
			return s, "", fmt.Errorf("must not begin with a dot")
		}
		text = text[1:]
	default:
		if !first {
			return s, "", fmt.Errorf("must have a dot before a key")
		}
	}
	end := strings.IndexAny(text, ".[|]")
	if end < 0 {
		end = len(text)
	}
	if end == 0 || end < len(text) && text[end] == ']' {
		return s, "", fmt.Errorf("must have a key between dots")
	}
	return step{key: text[:end]}, text[end:], nil
}

// IsZero says that the expression is nowhere.
func (e *Expr) IsZero() bool { return e.text == "" }

// needsJSON says that the payload must be JSON for it.
func (e *Expr) needsJSON() bool { return len(e.steps) > 0 }

// find gives the value in a message of which element is the one that each
// chose: nil for null, else a string, json.Number, bool, []any or
// map[string]any. found is false where there is none.
func (e *Expr) find(m *Message, root, element any) (v any, found bool) {
	switch {
	case e.topic > 0:
		return level(m, e.topic)
	case e.whole:
		return strings.TrimSpace(string(m.Payload)), true
	case len(e.steps) == 0:
		return nil, false
	}
	v = element
	if e.top {
		v = root
	}
	for i := range e.steps {
		if v, found = e.steps[i].into(v); !found {
			return nil, false
		}
	}
	return v, true
}

func (s *step) into(v any) (any, bool) {
	switch x := v.(type) {
	case map[string]any:
		if s.kind == stepKey {
			v, ok := x[s.key]
			return v, ok
		}
	case []any:
		if s.kind == stepIndex && s.n < len(x) {
			return x[s.n], true
		}
	case string:
		if parts := strings.SplitN(x, "|", s.n+2); s.kind == stepPart && s.n < len(parts) {
			return parts[s.n], true
		}
	}
	return nil, false
}

// level is a level of the topic; false where it has fewer.
func level(m *Message, n int) (any, bool) {
	rest := m.Topic
	for i := 1; ; i++ {
		one, after, more := strings.Cut(rest, m.Separator())
		if i == n {
			return one, true
		}
		if !more {
			return nil, false
		}
		rest = after
	}
}

// asText is a scalar as a text; false for null, lists and objects.
func asText(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case json.Number:
		return x.String(), true
	case bool:
		return strconv.FormatBool(x), true
	}
	return "", false
}

// asNumber is a number, also one in a text.
func asNumber(v any) (float64, bool) {
	var text string
	switch x := v.(type) {
	case json.Number:
		text = x.String()
	case string:
		text = strings.TrimSpace(x)
	default:
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && f-f == 0
}
