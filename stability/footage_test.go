package stability

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

// TestFootageFlips counts the flips of a real network on real footage and
// compares them with an independent count.
func TestFootageFlips(t *testing.T) {
	data, err := os.ReadFile("testdata/footage_labels.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Clips []struct {
			Name, Preprocessing string
			Flips               int64
			Top1                []int32
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Clips) != 18 {
		t.Fatalf("%d clips, want 18", len(file.Clips))
	}
	for _, c := range file.Clips {
		var obs []Observation
		for i, label := range c.Top1 {
			obs = append(obs, labelled(label, time.Duration(i)*40*ms))
		}
		s := summaryOf(DefaultConfig(), obs)
		if s.Flips != c.Flips || s.Pairs != int64(len(c.Top1)-1) {
			t.Errorf("%s, %s: %d flips in %d pairs, want %d in %d", c.Name, c.Preprocessing, s.Flips, s.Pairs, c.Flips, len(c.Top1)-1)
		}
	}
}
