package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const watchFile = `
watch: {data: /var/lib/flipmeter}
cameras:
  - name: door
    url: rtsp://10.0.0.7/main
    user: viewer
    password: secret
    fps: 5
    measures: {windows: [5s]}
  - {name: yard-2, url: "synth:square"}
defaults:
  fps: 10
  measures: {min_score: 0.7}
`

func TestCamerasBeginWithTheDefaults(t *testing.T) {
	c, err := Parse("w.yaml", []byte(watchFile))
	if err != nil {
		t.Fatal(err)
	}
	door, yard := c.Cameras[0].Settings, c.Cameras[1].Settings
	if door.FPS != 5 || yard.FPS != 10 || door.Measures.MinScore != 0.7 || yard.Measures.MinScore != 0.7 ||
		len(door.Measures.Windows) != 1 || len(yard.Measures.Windows) != 3 || door.ReadTimeout != 10*time.Second {
		t.Errorf("door %+v\nyard %+v", door, yard)
	}
}

func TestWatchProblems(t *testing.T) {
	for text, want := range map[string]string{
		"cameras: [{url: a}]":                                                 "c.yaml:1: cameras[0].name: is missing",
		"cameras: [{name: a}]":                                                "c.yaml:1: cameras[0].url: either this or url_file must be given",
		"cameras: [{name: a, url: b, url_file: c}]":                           "cameras[0].url: either this or url_file",
		"cameras: [{name: a, url: b}, {name: a, url: c}]":                     "cameras[1].name: another camera is called a",
		"cameras: [{name: a, url: b, windov: 3}]":                             "cameras[0].windov: unknown key",
		"cameras: [{name: a, url: b, password: c}]":                           "cameras[0].password: goes with user",
		"cameras: [{name: a, url: b, roi: 1}]":                                "cameras[0].roi: must be x,y,w,h",
		"cameras: [{name: a, url: b, model: {input_size: 0}}]":                "cameras[0].model.input_size: must be a size in pixels",
		"cameras:\n- {name: a, url: b, stall_after: 1m}":                      "c.yaml:2: cameras[0].stall_after: must not be above read_timeout (10s), got 1m",
		"defaults: {fps: -1}":                                                 "defaults.fps: must be at least 0",
		"watch: {web: {listen: \"0.0.0.0:80\"}}":                              "watch.web.listen: open to other machines: give users or a token",
		"watch: {web: {listen: \"80\"}}":                                      "watch.web.listen: must be host:port",
		"watch: {nats: {listen: \"[::]:4222\"}}":                              "watch.nats.listen: open to other machines",
		"watch: {nats: {url: \"nats://h:4222\"}}":                             "",
		"watch: {nats: {url: \"nats://h:4222\", listen: \"127.0.0.1:5222\"}}": "watch.nats.listen: is of the embedded server",
		"cameras:\n- {name: a, url: b, fsp: 1}\n- {name: a, url: c}":          "c.yaml:2: cameras[0].fsp: unknown key, did you mean fps?\nc.yaml:3: cameras[1].name: another camera is called a",
		"cameras: [{name: a, url: b, window: 5s}]":                            "cameras[0].window: unknown key here, did you mean cameras[0].measures.windows?",
		"cameras: [{name: a, url: b, min_scroe: 1}]":                          "cameras[0].min_scroe: unknown key here, did you mean cameras[0].measures.min_score?",
		"\ufeffcameras: [{name: a, url: b}]":                                  "",
		"cameras: [{name: \"\", url: a}]":                                     "cameras[0].name: must not be empty",
		"cameras: [{name: \" a\", url: a}]":                                   "cameras[0].name: must not begin or end with a blank, got \" a\"",
		"cameras: [{name: \"a\\u202eb\", url: a}, {name: \"a\\nb\", url: a}, {name: Entrée 入口, url: a}]": `cameras[0].name: must hold nothing that can't be seen, got "a\u202eb"`,
		"cameras: [{name: " + strings.Repeat("é", 41) + ", url: a}]":                                     "cameras[0].name: must have at most 80 bytes, got 82",
		"cameras: [{name: " + strings.Repeat("é", 40) + ", url: a}]":                                     "",
		"cameras: [{name: \"a/b\", url: a}, {name: \"..\", url: a}, {name: A/b, url: a}]":                "",
		"cameras: [{name: a, url: \"mqtt:\"}]":                                                           "c.yaml:1: cameras[0].url: mqtt: needs watch.mqtt.listen",
		"cameras: [{name: a, url: \"nats:\"}]\nwatch: {nats: {url: \"\"}}":                               "c.yaml:1: cameras[0].url: nats: needs watch.nats.url",
		"watch: {web: {users: [{name: a b, role: viewer, password: kanarie}, {name: a, role: admni, token: 5f2c}, {name: a, token: x, password: y}]}}": "c.yaml:1: watch.web.users[0].name: must be 1 to 64 letters, digits, or . _ @ -, got \"a b\"\n" +
			"c.yaml:1: watch.web.users[0].password: must be a bcrypt hash",
		"watch: {web: {users: [{name: a, role: admni, token: 5f2c}, {name: a, token: x, password: y}]}}": "c.yaml:1: watch.web.users[0].role: must be one of viewer, admin, got \"admni\", did you mean admin?\n" +
			"c.yaml:1: watch.web.users[0].token: must be the SHA-256 of the token, 64 hexadecimal digits, as flipmeter config hash makes it, not the token itself\n" +
			"c.yaml:1: watch.web.users[1].name: another user is called a\n" +
			"c.yaml:1: watch.web.users[1].role: must be viewer or admin\n" +
			"c.yaml:1: watch.web.users[1].password: either this or token must be given",
		"watch: {web: {token: a, token_file: b}}":               "watch.web.token_file: is in place of token",
		"watch: {nats: {user: a, password_file: b}}":            "",
		"watch: {web: {listen: \"\"}}":                          "",
		"watch: {web: {listen: \"0.0.0.0:80\", token_file: b}}": "",
	} {
		_, err := Parse("c.yaml", []byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestPrintedCamerasAreReadBack(t *testing.T) {
	c, err := Parse("w.yaml", []byte(watchFile))
	if err != nil {
		t.Fatal(err)
	}
	text := show(t, c)
	if strings.Contains(text, "secret\"") || !strings.Contains(text, `password: "***"`) {
		t.Errorf("printed\n%s", text)
	}
	again, err := Parse("again.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if got := show(t, again); got != text {
		t.Errorf("printed again\n%s\nfirst\n%s", got, text)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c := Default()
	c.Watch.Web.TokenFile = file("token", "abc\n")
	c.Watch.NATS.User, c.Watch.NATS.PasswordFile = "u", file("nats", " def ")
	c.Cameras = []Camera{{Name: "a", URLFile: file("url", "rtsp://h/p\n")}, {Name: "b", URL: "x", User: "v", PasswordFile: file("pw", "ghi")}}
	if err := c.ReadSecrets(); err != nil {
		t.Fatal(err)
	}
	if c.Watch.Web.Token != "abc" || c.Watch.NATS.Password != "def" || c.Cameras[0].URL != "rtsp://h/p" || c.Cameras[1].Password != "ghi" {
		t.Errorf("%+v", c)
	}
	c.Cameras[0].URLFile = filepath.Join(dir, "missing")
	c.Cameras[1].PasswordFile = file("empty", "\n")
	err := c.ReadSecrets()
	if err == nil || !strings.Contains(err.Error(), "cameras[0].url_file: stat") || !strings.Contains(err.Error(), "cameras[1].password_file: ") {
		t.Error(err)
	}
}
