package configs

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/ingest/messages"
	"github.com/flipmeter/flipmeter/ingest/messages/mqtt"
	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// Prefixes of the addresses of cameras whose labels come in messages.
const (
	NATSPrefix = "nats:"
	MQTTPrefix = "mqtt:"
)

// MQTT says where cameras with mqtt: addresses hear their labels.
type MQTT struct {
	Listen string `yaml:"listen" doc:"Address on which the embedded NATS server takes MQTT, as host:port; needs nats.url embedded. Anything but this machine needs a user with a password, here or in nats. Its certificate is that of nats. Empty: no MQTT."`
	URL    string `yaml:"url" secret:"url" doc:"Address of your own broker in its place, as mqtt://host:1883 or mqtts://host:8883; better no credentials in it but in the keys below."`

	User         string `yaml:"user" doc:"User name, with password: what flipmeter shows your broker, or what clients of listen must show."`
	Password     string `yaml:"password" secret:"true" doc:"Password of the user."`
	PasswordFile string `yaml:"password_file" doc:"File that holds the password, in its place."`
	ClientID     string `yaml:"client_id" doc:"Begin of the client ids at your broker; random digits follow. Each camera is a client."`

	CAFile   string `yaml:"ca_file" doc:"PEM file of the authority that signed your broker's certificate. Empty: the system's authorities."`
	CertFile string `yaml:"cert_file" doc:"PEM file of the client's certificate, with key_file."`
	KeyFile  string `yaml:"key_file" doc:"PEM file of the client's key."`
}

// Messages says how the messages of a camera whose url begins with nats: or
// mqtt: are read.
type Messages struct {
	Mode string  `yaml:"mode" enum:"labels|changes" doc:"What is told: labels (one for each picture that was classified) or changes (a label only when it differs; it holds until the next one). changes needs fps."`
	FPS  float64 `yaml:"fps" min:"0" max:"1000" doc:"Labels a second that the sender makes, told or not. With changes, pairs are counted by it; with labels, neighbours are told by it where there is no seq. 0: not known."`

	Label string `yaml:"label" doc:"Where the label is: payload (all of it), topic:2 (a level of the topic, from 1), or a path in JSON as after.label, objects[0].type, [\"odd.key\"]."`
	Score string `yaml:"score" doc:"Where its score is. Missing or null: not known. Empty: nowhere, as with every such key."`
	Track string `yaml:"track" doc:"Where the name of the object is: each is a stream of its own, so that two cars before one camera are no flips."`
	Seq   string `yaml:"seq" doc:"Where the number of the picture is, of its track. Missing: neighbours are told by time."`
	Time  string `yaml:"time" doc:"Where the time of the picture is: RFC 3339, or seconds, ms, µs or ns since 1970, told by their size. Missing: the time of arrival."`

	Top      string `yaml:"top" doc:"Where the best labels are: a list, or an object of label: score."`
	TopLabel string `yaml:"top_label" doc:"Where an element of top has its label."`
	TopScore string `yaml:"top_score" doc:"Where an element of top has its score."`

	Each     string `yaml:"each" doc:"A list each of whose elements is an observation. The other paths begin at the element then, or with $. at the top of the payload."`
	Camera   string `yaml:"camera" doc:"Where the message says which camera it is about, for topics that several share. Empty: all are about this one."`
	CameraIs string `yaml:"camera_is" doc:"What it says for this camera. Empty: its name."`

	Only []string `yaml:"only" doc:"Conditions that a message must meet to count, as after.false_positive=false, state!=unavailable, or after.sub_label[0] (it is there)."`
	End  string   `yaml:"end" doc:"Condition that the track has ended, as type=end. Empty: it ends when idle."`
	None []string `yaml:"none" doc:"Labels that stand for none, as unavailable: a gap."`

	ScoreMax float64       `yaml:"score_max" above:"0" doc:"Score of certainty: 100 for percents."`
	Stride   uint64        `yaml:"stride" min:"1" max:"100000" doc:"By how much seq goes on from one picture to the next."`
	Gap      time.Duration `yaml:"gap" min:"0s" doc:"Largest distance of neighbours where there is no seq. 0s: 1.5 intervals of fps, and without fps of the usual interval, which takes eight labels to know."`
	Idle     time.Duration `yaml:"idle" min:"0s" doc:"Silence that ends a track, or a held label, and after which a camera without tracks counts as stalled. 0s: 10s; with changes 10m for tracks, and never without."`
	MaxSkew  time.Duration `yaml:"max_skew" above:"0s" max:"24h" doc:"How far a message's time may be from this machine's; further, and it is dropped."`

	MaxRate   float64          `yaml:"max_rate" above:"0" max:"1000000" doc:"Messages a second, of other cameras on the same topic included; as many may come at once after a second of silence. More are dropped."`
	MaxBytes  strictyaml.Bytes `yaml:"max_bytes" min:"64B" max:"1MiB" doc:"Largest payload."`
	MaxTracks int              `yaml:"max_tracks" min:"1" max:"4096" doc:"Tracks at a time. Each needs memory; messages of more are dropped."`
	MaxLabels int              `yaml:"max_labels" min:"1" max:"100000" doc:"Different labels since the start of the camera; messages with more are dropped."`
}

func defaultMessages() Messages {
	return Messages{
		Mode: "labels", Label: "label", Score: "score", Track: "track", Seq: "seq", Time: "time", Top: "top", TopLabel: "label", TopScore: "score",
		ScoreMax: 1, Stride: 1, MaxSkew: time.Minute, MaxRate: 1000, MaxBytes: 64 << 10, MaxTracks: 64, MaxLabels: 1000,
	}
}

