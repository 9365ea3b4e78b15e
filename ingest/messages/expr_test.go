package messages

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestExpressions(t *testing.T) {
	const payload = `{"after":{"label":"car","n":3,"on":true,"nothing":null},"list":[{"id":"a"},{"id":"b"}],"odd.key":{"x":1},"minimal":["7|1|2|car|#|0.5"],"payload":"inside"}`
	root, ok := parseJSON([]byte(payload))
	if !ok {
		t.Fatal("the payload is not read")
	}
	element := map[string]any{"label": "element"}
	m := &Message{Topic: "frigate/front/person", Payload: []byte(payload)}
	for text, want := range map[string]any{
		"$.after.label": "car", "label": "element", "$.after.n": json.Number("3"), "$.after.on": true, "$.list[1].id": "b", `$["odd.key"].x`: json.Number("1"),
		"$.minimal[0]|3": "car", "$.minimal[0]|5": "0.5", "topic:1": "frigate", "topic:3": "person", "$.payload": "inside",
		"topic:4": nil, "$.after.none": nil, "$.list[2]": nil, "$.list.id": nil, "$.after[0]": nil, "$.minimal[0]|9": nil, "$.after.n.x": nil, "": nil,
	} {
		e, err := ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, found := e.find(m, root, element)
		if got != want || found != (want != nil) {
			t.Errorf("%s: %v, %v; want %v", text, got, found, want)
		}
	}
	e, err := ParseExpr("$.after.nothing")
	if v, found := e.find(m, root, element); err != nil || v != nil || !found {
		t.Errorf("null: %v, %v, %v: it is there, and is nothing", v, found, err)
	}
	e, err = ParseExpr("payload")
	if v, _ := e.find(&Message{Payload: []byte(" cat\n")}, nil, nil); err != nil || v != "cat" {
		t.Errorf("payload: %q, %v", v, err)
	}
	e, err = ParseExpr("topic:2")
	if v, _ := e.find(&Message{Topic: "a.b.c", Subject: true}, nil, nil); err != nil || v != "b" {
		t.Errorf("a subject's second level: %q, %v", v, err)
	}
}

func TestWrongExpressions(t *testing.T) {
	for text, want := range map[string]string{
		".a": "must not begin with a dot", "a..b": "a key between dots", "a.": "a key between dots", "a[": "number of an element", "a[-1]": "number of an element",
		"a[x]": "number of an element", "a[0]b": "a dot before a key", `["a]`: "close a quoted key", "topic:0": "a level of the topic", "topic:x": "a level of the topic",
		"$": "go on with a key", "$a": "go on with a key", "a|x": "number of a part", "a|1x": "number of a part", "a]": "a key between dots", strings.Repeat("a", 300): "at most 256",
	} {
		if _, err := ParseExpr(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Whatever an expression is, it is refused or finds at most one value; and
// what a key was quoted for is found by it.
func FuzzExpr(f *testing.F) {
	for _, s := range []string{"a.b[0].c", `["a.b"]|3`, "$.x", "topic:2", "payload", "[1][2]", "|0"} {
		f.Add(s, `{"a":{"b":[{"c":"x|y|z|w"}]}}`)
	}
	f.Fuzz(func(t *testing.T, text, payload string) {
		e, err := ParseExpr(text)
		if err != nil {
			return
		}
		root, _ := parseJSON([]byte(payload))
		m := &Message{Topic: text, Payload: []byte(payload)}
		if v, found := e.find(m, root, root); !found && v != nil {
			t.Errorf("%q finds %v and says it doesn't", text, v)
		}
		quoted, err := json.Marshal(text)
		if err != nil || strings.ContainsAny(string(quoted), `\`) || len(quoted) > 200 {
			return
		}
		e, err = ParseExpr("[" + string(quoted) + "]")
		if err != nil {
			t.Fatalf("the quoted key %s: %v", quoted, err)
		}
		if v, found := e.find(m, nil, map[string]any{text: "here"}); !found || v != "here" {
			t.Errorf("the quoted key %s finds %v", quoted, v)
		}
	})
}
