package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/flipmeter/flipmeter/bus"
)

var update = flag.Bool("update", false, "write default.yaml anew from the declaration")

func TestDefaultYAMLIsTheDeclaration(t *testing.T) {
	c := Default()
	var b bytes.Buffer
	if err := Print(&b, &c, true); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("default.yaml", b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != DefaultYAML() {
		t.Error("default.yaml is not what the declaration says: run go test ./configs -update")
	}
}

func TestDefaultYAMLEqualsTheDefaultsOfTheCode(t *testing.T) {
	got, err := Load("default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	// An empty list in the file and none in the code are the same.
	if g, w := show(t, got), show(t, &want); g != w {
		t.Errorf("default.yaml gives\n%s\nthe code\n%s", g, w)
	}
	if err := want.Analyze.Validate(); err != nil {
		t.Errorf("the defaults are not valid: %v", err)
	}
}

func show(t *testing.T, c *Config) string {
	t.Helper()
	var b strings.Builder
	if err := Print(&b, c, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The limits of what the broker keeps are the same here and there.
func TestDefaultsEqualThoseOfTheBus(t *testing.T) {
	n, b := Default().Analyze.NATS, bus.DefaultConfig()
	if n.MaxAge != b.Storage.MaxAge || int64(n.MaxBytes) != b.Storage.MaxBytes ||
		n.PictureMaxAge != b.Pictures.MaxAge || int64(n.PictureMaxBytes) != b.Pictures.MaxBytes || n.Site != bus.DefaultSite {
		t.Errorf("configs: %+v, bus: %+v", n, b)
	}
}

// Every key has a comment, a whole sentence or more.
func TestEveryKeyIsExplained(t *testing.T) {
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			key := f.Tag.Get("yaml")
			doc := f.Tag.Get("doc")
			inline := key == ",inline"
			if !inline && (key == "" || len(doc) < 15) {
				t.Errorf("%s%s: yaml %q, doc %q", path, f.Name, key, doc)
			}
			typ := f.Type
			if typ.Kind() == reflect.Slice {
				typ = typ.Elem()
			}
			switch {
			case inline:
				walk(typ, path)
			case typ.Kind() == reflect.Struct:
				walk(typ, path+key+".")
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
}

func TestProblemsAreToldAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flipmeter.yaml")
	text := `analyze:
  tabels: csv
  tables: xls
  fail_on: ["flips>>3"]
  tta: 2026
  explain: perhaps
  smoothing:
    smoothers: [three-in-a-row, ema(2)]
    max_lag: 5
  truth: {objects: some}
  measures:
    min_score: 50%
    dwell_min: 400
    glitch_max: 1h
  picture:
    roi: 1,2,3
    min_score: 0.5
  nats:
    url: nats://user:s3cret@host:p
    token: t
    user: u
  alerts:
    - name: A
      metric: flipz
      window: 1m
      fire_above: 1
      clear_below: 2
watsh: {}
score:
  fps: -1
  format: xls
  smoothing: {smoothers: [twice]}
`
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error %v", err)
	}
	want := []string{
		`:2: analyze.tabels: unknown key, did you mean tables?`,
		`:3: analyze.tables: must be one of parquet, csv, jsonl, none, got "xls"`,
		`:5: analyze.tta: must be `,
		`:6: analyze.explain: must be `,
		`:10: analyze.truth.objects: must be one of largest, all, got "some"`,
		`:8: analyze.smoothing.smoothers[1]: `,
		`:9: analyze.smoothing.max_lag: must be a duration with a unit, as 400ms or 2m, got "5"`,
		`:12: analyze.measures.min_score: must be a number, got "50%"`,
		`:13: analyze.measures.dwell_min: must be a duration with a unit, as 400ms or 2m, got "400"`,
		`:16: analyze.picture.roi: must be x,y,w,h in pixels`,
		`:17: analyze.picture.min_score: unknown key here, did you mean analyze.measures.min_score?`,
		`:19: analyze.nats.url: must be embedded, or addresses as nats://host:4222`,
		`:21: analyze.nats.user: goes with password`,
		`:20: analyze.nats.token: is in place of user`,
		`:24: analyze.alerts[0].metric: must be one of`,
		`:27: analyze.alerts[0].clear_below: must not be above fire_above (1), got 2`,
		`:30: score.fps: must be at least 0, got -1`,
		`:31: score.format: must be one of`,
		`:32: score.smoothing.smoothers[0]: `,
		`:28: watsh: unknown key, did you mean watch?`,
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), path+w) {
			t.Errorf("no %q in\n%s", w, err)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a password is in\n%s", err)
	}
}

func TestValidateTogether(t *testing.T) {
	for text, want := range map[string]string{
		"measures: {dwell_min: 100ms, glitch_max: 200ms}": "measures.dwell_min: must be above glitch_max (200ms), got 100ms",
		"fail_on: [flips]": `fail_on[0]: "flips": want an operator`,
		"alerts: [{name: A, metric: flips, window: 1s, fire_above: 1}, {name: A, metric: flips, window: 1s, fire_above: 1}]": "alerts[1].name: another rule is called A",
		"nats: {site: \"\"}":                "nats.site: must not be empty",
		"nats: {cert_file: a.pem}":          "nats.cert_file: goes with key_file",
		"nats: {url: \"http://host\"}":      "nats.url: must be embedded",
		"nats: {max_bytes: 1KiB}":           "nats.max_bytes: must be at least 1MiB",
		"measures: {windows: [10s, 0s]}":    "measures.windows[1]: must be above 0s",
		"model: {input_size: big}":          "model.input_size: must be a size in pixels",
		"model: {input_size: 320x240}":      "",
		"picture: {roi: \"1,2,3,4,5\"}":     "picture.roi: must be",
		"picture: {roi: \"1,2,0,4\"}":       "picture.roi: must be",
		"picture: {roi: \"-1,2,3,4\"}":      "picture.roi: must be",
		"picture: {roi: \"10,20,30,40\"}":   "",
		"nats: {url: \"nats://a,tls://b\"}": "",
		"nats: {url: embedded}":             "",
	} {
		_, err := Parse("c.yaml", []byte("analyze:\n  "+text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "c.yaml:2: analyze."+want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestPrintMasksSecrets(t *testing.T) {
	c, err := Parse("c.yaml", []byte(`analyze: {nats: {url: "nats://meter:kanarienvogel@host:4222", token: kanarienvogel}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := show(t, c)
	if strings.Contains(got, "kanarienvogel") || !strings.Contains(got, `url: "nats://***@host:4222"`) || !strings.Contains(got, `token: "***"`) {
		t.Errorf("printed\n%s", got)
	}
}

func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("urn:config", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("urn:config")
	if err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{
		DefaultYAML(): true, "{}": true, "analyze: {tables: csv}": true,
		"analyze: {tables: xls}": false, "analyze: {measures: {min_score: 2}}": false, "analyse: {}": false,
		"analyze: {measures: {dwell_min: 400}}": false,
	} {
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(asJSON, &v); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); (err == nil) != ok {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(DefaultYAML()))
	f.Add([]byte("analyze: {nats: {url: 'nats://u:p@h'}, alerts: [{name: A, metric: up, fire_below: 1}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("c.yaml", data)
		if err != nil {
			return
		}
		var b strings.Builder
		if err := Print(&b, c, true); err != nil {
			t.Fatal(err)
		}
	})
}
