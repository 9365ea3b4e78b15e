package suite_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/suite"
	"github.com/flipmeter/flipmeter/suite/junit"
)

var update = flag.Bool("update", false, "write the golden files anew")

const manifest = `
defaults:
  expect: [flips<10]
  min_coverage: 0.9
  allow_identity: [decoder]
  with: {resize: area, stride: 2}
clips:
  - file: street.mp4
    expect: [flip_fraction.high<=0.25, kinds.glitch<1]
    with: {stride: 3}
  - name: phone
    file: sub/phone.mp4
    baseline: runs/phone
    min_coverage: 0
    expect: ["delta.mac.low<=0"]
    allow_identity: [model]
  - name: broken
    file: /elsewhere/broken.mp4
  - name: made up
    file: synth:square?frames=3
`

func load(t *testing.T, text string) (*suite.Manifest, error) {
	t.Helper()
	return suite.Load("clips/suite.yaml", []byte(text), func(c alerts.Condition, clip *suite.Clip) error {
		if c.Path == "nonsense" {
			return errors.New("there is no field nonsense")
		}
		if strings.HasPrefix(c.Path, "delta") && clip.Baseline == "" {
			return errors.New("needs a baseline")
		}
		return nil
	})
}

func TestLoadPutsDefaultsIn(t *testing.T) {
	m, err := load(t, manifest)
	if err != nil {
		t.Fatal(err)
	}
	f := func(i int, want string) {
		t.Helper()
		c := &m.Clips[i]
		got := fmt.Sprint(c.Name, " ", c.File, " ", c.Baseline, " ", c.Expect, c.AllowIdentity, c.With)
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	f(0, "street clips/street.mp4  [flips<10 flip_fraction.high<=0.25 kinds.glitch<1 streams.*.coverage>=0.9] [] map[resize:area stride:3]")
	f(1, "phone clips/sub/phone.mp4 clips/runs/phone [flips<10 delta.mac.low<=0] [decoder model] map[resize:area stride:2]")
	f(2, "broken /elsewhere/broken.mp4  [flips<10 streams.*.coverage>=0.9] [] map[resize:area stride:2]")
	f(3, "made up synth:square?frames=3  [flips<10 streams.*.coverage>=0.9] [] map[resize:area stride:2]")
}

func TestLoadTellsWhatIsWrong(t *testing.T) {
	for want, text := range map[string]string{
		"suite.yaml:1: clips: is missing":                                "defaults: {}",
		"clips: want at least one":                                       "clips: []",
		"clips[0].file: is missing":                                      "clips: [{name: a}]",
		"another clip is called a":                                       "clips: [{file: a.mp4}, {file: sub/a.avi}]",
		"clip a: expect[1]: there is no field nonsense":                  "clips: [{file: a.mp4, expect: [flips<1, nonsense>3]}]",
		"clip a: expect[0]: needs a baseline":                            "clips: [{file: a.mp4, expect: [delta.mac<1]}]",
		"clip a: expect[0]: \"flips\": want an operator after the field": "clips: [{file: a.mp4, expect: [flips]}]",
		"clips[0].min_coverage: ":                                        "clips: [{file: a.mp4, min_coverage: 1.2}]",
		"clips[0].name: a folder is called like it":                      "clips: [{name: ../up, file: a.mp4}]",
		"clips[0].file: must not be empty":                               "clips: [{file: ''}]",
		"clips[0].wth":                                                   "clips: [{file: a.mp4, wth: {}}]",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// fakeMeasure knows the clips of the manifest above.
func fakeMeasure(_ context.Context, c *suite.Clip) (suite.Judge, error) {
	switch c.Name {
	case "broken":
		return nil, errors.New("it is no video: <&>\x00")
	case "made up":
		return func(c alerts.Condition) []alerts.Result {
			return []alerts.Result{{Message: "held"}, {Failed: true, Message: "one stream: failed"}, {Message: "held, too"}}
		}, nil
	}
	lookup, err := alerts.LookupJSON([]byte(`{"flips": 7, "flip_fraction": {"value": 0.2, "low": 0.1, "high": 0.3}, "kinds": {"glitch": null},
		"delta": {"mac": {"value": 0.1, "low": -0.1, "high": 0.2}}, "streams": {"*": {"coverage": 0.95}}}`))
	if err != nil {
		return nil, err
	}
	return func(c alerts.Condition) []alerts.Result { return []alerts.Result{c.Require(lookup)} }, nil
}

func run(t *testing.T, ctx context.Context) (*suite.Result, []string) {
	t.Helper()
	m, err := load(t, manifest)
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Unix(0, 0)
	now := func() time.Time { clock = clock.Add(1500 * time.Millisecond); return clock }
	var told []string
	return m.Run(ctx, "suite.yaml", fakeMeasure, now, func(c *suite.ClipResult) { told = append(told, c.Name) }), told
}

func TestRunJudgesEveryClip(t *testing.T) {
	res, told := run(t, t.Context())
	if strings.Join(told, ",") != "street,phone,broken,made up" {
		t.Errorf("told of %v", told)
	}
	failed, errs := res.Failed()
	if failed != 4 || errs != 1 {
		t.Errorf("%d failed, %d errors", failed, errs)
	}
	street := res.Clips[0].Verdicts
	for i, want := range []string{"flips is 7", "expected flip_fraction.high<=0.25: flip_fraction.high is 0.3 (value 0.2, 95 % interval 0.1 to 0.3)",
		"expected kinds.glitch<1: kinds.glitch is null, and null never passes", "streams.*.coverage is 0.95"} {
		if street[i].Message != want || street[i].Passed != (i%3 == 0) {
			t.Errorf("got %+v, want %q", street[i], want)
		}
	}
	if v := res.Clips[3].Verdicts[0]; v.Passed || v.Message != "one stream: failed" {
		t.Errorf("one stream of three failed: %+v", v)
	}

	// An interrupted suite measures nothing more, and passes nothing.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, _ = run(t, ctx)
	if failed, errs := res.Failed(); failed != 0 || errs != 4 || res.Clips[0].Verdicts[0].Passed {
		t.Errorf("%d failed, %d errors", failed, errs)
	}
}

func TestJUnit(t *testing.T) {
	res, _ := run(t, t.Context())
	var b bytes.Buffer
	if err := junit.Write(&b, res); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Name string `xml:"name,attr"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if s := back.Suite; s.Tests != len(s.Cases) || s.Failures != 4 || s.Errors != 1 || s.Skipped != 2 {
		t.Errorf("%+v", s)
	}
	path := filepath.Join("testdata", "junit.xml")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o777), os.WriteFile(path, b.Bytes(), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s differs; got:\n%s", path, b.String())
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(manifest)
	f.Add("clips: [{file: '', expect: ['a<']}]")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := suite.Load("x.yaml", []byte(text), func(alerts.Condition, *suite.Clip) error { return nil })
		if err != nil {
			return
		}
		for i := range m.Clips {
			if m.Clips[i].Name == "" {
				t.Error("a clip without a name")
			}
		}
		m.Run(context.Background(), "x", func(context.Context, *suite.Clip) (suite.Judge, error) {
			return func(alerts.Condition) []alerts.Result { return nil }, nil
		}, time.Now, func(*suite.ClipResult) {})
	})
}
