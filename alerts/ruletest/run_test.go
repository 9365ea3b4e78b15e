package ruletest

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const passing = `
rules:
  - name: FlickerHigh
    metric: unexplained_fraction
    window: 2s
    fire_above: 0.05
    clear_below: 0.02
    for: 1s
    keep_firing_for: 1s
    min_pairs: 20
tests:
  - name: a glitch
    sequence: "cat*30 dog cat*30"
    expect:
      flips: 2
      decided_flips: 2
      unexplained: 2
      kinds: {glitch: 2}
      list: ["30 cat>dog glitch", "31 dog>cat glitch"]
      alerts: []
  - name: a transition
    sequence: "cat*30 dog*30"
    expect: {flips: 1, unexplained: 0, kinds: {transition: 1}}
  - name: churn while nothing moves
    sequence: "cat*30 (dog fox)*10 cat*30"
    still: true
    expect: {unexplained: 21, kinds: {churn: 21}}
  - name: churn while something moves
    sequence: "cat*30 (dog fox)*10 cat*30"
    still: false
    expect: {unexplained: 0, kinds: {churn: 21}}
  - name: undecided frames
    sequence: "cat*30 dog@0.3 cat*30"
    expect: {flips: 2, decided_flips: 0}
  - name: undecided by the test's own threshold
    sequence: "cat*30 dog cat*30"
    score: 0.7
    min_score: 0.8
    expect: {decided_flips: 0}
  - name: the ends are censored
    sequence: "cat*3 dog*3"
    expect: {kinds: {censored: 1}}
  - name: a cut is no flip
    sequence: "cat*30 !cut dog*30"
    expect: {flips: 0, cut_changes: 1}
  - name: a gap is no flip
    sequence: "cat*30 !gap dog*30"
    expect: {flips: 0, cut_changes: 0}
  - name: repeated pictures are no pairs
    sequence: "cat*30 !repeat*5 dog*30"
    expect: {flips: 1, kinds: {transition: 1}}
  - name: a slower glitch by the test's own threshold
    sequence: "cat*30 dog*8 cat*30"
    glitch_max: 350ms
    expect: {kinds: {glitch: 2}}
  - name: flicker fires and ends
    sequence: "cat*30 (dog cat*12)*12 cat*250"
    expect:
      # Kinds are known 400 ms later: pending from 3 s on. The last glitch,
      # at 6.96 s, leaves the window by 9 s.
      alerts: ["4s FlickerHigh firing", "10s FlickerHigh resolved"]
  - name: a camera that dies does not fire for ever
    sequence: "cat*30 (dog cat*12)*12"
    down_for: 1m
    expect:
      alerts: ["4s FlickerHigh firing", "9s FlickerHigh resolved"]
`

func run(t *testing.T, text string) []Result {
	t.Helper()
	f, err := Load("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f.Run()
}

func TestWhatShouldPass(t *testing.T) {
	for _, r := range run(t, passing) {
		if !r.Passed() {
			t.Errorf("%s:\n%s", r.Name, strings.Join(r.Diffs, "\n"))
		}
	}
}

func TestDiffsAreReadable(t *testing.T) {
	got := run(t, `
rules: [{name: Any, metric: flips, window: 2s, fire_above: 0}]
tests:
  - name: everything is wrong
    sequence: "cat*30 dog cat*30 dog*30"
    expect:
      flips: 1
      kinds: {churn: 1}
      list: ["30 cat>dog glitch", "31 dog>fox glitch", "61 cat>dog transition"]
      alerts: ["1s Any firing", "2s Any pending"]
`)[0]
	want := `flips: want 1, got 3
kinds.glitch: want 0, got 2
kinds.transition: want 0, got 1
kinds.churn: want 1, got 0
list: (- expected, + found)
    30 cat>dog glitch
  - 31 dog>fox glitch
  + 31 dog>cat glitch
    61 cat>dog transition
alerts: (- expected, + found)
  - 1s Any firing
    2s Any pending
  + 2s Any firing`
	if s := strings.Join(got.Diffs, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

func TestLoadTellsEverythingThatIsWrong(t *testing.T) {
	_, err := Load("t.yaml", []byte(`
rules: [{name: A, metric: flipz, window: 2s, fire_above: 0}]
tests:
  - name: a
    sequence: "cat*x"
    expect: {}
  - name: b
    sequense: cat
    fps: 0
    expect: {kinds: {gltch: 1}, alerts: ["soon A firing"]}
  - sequence: cat
    min_score: 2
    dwell_min: 100ms
    glitch_max: 200ms
    expect: {flips: -1}
  - name: d
    sequence: cat
    glitch_max: 500ms
    expect: {}
  - name: e
    sequence: cat
    rules: [{name: A, metric: flips, window: 2s, fire_above: 0}, {name: A, metric: flips, window: 2s, fire_above: 0}]
    expect: {}
`))
	if err == nil {
		t.Fatal("accepted")
	}
	if n := strings.Count(err.Error(), "\n"); n != 12 {
		t.Errorf("%d lines, want 13:\n%s", n+1, err)
	}
	for _, want := range []string{
		"t.yaml:2: rules[0].metric: must be one of coverage",
		`t.yaml:5: tests[0].sequence: at letter 6: want a number of frames`,
		"t.yaml:8: tests[1].sequense: unknown key, did you mean sequence?",
		"t.yaml:9: tests[1].fps: must be above 0, got 0",
		"t.yaml:7: tests[1].sequence: is missing",
		`t.yaml:10: tests[1].expect.kinds: "gltch" is not one of`,
		`t.yaml:10: tests[1].expect.alerts[0]: want a time, a rule and a state`,
		"t.yaml:13: tests[2].dwell_min: must be above glitch_max (200ms), got 100ms",
		"tests[2].name: is missing",
		"tests[2].min_score: must be at most 1, got 2",
		"tests[2].expect.flips: must be at least 0, got -1",
		"tests[3].dwell_min: must be above glitch_max",
		`t.yaml:22: tests[4].rules: alert rule "A": another rule has the same name`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%s", want, err)
		}
	}
	if _, err := Load("t.yaml", []byte("tests: []")); err == nil || !strings.Contains(err.Error(), "want at least one") {
		t.Errorf("without tests: %v", err)
	}
}

func TestLongListsAreCompared(t *testing.T) {
	a := make([]string, 3000)
	for i := range a {
		a[i] = strings.Repeat("x", i%7)
	}
	if d := diff("list", a, a); d != nil {
		t.Errorf("equal lists differ: %v", d)
	}
	b := append(append([]string{}, a[:1500]...), "y")
	if d := strings.Join(diff("list", a, b), "\n"); !strings.Contains(d, "part at number 1501") || !strings.Contains(d, "  + y") {
		t.Errorf("%s", d)
	}
}

func FuzzLoadAndRun(f *testing.F) {
	f.Add([]byte(passing))
	f.Add([]byte("tests: [{name: a, sequence: a b, fps: 0.001, down_for: 24h, expect: {}}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Load("t.yaml", data)
		if err != nil || len(data) > 4096 {
			return
		}
		for i := range file.Tests {
			frames, err := parseSequence(file.Tests[i].Sequence)
			if err != nil || len(frames) > 2000 {
				return
			}
		}
		if got := file.Run(); len(got) != len(file.Tests) {
			t.Errorf("%d results of %d tests", len(got), len(file.Tests))
		}
	})
}
