package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/bus"
)

// groupsOfNumbers is a label map for the classes that numbers get.
const groupsOfNumbers = `
groups:
  - {name: rare, members: ["9"]}
  - {name: even, members: ["0", "2", "4", "6", "8"]}
  - {name: odd, members: ["1", "3", "5", "7"]}
`

func groupOf(n uint32) string {
	switch l := labelOf(n); {
	case l == 9:
		return "rare"
	case l%2 == 0:
		return "even"
	}
	return "odd"
}

// A camera's label map is applied before anything is counted, to that camera
// only; traced classes travel with its observations; and what is wrong with
// either is said before anything changes.
func TestWatchMergesAndTracesLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(path, []byte(groupsOfNumbers), 0o600); err != nil {
		t.Fatal(err)
	}
	const once = `url: "synth:number?frames=60&fps=50&size=96x96", at_end: stop, speed: max`
	r := startWatch(t, fmt.Sprintf(`
defaults: {cuts: "off"}
cameras:
  - {name: plain, %s}
  - {name: merged, %s, label_map: %q}
  - {name: traced, url: "synth:number?frames=100000&fps=20&size=96x96", label_map: %q, trace: [Rare, "1"]}
`, once, once, path, path), byNumber, withoutPictures)
	flips := 0
	for n := uint32(1); n < 60; n++ {
		if groupOf(n) != groupOf(n-1) {
			flips++
		}
	}
	if flips < 5 || flips == flipsOfNumbers(60) {
		t.Fatalf("%d flips of groups show nothing", flips)
	}
	o := r.observation("traced")
	if len(o.Traced) != 2 || o.Traced[0].Label != "rare" || o.Traced[1].Label != "even" {
		t.Errorf("traced %+v", o.Traced)
	}
	// Groups score as their best member; the script gives one class .9, all
	// others .01.
	for _, c := range o.Traced {
		want := 0.01
		if c.Label == o.Label.Label {
			want = 0.9
		}
		if diff := float64(c.Score) - want; diff < -1e-3 || diff > 1e-3 {
			t.Errorf("%s: score %v beside the label %s", c.Label, c.Score, o.Label.Label)
		}
	}
	for _, trouble := range []struct{ new, why string }{
		{`trace: [zebra]`, "is not a class of scripted"},
		{`label_map: nowhere.yaml`, "label_map: "},
	} {
		before := r.scrape()["flipmeter_config_reloads_total result=refused"]
		r.change(`trace: [Rare, "1"]`, trouble.new)
		r.eventually("it is refused", func() bool { return r.scrape()["flipmeter_config_reloads_total result=refused"] == before+1 })
		if text := r.log.String(); !strings.Contains(text, "camera traced: ") || !strings.Contains(text, trouble.why) {
			t.Errorf("nothing says %q:\n%s", trouble.why, text)
		}
		text, err := os.ReadFile(r.config)
		if err == nil {
			err = os.WriteFile(r.config, []byte(strings.Replace(string(text), trouble.new, `trace: [Rare, "1"]`, 1)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.eventually("all frames", func() bool { return r.tape.observations("plain") == 60 && r.tape.observations("merged") == 60 })
	r.end()
	published := r.stored()
	for camera, want := range map[string]int{"plain": flipsOfNumbers(60), "merged": flips} {
		identity := ""
		for _, f := range published[camera] {
			identity = f.Identity
			if grouped := strings.Contains("rare even odd", f.To.Label); grouped != (camera == "merged") {
				t.Errorf("%s: a flip to %s", camera, f.To.Label)
			}
		}
		if len(published[camera]) != want {
			t.Errorf("%s: %d flips, want %d", camera, len(published[camera]), want)
		}
		if camera == "merged" {
			for _, f := range published["plain"] {
				if f.Identity == identity {
					t.Fatal("the identity does not tell the label map")
				}
			}
		}
	}
}

// Labels that come in messages are merged, too, by track; and ignored ones
// are gaps.
func TestWatchMergesLabelsOfMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(path, []byte("groups: [{name: vehicle, members: [car, truck]}]\nignore: [noise]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startWatch(t, fmt.Sprintf("cameras:\n  - {name: gate, url: 'nats:', label_map: %q}\n", path), nil, noModel(t))
	r.eventually("it hears", func() bool { return r.states("gate", "up") > 0 })
	nc := connect(t, r.nats)
	labels := []string{"car", "truck", "bus", "car", "noise", "truck", "truck"}
	for i, label := range labels {
		for _, track := range []string{"a", "b"} {
			text, err := json.Marshal(said{track, uint64(i), label, 0.9})
			if err == nil {
				err = nc.Publish(bus.InSubject("local", "gate"), text)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	r.eventually("all are counted", func() bool {
		return sum(r.gather(), "flipmeter_messages_total camera=gate outcome=accepted") == 2*len(labels)
	})
	r.end()
	values := r.gather()
	// vehicle vehicle bus vehicle – vehicle vehicle: 4 pairs, 2 flips, 1 gap.
	for what, want := range map[string]int{
		"flipmeter_pairs_total camera=gate": 2 * 4, "flipmeter_flips_total camera=gate": 2 * 2, "flipmeter_pair_breaks_total camera=gate reason=gap": 2 * 1,
	} {
		if got := sum(values, what); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	for _, f := range r.stored()["gate"] {
		if s := f.From.Label + " " + f.To.Label; s != "vehicle bus" && s != "bus vehicle" {
			t.Errorf("a flip %s", s)
		}
	}
	// Sums need what messages don't have.
	if err := os.WriteFile(path, []byte("scores: sum\ngroups: [{name: vehicle, members: [car, truck]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustNotStart(t, r.config, "use scores: max")
}
