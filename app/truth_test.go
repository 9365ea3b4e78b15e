package app

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// actions are labels and their truth, as of a segmentation of actions with
// flickering answers.
func actions(n int, seed uint64) (labels, truth []int32) {
	rng := rand.New(rand.NewPCG(seed, 3))
	t := int32(0)
	for i := range n {
		if rng.IntN(40) == 0 {
			t = rng.Int32N(4)
		}
		l := t
		if rng.IntN(10) == 0 {
			l = rng.Int32N(4)
		}
		labels, truth = append(labels, l), append(truth, t)
		_ = i
	}
	return labels, truth
}

// directly computes the scores without any file.
func directly(labels, truth []int32, tolerance int) stability.TruthSummary {
	cfg := stability.DefaultTruthConfig()
	cfg.Tolerance, cfg.Background = tolerance, 0
	measures := stability.DefaultConfig()
	tracker, scorer := stability.NewTracker(measures), stability.NewTruthScorer(cfg)
	var u stability.Update
	for i, l := range labels {
		o := stability.Observation{Seq: uint64(i), PTS: time.Duration(i) * 40 * time.Millisecond, HasPTS: true,
			Label: l, Score: float32(math.NaN()), PrevLabelScore: float32(math.NaN()), Change: -1}
		tracker.Observe(&o, &u)
		scorer.Observe(&o, &u, truth[i])
	}
	tracker.Flush(&u)
	scorer.Flush(&u)
	return scorer.Sums().Summary()
}

// TestTruthScores holds the scores of score against those computed without
// any file; the same with classes merged on the way.
func TestTruthScores(t *testing.T) {
	labels, truth := actions(3000, 1)
	names := []string{"background", "take", "open", "pour"}
	table := func(column string, of []int32, name func(int32) string) string {
		var b strings.Builder
		b.WriteString("seq,pts_ms," + column + "\n")
		for i, l := range of {
			fmt.Fprintf(&b, "%d,%d,%s\n", i, i*40, name(l))
		}
		return b.String()
	}
	plain := func(l int32) string { return names[l] }
	rng := rand.New(rand.NewPCG(7, 7))
	fine := func(l int32) string { // synonyms that a map brings together
		if l == 1 && rng.IntN(2) == 0 {
			return "grasp"
		}
		return names[l]
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	labelFile, truthFile := write("clip.csv", table("label", labels, plain)), write("truth/clip.csv", table("label", truth, plain))
	fineFile := write("fine/clip.csv", table("label", labels, fine))
	fineTruth := write("fine/truth.csv", table("label", truth, fine))
	mapFile := write("map.yaml", "groups:\n  - {name: hold, id: n00000001, members: [take, grasp]}\n")
	want := directly(labels, truth, 2)
	for name, c := range map[string]struct {
		file   string
		change func(*ScoreOptions)
	}{
		"a file":   {labelFile, func(o *ScoreOptions) { o.Truth.Path = truthFile }},
		"a folder": {labelFile, func(o *ScoreOptions) { o.Truth.Path = filepath.Dir(truthFile) }},
		"merged":   {fineFile, func(o *ScoreOptions) { o.Truth.Path, o.LabelMap = fineTruth, mapFile }},
		"merged, of a folder": {fineFile, func(o *ScoreOptions) {
			o.Truth.Path, o.LabelMap = filepath.Dir(truthFile), mapFile
		}},
	} {
		sum, err := scoreFiles(t, func(o *ScoreOptions) { c.change(o); o.Truth.Tolerance = 2 }, c.file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := sum.Streams[0].Truth
		if got == nil || got.Acc != report.Number(want.Acc) || got.Edit != report.Number(want.Edit) || got.F1At50 != report.Number(want.F1At50) ||
			got.FlipsOnConstantTruth != report.Count(want.FlipsOnConstantTruth) || got.KindsPrecision.Glitch != report.Number(want.Precision.Glitch) ||
			got.PM10 != report.Number(want.PM) || got.VC16 != report.Number(want.VC) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
		if fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", *sum.Total.Micro.Truth) {
			t.Errorf("%s: of one stream the total is another", name)
		}
	}
}

func TestTruthThatDoesntFit(t *testing.T) {
	labels := file(t, "a.txt", "x\nx\ny\n")
	for truth, want := range map[string]string{
		"x\nx\n":       "a.txt:3: ",
		"x\nx\ny\ny\n": "they are of different length",
		"1\n2\n3\n":    "classes are given by name here, and by number in",
	} {
		path := file(t, "t.txt", truth)
		_, err := scoreFiles(t, func(o *ScoreOptions) { o.Truth.Path = path }, labels)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", truth, err, want)
		}
	}
	if _, err := scoreFiles(t, func(o *ScoreOptions) { o.Truth.Tolerance = -1 }, labels); err == nil || !strings.Contains(err.Error(), "--truth-tolerance") {
		t.Errorf("got %v", err)
	}
	// An empty truth, and none for a stream.
	if _, err := scoreFiles(t, func(o *ScoreOptions) { o.Truth.Path = t.TempDir() }, labels); err == nil || !strings.Contains(err.Error(), `no truth of stream "a"`) {
		t.Errorf("got %v", err)
	}
}

// TestTruthOfSeveralLabels: a frame is right with any of the labels that its
// truth allows, flips within a set are on constant truth, and segments are not
// defined.
func TestTruthOfSeveralLabels(t *testing.T) {
	labels := file(t, "clip.txt", "zebra\nlion\nzebra\ngnu\nlion\n")
	truth := file(t, "truth.csv", "label\nzebra|lion\nlion|zebra\nzebra|lion\nlion\nlion\n")
	sum, err := scoreFiles(t, func(o *ScoreOptions) { o.Truth.Path, o.FPS = truth, 25 }, labels)
	if err != nil {
		t.Fatal(err)
	}
	got := sum.Streams[0].Truth
	if got.Acc != 80 || got.FlipsOnConstantTruth != 3 || got.FlipsAtTrueChange != 1 || !math.IsNaN(float64(got.Edit)) || !math.IsNaN(float64(got.F1At10)) {
		t.Errorf("got %+v", got)
	}
	if _, err := scoreFiles(t, func(o *ScoreOptions) { o.Truth.Path, o.Truth.Objects = truth, "some" }, labels); err == nil || !strings.Contains(err.Error(), "--truth-objects must be largest or all") {
		t.Errorf("got %v", err)
	}
}
