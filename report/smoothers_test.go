package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// tracked is a real tracker's, truth scorer's and smoothers' account of a few
// labels at 25 fps.
func tracked(t *testing.T, labels, truth string) (*stability.Summary, *stability.TruthSummary, []stability.SmoothedSummary, *stability.Smoothing) {
	t.Helper()
	cfg := stability.DefaultConfig()
	tr := stability.NewTracker(cfg)
	s := stability.NewSmoothing(stability.SmoothingConfig{
		Measures: cfg, Recommend: true, MaxLag: 500 * time.Millisecond,
		Smoothers: []stability.Smoother{stability.Consecutive(3), stability.EMA(0.2), stability.Lock(10, 0, 3, 10)},
	})
	scorer := stability.NewTruthScorer(stability.DefaultTruthConfig())
	var u stability.Update
	for i := range labels {
		o := stability.Observation{
			Seq: uint64(i), PTS: time.Duration(i) * 40 * time.Millisecond, HasPTS: true,
			Label: int32(labels[i] - 'a'), Score: float32(unknown()), PrevLabelScore: float32(unknown()), Change: -1,
		}
		tr.Observe(&o, &u)
		s.Observe(&o, nil, &u)
		scorer.Observe(&o, &u, int32(truth[i]-'a'))
	}
	tr.Flush(&u)
	s.Flush(&u)
	scorer.Flush(&u)
	var smoothed []stability.SmoothedSummary
	for _, r := range s.Smoothed("") {
		smoothed = append(smoothed, r.Summary())
	}
	scores := scorer.Sums().Summary()
	return tr.Summary(), &scores, smoothed, s
}

func TestSmoothersAndTruthAreTold(t *testing.T) {
	labels := strings.Repeat("aaaaaaaaaaaaaaabaaaaaaaaaaaaaaabbbbbbbbbbbbbbb", 4)
	truth := strings.Repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbb", 4)
	sum, scores, smoothed, s := tracked(t, labels, truth)
	r, ok := stability.Recommend([]*stability.Smoothing{s})
	if !ok {
		t.Fatal("nothing is recommended")
	}
	dir := t.TempDir()
	run, err := NewRun(Config{Dir: dir, Tables: table.None})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := run.Stream(simStream("clip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := run.Finish(t.Context(), Outcome{
		Streams: []StreamOutcome{{Summary: sum, Truth: scores, Smoothed: smoothed, Complete: true}}, Recommendation: NewRecommendation(&r),
		SmoothedMacro: smoothed, SmoothedMicro: smoothed,
	})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := got.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, HTMLName))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"consecutive(3)", "2 frames", "No figures: ema(0.2) needs all probabilities of every frame, which frame 0 lacks.", "7 of 7", "Recommended: ", "On the other half: "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text does not say %q:\n%s", want, text.String())
		}
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, want := range []string{"three-in-a-row", "vote-of-ten", "Against the truth", "while the truth stayed"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	m := got.Total.Micro
	if len(m.Smoothers) != 3 || m.Smoothers[0].Flips != 7 || m.Smoothers[0].Unexplained != 0 || m.Smoothers[1].Refused == nil ||
		m.Smoothers[1].Flips != -1 || m.Truth == nil || m.Truth.Acc < 90 || m.Truth.FlipsAtTrueChange != 7 {
		t.Errorf("summary: %+v, %+v", m.Smoothers, m.Truth)
	}
	data, err := json.Marshal(got.Recommendation)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"smoother":"`) || strings.Contains(string(data), "null") {
		t.Errorf("recommendation: %s", data)
	}
}

// BlankSummary names what conditions may name.
func TestBlankSummaryHasTheFields(t *testing.T) {
	data, err := json.Marshal(BlankSummary())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"kinds_recall":{"glitch":null`, `"smoother":"none"`, `"clean_step_frames":0`, `"pm_10":null`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s", want)
		}
	}
}
