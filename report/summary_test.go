package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and look at the difference. Got:\n%s", file, got)
	}
}

func twoStreams() (map[string]*simulation, []string) {
	return map[string]*simulation{
		"street.avi": {seed: 21, frames: 400, fps: 10, noise: .5, spread: 1, gapAt: 100},
		"film.mp4":   {seed: 22, frames: 500, fps: 25, cuts: []int{90, 200}, noise: .3, spread: 3},
	}, []string{"street.avi", "film.mp4"}
}

// The shape of summary.json, its figures and the terminal's text.
func TestSummaryGolden(t *testing.T) {
	sims, names := twoStreams()
	dir := t.TempDir()
	sum := writeRun(t, dir, table.None, sims, names, func(_ *StreamConfig, o *StreamOutcome) {
		if o.Summary.Frames == 400 {
			o.Complete, o.Why = false, "interrupted after 400 of 795 frames"
		}
	})
	data, err := os.ReadFile(filepath.Join(dir, SummaryName))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.json", data)
	var text bytes.Buffer
	if err := sum.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.txt", text.Bytes())

	var back Summary
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := back.WriteJSON(&again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, again.Bytes()) {
		t.Error("the summary does not survive reading and writing")
	}
}

// The fields are a contract, their order included.
func TestSummaryFields(t *testing.T) {
	data, err := json.Marshal(StreamSummary{})
	if err != nil {
		t.Fatal(err)
	}
	want := "stream source{name,sha256} identity{model,model_sha256,provider,precision,preprocessing,color_matrix,decoder,runtime,sha256} " +
		"frames pairs coverage repeats flips flip_fraction{value,low,high} flip_rate_hz decided{share,pairs,flips,flip_fraction} " +
		"mac t5d top5_jaggedness kinds{glitch,transition,churn,censored} glitches unexplained unexplained_fraction{value,low,high} " +
		"still{pairs,flips,flip_fraction} moving{pairs,flips,flip_fraction} by_change near_cut cuts cut_changes " +
		"breaks{gap,reconnect,size,model,time,cut} dwell_seconds{min,median,p95} entropy_bits labels truth smoothers " +
		"fps{decode,preprocess,infer,pipeline} complete"
	var got []string
	for _, key := range keys(t, data) {
		name, inner := key.name, ""
		if len(key.value) > 0 && key.value[0] == '{' {
			var names []string
			for _, k := range keys(t, key.value) {
				names = append(names, k.name)
			}
			inner = "{" + strings.Join(names, ",") + "}"
		}
		got = append(got, name+inner)
	}
	if s := strings.Join(got, " "); s != want {
		t.Errorf("fields:\n%s\nwant:\n%s", s, want)
	}
}

type member struct {
	name  string
	value json.RawMessage
}

// keys are the members of a JSON object in their order.
func keys(t *testing.T, data []byte) (out []member) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		m := member{name: name.(string)}
		if err := dec.Decode(&m.value); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// What can't be known is null: a run of labels alone has no times, no
// pictures and no scores.
func TestUnknownMeasuresAreNull(t *testing.T) {
	data, err := json.Marshal(measuresOf(nil))
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`:[0-9]`).FindString(string(data)); m != "" {
		t.Errorf("a figure is known in %s", data)
	}
	st := unknownSummary()
	st.Kinds = map[stability.Kind]int64{stability.KindGlitch: 3}
	if m := measuresOf(st); m.Kinds.Glitch != 3 || m.Kinds.Churn != 0 {
		t.Errorf("kinds: %+v", m.Kinds)
	}
	var buf bytes.Buffer
	sum := &Summary{Streams: []StreamSummary{{Source: SourceSummary{Name: "labels.csv"}, Measures: measuresOf(nil)}}}
	if err := sum.WriteText(&buf); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(buf.String(), "NaN") {
		t.Errorf("text: %s", buf.String())
	}
}

func TestIdentityHash(t *testing.T) {
	id := simStream("x").Identity
	seen := []string{id.Hash()}
	with := id
	with.SHA256 = "whatever it was"
	if with.Hash() != seen[0] {
		t.Error("the hash depends on itself")
	}
	for _, change := range []func(*Identity){
		func(i *Identity) { i.Model += "x" }, func(i *Identity) { i.ModelSHA256 += "x" },
		func(i *Identity) { i.Provider += "x" }, func(i *Identity) { i.Precision += "x" },
		func(i *Identity) { i.ColorMatrix += "x" }, func(i *Identity) { i.Decoder += "x" },
		func(i *Identity) { i.Runtime += "x" }, func(i *Identity) { i.Preprocessing.Filter = "linear" },
		func(i *Identity) { i.Preprocessing.Mean[1]++ }, func(i *Identity) { i.Preprocessing.Region = "0,0,9,9" },
	} {
		other := id
		change(&other)
		if h := other.Hash(); slices.Contains(seen, h) {
			t.Errorf("same hash for %+v", other)
		} else {
			seen = append(seen, h)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{percent(0), "0\u202f%"}, {percent(1), "100\u202f%"}, {percent(.2613), "26.1\u202f%"}, {percent(.00771), "0.77\u202f%"},
		{percent(.0002), "0.020\u202f%"}, {percent(unknown()), "not known"}, {percent(1e-17), "0\u202f%"},
		{groupedInt(9999), "9999"}, {groupedInt(1234567), "1\u202f234\u202f567"}, {groupedInt(-12345), "−12\u202f345"},
		{countWord(-1), "not known"}, {plural(1, "flip", "flips"), "1 flip"},
		{clock(5279 * 1e6), "0:05.28"}, {clock(3725300 * 1e6), "1:02:05.30"}, {clock(-40 * 1e6), "−0:00.04"},
		{length(40 * 1e6), "40\u202fms"}, {length(59900 * 1e6), "59.9\u202fs"}, {length(260 * 1e9), "4\u202fmin 20\u202fs"},
		{length(7500 * 1e9), "2\u202fh 5\u202fmin"}, {length(59960 * 1e6), "1\u202fmin 0\u202fs"}, {length(3599900 * 1e6), "1\u202fh 0\u202fmin"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
