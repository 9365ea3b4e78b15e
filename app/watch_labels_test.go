package app_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go"

	"github.com/flipmeter/flipmeter/app"
)

// said is one label of a script, for the track that says it.
type said struct {
	Track string  `json:"track,omitempty"`
	Seq   uint64  `json:"seq"`
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// script makes labels of tracks that interleave, with numbers left out, and
// counts by hand what must come of them.
func script(tracks ...string) (all []said, pairs, flips, gaps int) {
	names := [...]string{"car", "truck", "bus"}
	for n := range uint64(120) {
		for t, track := range tracks {
			if n%17 == uint64(5+t) { // lost on the way
				continue
			}
			label := names[(n/7+uint64(t))%3]
			if n%13 == 6 {
				label = names[t%3]
			}
			all = append(all, said{track, n, label, 0.9})
		}
	}
	last := map[string]said{}
	for _, s := range all {
		before, seen := last[s.Track]
		last[s.Track] = s
		switch {
		case !seen:
		case before.Seq+1 != s.Seq:
			gaps++
		default:
			pairs++
			if before.Label != s.Label {
				flips++
			}
		}
	}
	return all, pairs, flips, gaps
}

// mqttClient is a client of somebody else.
func mqttClient(t *testing.T, address string) paho.Client {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + u.Host).SetClientID("sender").SetConnectTimeout(watchPatience).SetAutoReconnect(false))
	done(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func done(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(watchPatience) || token.Error() != nil {
		t.Fatalf("mqtt: %v", token.Error())
	}
}

// mqttURL is where the embedded server takes MQTT.
func (r *watchRig) mqttURL() string {
	r.t.Helper()
	m := regexp.MustCompile(`labels: (mqtt://\S+)`).FindStringSubmatch(r.log.String())
	if m == nil {
		r.t.Fatalf("no address for labels\n%s", r.log)
	}
	return m[1]
}

func withMQTT(o *app.WatchOptions) { o.Environ = []string{"FLIPMETER_WATCH_MQTT_LISTEN=127.0.0.1:0"} }

// noModel fails if somebody opens one: labels from elsewhere need none.
func noModel(t *testing.T) func(*app.WatchOptions) {
	return func(o *app.WatchOptions) {
		o.OpenModel = nil
		o.Home = t.TempDir()
	}
}

// sum is the sum of a metric over what its labels begin with.
func sum(values map[string]float64, prefix string) (n int) {
	for key, v := range values {
		if strings.HasPrefix(key, prefix) {
			n += int(v)
		}
	}
	return n
}

// Published flips, flips that listeners are told, flips in the metrics, and
// flips that were scripted are the same, over both brokers' ways in.
func TestWatchHearsLabels(t *testing.T) {
	r := startWatch(t, "cameras:\n  - {name: yard, url: 'mqtt:'}\n  - {name: gate, url: 'nats:plant.*.labels', messages: {label: label}}\n", nil, withMQTT, noModel(t))
	r.eventually("both hear", func() bool { return r.states("yard", "up") > 0 && r.states("gate", "up") > 0 })
	all, pairs, flips, gaps := script("a", "b", "c")
	if flips < 20 || gaps < 10 {
		t.Fatalf("a poor script: %d flips, %d gaps", flips, gaps)
	}
	sender := mqttClient(t, r.mqttURL())
	nc, err := nats.Connect(r.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, s := range all {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		done(t, sender.Publish("flipmeter/in/v1/local/yard", 1, false, text))
		if err := nc.Publish("plant.north.labels", text); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []string{"yard", "gate"} {
		r.eventually("all arrived at "+c, func() bool { return r.tape.observations(c) == len(all) })
	}
	r.end() // tracks end, so that every flip gets its kind
	before, published := r.gather(), r.stored()
	for _, c := range []string{"yard", "gate"} {
		if got := len(published[c]); got != flips {
			t.Errorf("%s: %d flips published, scripted %d", c, got, flips)
		}
		for id, f := range published[c] {
			if !f.Final || f.Kind == "pending" || f.Track == "" {
				t.Errorf("%s: flip %s is not told to its end: %+v", c, id, f)
			}
		}
		var told int
		r.tape.get(func(p *tape) { told = p.flips[c] })
		if told != flips {
			t.Errorf("%s: listeners were told of %d flips, scripted %d", c, told, flips)
		}
		for what, want := range map[string]int{
			"flipmeter_flips_total camera=" + c: flips,
			"flipmeter_pairs_total camera=" + c: pairs, "flipmeter_pair_breaks_total camera=" + c + " reason=gap": gaps,
			"flipmeter_messages_total camera=" + c + " outcome=accepted": len(all), "flipmeter_messages_total camera=" + c: len(all),
		} {
			if got := sum(before, what); got != want {
				t.Errorf("%s: %d, want %d", what, got, want)
			}
		}
	}
}

// Nothing that is wrong changes anything, and each is counted by what is
// wrong with it.
func TestWatchRefusesForgedMessages(t *testing.T) {
	r := startWatch(t, `cameras:
  - {name: gate, url: 'nats:plant.labels', messages: {camera: cam, max_tracks: 2, max_labels: 3, max_bytes: 200B, max_rate: 50, idle: 10m}}
`, nil, noModel(t))
	r.eventually("it hears", func() bool { return r.states("gate", "up") > 0 })
	nc, err := nats.Connect(r.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	good := `{"cam":"gate","label":"car","score":0.5,"seq":1,"track":"a"}`
	cases := map[string][]string{
		"accepted":        {good},
		"order":           {good},
		"other_camera":    {`{"cam":"other","label":"car"}`},
		"malformed":       {`no json`, `{"cam":"gate"}`, `{"label":"car"}`, `{"cam":"gate","label":"car"} x`},
		"wrong_type":      {`{"cam":"gate","label":{}}`, `{"cam":"gate","label":"car","score":"high"}`, `{"cam":"gate","label":"car","score":7}`, `{"cam":"gate","label":"car","seq":-1}`, `{"cam":"gate","label":"a\u0000b"}`},
		"wrong_time":      {`{"cam":"gate","label":"car","time":1}`, `{"cam":"gate","label":"car","time":"2100-01-01T00:00:00Z"}`},
		"too_large":       {`{"cam":"gate","label":"car","x":"` + strings.Repeat("x", 200) + `"}`},
		"too_many_tracks": {`{"cam":"gate","label":"car","track":"c"}`},
		"too_many_labels": {`{"cam":"gate","label":"l4","seq":9,"track":"a"}`},
	}
	send := func(text string) {
		t.Helper()
		if err := nc.Publish("plant.labels", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	send(good)
	send(`{"cam":"gate","label":"l2","seq":1,"track":"b"}`)
	send(`{"cam":"gate","label":"l3","seq":2,"track":"b"}`)
	for outcome, texts := range cases {
		if outcome == "accepted" {
			continue
		}
		for _, text := range texts {
			send(text)
		}
	}
	count := func(outcome string) int {
		return sum(r.gather(), "flipmeter_messages_total camera=gate outcome="+outcome)
	}
	for outcome, texts := range cases {
		want := len(texts)
		if outcome == "accepted" {
			want = 3
		}
		r.eventually(outcome, func() bool { return count(outcome) == want })
	}
	if n := r.tape.observations("gate"); n != 3 {
		t.Errorf("%d observations, want 3", n)
	}
	const many = 3000
	for range many {
		send(good)
	}
	r.eventually("the flood is counted", func() bool { return count("flood") > many/2 && count("flood")+count("order") >= many })
	if n := r.tape.observations("gate"); n != 3 {
		t.Errorf("%d observations after the flood, want 3", n)
	}
}

func connect(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}
