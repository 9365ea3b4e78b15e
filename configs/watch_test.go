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
		"cameras: [{url: a}]":                                   "c.yaml:1: cameras[0].name: is missing",
		"cameras: [{name: a}]":                                  "c.yaml:1: cameras[0].url: either this or url_file must be given",
		"cameras: [{name: a, url: b, url_file: c}]":             "cameras[0].url: either this or url_file",
		"cameras: [{name: a, url: b}, {name: a, url: c}]":       "cameras[1].name: another camera is called a",
		"cameras: [{name: a, url: b, windov: 3}]":               "cameras[0].windov: unknown key",
		"cameras: [{name: a, url: b, password: c}]":             "cameras[0].password: goes with user",
		"cameras: [{name: a, url: b, roi: 1}]":                  "cameras[0].roi: must be x,y,w,h",
		"cameras:\n- {name: a, url: b, stall_after: 1m}":        "c.yaml:2: cameras[0].stall_after: must not be above read_timeout (10s), got 1m",
		"defaults: {fps: -1}":                                   "defaults.fps: must be at least 0",
		"watch: {web: {listen: \"0.0.0.0:80\"}}":                "watch.web.listen: open to other machines: give users or a token",
		"watch: {web: {listen: \"80\"}}":                        "watch.web.listen: must be host:port",
		"watch: {nats: {listen: \"[::]:4222\"}}":                "watch.nats.listen: open to other machines",
		"watch: {nats: {url: \"nats://h:4222\"}}":               "watch.nats.listen: is of the embedded server",
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

func TestEnvironment(t *testing.T) {
	load := func() *Config {
		c, err := Parse("w.yaml", []byte(watchFile))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := load()
	err := c.ApplyEnvironment([]string{
		"FLIPMETER_WATCH_NATS_URL=nats://broker:4222", "FLIPMETER_WATCH_NATS_LISTEN=", "FLIPMETER_CAMERAS_DOOR_PASSWORD=0123",
		"FLIPMETER_CAMERAS_YARD_2_MEASURES_WINDOWS=[1s, 2s]", "FLIPMETER_CAMERAS_YARD_2_READ_TIMEOUT=20s",
		"FLIPMETER_DEFAULTS_FPS=3", "FLIPMETER_HOME=/somewhere", "PATH=/bin", "FLIPMETER_ANALYZE_TABLES=csv",
	})
	if err != nil {
		t.Error(err)
	}
	if c.Cameras[0].Password != "0123" || c.Cameras[0].Name != "door" || len(c.Cameras[1].Settings.Measures.Windows) != 2 ||
		c.Cameras[1].Settings.ReadTimeout != 20*time.Second || c.Defaults.FPS != 3 || c.Analyze.Tables != "csv" || c.Watch.NATS.URL != "nats://broker:4222" {
		t.Errorf("%+v", c)
	}
	for pair, want := range map[string]string{
		"FLIPMETER_WATCH_NATS_ULR=x":             "FLIPMETER_WATCH_NATS_ULR: stands for no key, did you mean FLIPMETER_WATCH_NATS_URL?",
		"FLIPMETER_CAMERAS_DOOR_FPS=fast":        `FLIPMETER_CAMERAS_DOOR_FPS:2: fps: must be a number, got "fast"`,
		"FLIPMETER_CAMERAS_DOOR_STALL_AFTER=20s": "stall_after: must not be above read_timeout",
		"FLIPMETER_CAMERAS_GARDEN_FPS=3":         "stands for no key",
		"FLIPMETER_WATCH_SESSIONS=2\nreload: 1h": "FLIPMETER_WATCH_SESSIONS",
	} {
		if err := load().ApplyEnvironment([]string{pair}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", pair, err, want)
		}
	}
}
