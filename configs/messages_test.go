package configs

import (
	"strings"
	"testing"
)

func TestMessageProblemsSayWhere(t *testing.T) {
	text := `watch:
  mqtt: {url: "http://x"}
cameras:
  - name: a
    url: "mqtt:frigate/#/x"
    messages:
      lable: x
      mode: changed
      label: a..b
      only: ["=x"]
  - name: b
    url: "nats:flipmeter.v1.>"
    messages:
      mode: changes
  - {name: c, url: "mqtt://broker/topic"}
  - {name: d, url: "nats:a b"}
  - {name: e, url: "mqtt:#"}
`
	_, err := Parse("f.yaml", []byte(text))
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, want := range []string{
		"f.yaml:2: watch.mqtt.url: must be an address as mqtt://host:1883",
		"f.yaml:5: cameras[0].url: + stands for a whole level",
		"f.yaml:7: cameras[0].messages.lable: unknown key, did you mean label?",
		"f.yaml:8: cameras[0].messages.mode: must be one of labels, changes",
		"f.yaml:9: cameras[0].messages.label: must have a key between dots",
		"f.yaml:10: cameras[0].messages.only[0]: must name a value",
		"f.yaml:12: cameras[1].url: \"flipmeter.v1.>\" holds what flipmeter",
		"f.yaml:14: cameras[1].messages.fps: must be given with mode changes",
		"cameras[2].url: holds a subject or topic",
		"cameras[3].url: must be a subject or topic without blanks",
		"cameras[4].url: \"#\" holds what flipmeter",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	for text, want := range map[string]string{
		"watch: {nats: {url: ''  , listen: ''}}\ncameras: [{name: a, url: 'nats:x'}]": "cameras[0].url: nats: needs watch.nats.url",
		"cameras: [{name: a, url: 'mqtt:x'}]":                                         "cameras[0].url: mqtt: needs watch.mqtt.listen",
	} {
		if _, err := Parse("f.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	// An address from a file is known later.
	c, err := Parse("f.yaml", []byte("cameras: [{name: a, url_file: x}]"))
	if err != nil {
		t.Fatal(err)
	}
	c.Cameras[0].URL = "mqtt:x"
	if err := c.CheckBrokers(); err == nil || !strings.Contains(err.Error(), "cameras[0].url: mqtt: needs watch.mqtt.listen") {
		t.Error(err)
	}
	for _, text := range []string{
		"watch: {mqtt: {listen: \"0.0.0.0:1883\"}}", "watch: {mqtt: {listen: \"127.0.0.1:1\"}, nats: {url: \"nats://x:1\", listen: \"\"}}", "watch: {mqtt: {listen: \"127.0.0.1:1\", url: \"mqtt://x\"}}",
	} {
		if _, err := Parse("f.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "watch.mqtt") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