// Intake is how messages of a camera of this name are taken.
func (m *Messages) Intake(camera string) messages.Config {
	is := m.CameraIs
	if is == "" {
		is = camera
	}
	return messages.Config{
		Mapping: messages.Mapping{
			Each: m.Each, Camera: m.Camera, CameraIs: is, Track: m.Track, Label: m.Label, Score: m.Score, Seq: m.Seq, Time: m.Time,
			Top: m.Top, TopLabel: m.TopLabel, TopScore: m.TopScore, Only: m.Only, End: m.End, None: m.None,
			ScoreMax: m.ScoreMax, MaxSkew: m.MaxSkew,
		},
		Changes: m.Mode == "changes", FPS: m.FPS, Stride: m.Stride, Gap: m.Gap, Idle: m.Idle,
		MaxTracks: m.MaxTracks, MaxLabels: m.MaxLabels, MaxRate: m.MaxRate, MaxBytes: int(m.MaxBytes),
	}
}

// Validate checks the expressions and what goes together.
func (m *Messages) Validate() error {
	var errs []error
	if _, err := messages.NewMapper(m.Intake("").Mapping); err != nil {
		errs = append(errs, err)
	}
	if m.Mode == "changes" && m.FPS == 0 {
		errs = append(errs, errors.New("fps: must be given with mode changes: how often the sender makes up its mind, told or not"))
	}
	return errors.Join(errs...)
}

// Validate checks the addresses.
func (m *MQTT) Validate() error {
	var errs []error
	check := func(ok bool, text string) {
		if !ok {
			errs = append(errs, errors.New(text))
		}
	}
	if err := checkListen(m.Listen); err != nil {
		errs = append(errs, fmt.Errorf("listen: %w", err))
	}
	if m.URL != "" {
		if _, _, _, err := mqtt.ParseURL(m.URL); err != nil {
			errs = append(errs, fmt.Errorf("url: %w", err))
		}
	}
	check(m.Listen == "" || m.URL == "", "url: is in place of listen, give one of them")
	check((m.User == "") == (m.Password == "" && m.PasswordFile == ""), "user: goes with password")
	check(m.Password == "" || m.PasswordFile == "", "password_file: is in place of password, give one of them")
	check((m.CertFile == "") == (m.KeyFile == ""), "cert_file: goes with key_file")
	return errors.Join(errs...)
}

// Validate checks what sections need of one another.
func (w *Watch) Validate() error {
	m, n := &w.MQTT, &w.NATS
	switch {
	case m.Listen == "":
	case n.URL != Embedded:
		return errors.New("mqtt: listen: is of the embedded server, set watch.nats.url to embedded, or give url")
	case checkListen(m.Listen) == nil && !loopback(m.Listen) && m.User == "" && n.User == "" && n.Token == "" && n.TokenFile == "":
		return errors.New("mqtt: listen: open to other machines: give a user with a password, or listen on 127.0.0.1")
	}
	return nil
}

// InMessages says whether the camera's labels come in messages, and over
// what.
func (c *Camera) InMessages() (prefix, topic string, ok bool) {
	for _, prefix := range [...]string{NATSPrefix, MQTTPrefix} {
		if topic, ok := strings.CutPrefix(c.URL, prefix); ok {
			return prefix, topic, true
		}
	}
	return "", "", false
}

// checkTopic says what is wrong with where messages are expected.
func (c *Camera) checkTopic() error {
	prefix, topic, ok := c.InMessages()
	if !ok || topic == "" {
		return nil
	}
	if strings.HasPrefix(topic, "//") {
		return errors.New("url: holds a subject or topic, as nats:cameras.door or mqtt:frigate/events; the broker's address is watch.nats.url, or watch.mqtt.url")
	}
	separator, one, rest := "/", "+", "#"
	if prefix == NATSPrefix {
		separator, one, rest = ".", "*", ">"
	}
	levels := strings.Split(topic, separator)
	for i, level := range levels {
		switch {
		case strings.ContainsAny(level, " \t\r\n\x00"), level == "" && prefix == NATSPrefix:
			return fmt.Errorf("url: must be a subject or topic without blanks and empty levels, got %q", topic)
		case level == rest && i < len(levels)-1, len(level) > 1 && strings.ContainsAny(level, one+rest):
			return fmt.Errorf("url: %s stands for a whole level, and %s for all that follow, at the end: got %q", one, rest, topic)
		}
	}
	if prefix == NATSPrefix && (levels[0] == "flipmeter" && (len(levels) < 2 || levels[1] != "in") || levels[0] == one || levels[0] == rest || strings.HasPrefix(levels[0], "$") || levels[0] == "_INBOX") {
		return fmt.Errorf("url: %q holds what flipmeter or the broker says itself", topic)
	}
	if prefix == MQTTPrefix && (levels[0] == one || levels[0] == rest || strings.HasPrefix(levels[0], "$") || levels[0] == "flipmeter" && (len(levels) < 2 || levels[1] != "in")) {
		return fmt.Errorf("url: %q holds what flipmeter or the broker says itself: begin with the topic's first level", topic)
	}
	return nil
}

// CheckBrokers says which cameras have no broker to hear, of those, too, whose
// address came from a file (see ReadSecrets).
func (c *Config) CheckBrokers() error {
	var errs []error
	for i := range c.Cameras {
		switch prefix, _, _ := c.Cameras[i].InMessages(); {
		case prefix == NATSPrefix && c.Watch.NATS.URL == "":
			errs = append(errs, fmt.Errorf("cameras[%d].url: nats: needs watch.nats.url", i))
		case prefix == MQTTPrefix && c.Watch.MQTT.URL == "" && c.Watch.MQTT.Listen == "":
			errs = append(errs, fmt.Errorf("cameras[%d].url: mqtt: needs watch.mqtt.listen, or the address of your broker in watch.mqtt.url", i))
		}
	}
	return errors.Join(errs...)
}
