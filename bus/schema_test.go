package bus

import (
	"bytes"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

func schemaOf(t *testing.T, typ Type) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("..", "docs", "schemas", string(typ)+".v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func instance(t *testing.T, data []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// samples are real payloads of each type, with everything known and with
// nothing known.
func samples(t *testing.T) map[Type][][]byte {
	t.Helper()
	nan := math.NaN()
	full := flipEvent(3)
	full.Prev, full.Cur = thumbs()
	full.Window = &stability.Window{Width: 60e9, At: 1e9, Pairs: 3, FlipFraction: stability.Interval{Value: 0.1, Low: 0, High: 0.3}}
	full.State = &event.Health{State: "up", Since: testStart}
	full.Drop = &event.Drop{Reason: "slow", Frames: 2}
	empty := &event.Event{
		Observation: &stability.Observation{Label: stability.NoLabel, Score: float32(nan), PrevLabelScore: float32(nan), Change: -1, Break: stability.ReasonGap},
		Window: &stability.Window{Width: 1e9, FlipFraction: stability.Interval{Value: nan, Low: nan, High: nan},
			UnexplainedFraction: nan, DecidedFlipFraction: nan, FlipRateHz: nan, MAC: nan, T5D: nan, Coverage: nan, EntropyBits: nan,
			FlappingPercent: nan, MeanScore: nan, Top: stability.Ranked{Index: stability.NoLabel}},
		State: &event.Health{State: "failed", Error: "no such file"},
	}
	empty.Break = stability.ReasonGap
	bare := &event.Event{}
	bare.Flip = true
	bare.FlipAt = stability.Flip{From: 1, To: 2, FromScore: float32(nan), ToScore: float32(nan),
		MarginBefore: float32(nan), MarginAfter: float32(nan), Change: -1, Kind: stability.KindPending}
	out := map[Type][][]byte{}
	for _, m := range told(t, newEncoder(testStream(), true, &messagePool{}), full, lateEvent(3), empty, bare) {
		if m.route == routeCore || m.route == routeStream {
			typ := Type(m.subject[strings.LastIndexByte(m.subject, '.')+1:])
			out[typ] = append(out[typ], m.data)
		}
		m.release()
	}
	out[TypeAlert] = alertSamples()
	return out
}

func TestPayloadsMatchTheirSchemas(t *testing.T) {
	all := samples(t)
	for _, typ := range Types() {
		s := schemaOf(t, typ)
		if len(all[typ]) < 2 {
			t.Errorf("%d samples of %s, want several", len(all[typ]), typ)
		}
		for _, data := range all[typ] {
			if err := s.Validate(instance(t, data)); err != nil {
				t.Errorf("%s: %v\n%s", typ, err, data)
			}
		}
	}
}

// A schema that accepts anything would pass the test above.
func TestSchemasRefuseWhatIsWrong(t *testing.T) {
	all := samples(t)
	for _, typ := range Types() {
		s := schemaOf(t, typ)
		for _, field := range []string{"schema", "id", "revision", "site", "camera", "track", "epoch", "seq", "pts_ms", "at", "identity"} {
			v := instance(t, all[typ][0]).(map[string]any)
			delete(v, field)
			if s.Validate(v) == nil {
				t.Errorf("%s: accepted without %s", typ, field)
			}
			v[field] = []any{}
			if s.Validate(v) == nil {
				t.Errorf("%s: accepted with a list as %s", typ, field)
			}
		}
	}
}

// Every field of a payload is described.
func TestSchemasKnowEveryField(t *testing.T) {
	payloads := map[Type]any{TypeObservation: Observation{}, TypeFlip: Flip{}, TypeWindow: Window{}, TypeState: State{}, TypeAlert: Alert{}}
	for typ, p := range payloads {
		s := schemaOf(t, typ)
		fields := map[string]bool{}
		for _, name := range jsonNames(reflect.TypeOf(p)) {
			fields[name] = true
			if s.Properties[name] == nil {
				t.Errorf("%s: no description of %s", typ, name)
			}
		}
		for name := range s.Properties {
			if !fields[name] {
				t.Errorf("%s: %s is described and doesn't exist", typ, name)
			}
		}
	}
}

func jsonNames(t reflect.Type) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			out = append(out, name)
		} else if f.Anonymous {
			out = append(out, jsonNames(f.Type)...)
		}
	}
	return out
}
