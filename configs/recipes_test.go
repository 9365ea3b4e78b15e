package configs

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/ingest/messages"
	"github.com/flipmeter/flipmeter/stability"
)

// recorded is a message as a broker would hand it over. The payloads are made
// up, in the shape that the senders' documentation and source give.
type recorded struct {
	AtMs     int             `json:"at_ms"`
	Topic    string          `json:"topic"`
	Payload  json.RawMessage `json:"payload"`
	Text     string          `json:"text"` // in place of payload
	Retained bool            `json:"retained"`
}

// heardNotes writes down what an intake tells, held labels excepted.
type heardNotes struct {
	lines    []string
	classes  *messages.Classes
	outcomes map[messages.Outcome]int
}

func (n *heardNotes) Observe(track string, o *stability.Observation, _ time.Time, held bool) {
	if held {
		return
	}
	label := "-"
	if o.Label != stability.NoLabel {
		label = n.classes.Name(o.Label)
	}
	n.lines = append(n.lines, strings.TrimSpace(fmt.Sprintf("%s %s %.2f %s", track, label, o.Score, o.Break)))
}
func (n *heardNotes) End(track string)           { n.lines = append(n.lines, track+" ends") }
func (n *heardNotes) Message(o messages.Outcome) { n.outcomes[o]++ }

// Every recipe of docs/messages.md is a valid configuration, and reads what
// its sender sends.
func TestRecipesReadTheirSenders(t *testing.T) {
	doc, err := os.ReadFile("../docs/messages.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"frigate-classification": "closed NaN|open NaN|- NaN|closed NaN| ends",
		"frigate-events":         "a-1 lena 0.51|b-2 post 0.80|a-1 rosa 0.77|a-1 ends|b-2 ends",
		"home-assistant":         "cat NaN|dog NaN|- NaN|dog NaN| ends",
		"deepstream":             "3 sedan 0.90|4 truck 0.70|3 sedan 0.80|3 suv 0.60 gap|3 ends|4 ends",
		"deepstream-minimal":     "7 Car NaN|9 Person NaN|7 Car NaN|9 Bag NaN|7 Car NaN gap|7 ends|9 ends",
	}
	dropped := map[string]string{
		"frigate-events": "map[accepted:3 ended:1 order:1 other_camera:1 skipped:2]",
		"deepstream":     "map[accepted:4 other_camera:1 skipped:1]",
	}
	recipes := regexp.MustCompile("(?s)<!-- recipe: ([a-z-]+) -->\n```yaml\n(.*?)```").FindAllStringSubmatch(string(doc), -1)
	if len(recipes) != len(want) {
		t.Fatalf("%d recipes, want %d", len(recipes), len(want))
	}
	for _, r := range recipes {
		name := r[1]
		cfg, err := Parse(name, []byte(r[2]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := cfg.CheckBrokers(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cam := cfg.Cameras[0]
		begin := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
		notes := &heardNotes{classes: messages.NewClasses(100), outcomes: map[messages.Outcome]int{}}
		in, err := messages.New(cam.Settings.Messages.Intake(cam.Name), notes.classes, begin.Add(-time.Minute), notes)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, filter, _ := cam.InMessages()
		at := begin
		for _, m := range readRecorded(t, name) {
			if m.Topic != filter {
				t.Errorf("%s: a message on %s, heard is %s", name, m.Topic, filter)
			}
			at = begin.Add(time.Duration(m.AtMs) * time.Millisecond)
			payload := []byte(m.Payload)
			if m.Text != "" {
				payload = []byte(m.Text)
			}
			in.Tick(at.Add(-time.Microsecond))
			in.Message(&messages.Message{Topic: m.Topic, Payload: payload, Retained: m.Retained, Received: at})
		}
		for k := range 64 { // tracks end in the order of their names
			if in.Tracks() == 0 {
				break
			}
			in.Tick(at.Add(time.Duration(k) * 20 * time.Second))
		}
		in.Close(at.Add(time.Hour))
		if got := strings.Join(notes.lines, "|"); sorted(got) != sorted(want[name]) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want[name])
		}
		if got := fmt.Sprint(notes.outcomes); dropped[name] != "" && got != dropped[name] {
			t.Errorf("%s: %s, want %s", name, got, dropped[name])
		}
	}
}

// sorted puts the ends of tracks, which come in any order, into one.
func sorted(lines string) string {
	list := strings.Split(lines, "|")
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if strings.HasSuffix(list[i], " ends") && strings.HasSuffix(list[j], " ends") && list[j] < list[i] {
				list[i], list[j] = list[j], list[i]
			}
		}
	}
	return strings.Join(list, "|")
}

func readRecorded(t *testing.T, name string) (out []recorded) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "messages", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		var m recorded
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, m)
	}
	if s.Err() != nil || len(out) == 0 {
		t.Fatalf("%s: %d messages, %v", name, len(out), s.Err())
	}
	return out
}
