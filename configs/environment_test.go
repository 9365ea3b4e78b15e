package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEnvironment(t *testing.T) {
	c, err := parseWith("w.yaml", []byte(watchFile), []string{
		"FLIPMETER_WATCH_NATS_URL=nats://broker:4222", "FLIPMETER_CAMERAS_DOOR_PASSWORD=0123",
		"FLIPMETER_CAMERAS_YARD_2_MEASURES_WINDOWS=[1s, 2s]", "FLIPMETER_CAMERAS_YARD_2_READ_TIMEOUT=20s",
		"FLIPMETER_HOME=/somewhere", "PATH=/bin", "FLIPMETER_ANALYZE_TABLES=csv",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Cameras[0].Password != "0123" || c.Cameras[0].Name != "door" || len(c.Cameras[1].Settings.Measures.Windows) != 2 ||
		c.Cameras[1].Settings.ReadTimeout != 20*time.Second || c.Analyze.Tables != "csv" || c.Watch.NATS.URL != "nats://broker:4222" {
		t.Errorf("%+v", c)
	}
}

// What defaults say is what cameras begin with, whether it stands in the file
// or in the environment.
func TestEnvironmentOfDefaults(t *testing.T) {
	environ := []string{
		"FLIPMETER_DEFAULTS_FPS=3", "FLIPMETER_DEFAULTS_MEASURES_MIN_SCORE=0.4", "FLIPMETER_DEFAULTS_STRIDE=2",
		"FLIPMETER_CAMERAS_YARD_2_STRIDE=4",
	}
	for text, doorFPS := range map[string]float64{
		watchFile: 5,
		"cameras: [{name: door, url: a, fps: 5}, {name: yard-2, url: b}]":                               5,
		"cameras: [{name: door, url: a}, {name: yard-2, url: b}]":                                       3,
		"defaults: {fps: 9, open_timeout: 4s}\ncameras: [{name: door, url: a}, {name: yard-2, url: b}]": 3,
	} {
		c, err := parseWith("w.yaml", []byte(text), environ)
		if err != nil {
			t.Fatal(err)
		}
		door, yard := c.Cameras[0].Settings, c.Cameras[1].Settings
		if c.Defaults.FPS != 3 || door.FPS != doorFPS || yard.FPS != 3 || door.Stride != 2 || yard.Stride != 4 ||
			door.Measures.MinScore != 0.4 || yard.Measures.MinScore != 0.4 {
			t.Errorf("%s: door %v %v %v, yard %v %v", text, door.FPS, door.Stride, door.Measures.MinScore, yard.FPS, yard.Stride)
		}
	}
}

// Keys that need one another may both come from the environment, or one of
// them from the file.
func TestEnvironmentOfKeysTogether(t *testing.T) {
	for _, environ := range [][]string{
		{"FLIPMETER_WATCH_WEB_CERT_FILE=c", "FLIPMETER_WATCH_WEB_KEY_FILE=k"},
		{"FLIPMETER_CAMERAS_YARD_2_PASSWORD=p", "FLIPMETER_CAMERAS_YARD_2_USER=u"},
		{"FLIPMETER_CAMERAS_YARD_2_URL=", "FLIPMETER_CAMERAS_YARD_2_URL_FILE=u"},
		{"FLIPMETER_CAMERAS_YARD_2_READ_TIMEOUT=2s", "FLIPMETER_CAMERAS_YARD_2_STALL_AFTER=1s"},
		{"FLIPMETER_WATCH_WEB_LISTEN=0.0.0.0:80", "FLIPMETER_WATCH_WEB_TOKEN=t"},
		{"FLIPMETER_WATCH_MQTT_LISTEN=0.0.0.0:1883", "FLIPMETER_WATCH_NATS_TOKEN=t"},
		{"FLIPMETER_WATCH_NATS_URL="},
	} {
		if _, err := parseWith("w.yaml", []byte(watchFile), environ); err != nil {
			t.Errorf("%v: %v", environ, err)
		}
	}
	open := "watch: {web: {listen: 0.0.0.0:80}}\ncameras: [{name: a, url: \"mqtt:\"}]"
	if _, err := parseWith("w.yaml", []byte(open), []string{"FLIPMETER_WATCH_WEB_TOKEN=t", "FLIPMETER_WATCH_MQTT_URL=mqtt://h:1883"}); err != nil {
		t.Error(err)
	}
	if _, err := Parse("w.yaml", []byte(open)); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("without: %v", err)
	}
}

func TestEnvironmentProblems(t *testing.T) {
	const two = "cameras: [{name: front door, url: a}, {name: Front-Door, url: b}]"
	for _, c := range []struct{ file, pair, want string }{
		{watchFile, "FLIPMETER_WATCH_NATS_ULR=x", "FLIPMETER_WATCH_NATS_ULR: stands for no key, did you mean FLIPMETER_WATCH_NATS_URL?"},
		{watchFile, "FLIPMETER_CAMERAS_DOOR_FPS=fast", `FLIPMETER_CAMERAS_DOOR_FPS: must be a number, got "fast"`},
		{watchFile, "FLIPMETER_CAMERAS_DOOR_FPS=", `FLIPMETER_CAMERAS_DOOR_FPS: must be a number, got nothing`},
		{watchFile, "FLIPMETER_DEFAULTS_FPS=-1", `FLIPMETER_DEFAULTS_FPS: must be at least 0, got -1`},
		{watchFile, "FLIPMETER_DEFAULTS_MEASURES_WINDOWS=[1m, -1s]", `FLIPMETER_DEFAULTS_MEASURES_WINDOWS: windows[1]: must be above 0s`},
		{watchFile, "FLIPMETER_CAMERAS_DOOR_TRACE=[a", `FLIPMETER_CAMERAS_DOOR_TRACE: not YAML`},
		{watchFile, "FLIPMETER_CAMERAS_DOOR_STALL_AFTER=20s", "FLIPMETER_CAMERAS_DOOR_STALL_AFTER: cameras[0].stall_after: must not be above read_timeout (10s), got 20s"},
		{watchFile, "FLIPMETER_CAMERAS_GARDEN_FPS=3", "FLIPMETER_CAMERAS_GARDEN_FPS: stands for no key"},
		{watchFile, "FLIPMETER_WATCH_SESSIONS=2\nreload: 1h", "FLIPMETER_WATCH_SESSIONS: must be one line"},
		{watchFile, "FLIPMETER_WATCH_WEB_LISTEN=0.0.0.0:80", "FLIPMETER_WATCH_WEB_LISTEN: watch.web.listen: open to other machines"},
		{"cameras: []", "FLIPMETER_WATCH_WEB_LISTEN=0.0.0.0:80", "FLIPMETER_WATCH_WEB_LISTEN: watch.web.listen: open to other machines"},
		{"", "FLIPMETER_WATCH_MQTT_LISTEN=0.0.0.0:80", "FLIPMETER_WATCH_MQTT_LISTEN: watch.mqtt: listen: open to other machines"},
		{two, "FLIPMETER_CAMERAS_FRONT_DOOR_FPS=3", "FLIPMETER_CAMERAS_FRONT_DOOR_FPS: stands for cameras[0].fps and for cameras[1].fps: give one of the cameras another name"},
		{two, "FLIPMETER_DEFAULTS_FPS=3", ""},
		// A section of a camera, or the key of another with a longer name.
		{"cameras: [{name: a, url: a}, {name: a_messages, url: b}]", "FLIPMETER_CAMERAS_A_MESSAGES_FPS=3", "stands for cameras[0].messages.fps and for cameras[1].fps"},
	} {
		_, err := parseWith("w.yaml", []byte(c.file), []string{c.pair})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.pair, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error()+"\n", c.want) && !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", c.pair, err, c.want)
		}
	}
}

// Everything that is wrong is said at once, of the file and of variables.
func TestProblemsOfFileAndEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.yaml")
	text := "cameras:\n- {name: a, url: b, fsp: 3, stall_after: 1m}\n- {name: c, url: d}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadWith(path, []string{"FLIPMETER_CAMERAS_C_FPS=x", "FLIPMETER_CAMERAS_C_STALL_AFTER=2m", "FLIPMETER_WATCH_SHUTDOWN=-1s", "FLIPMETER_DEFAULTS_STALL_AFTER=15s"})
	if err == nil {
		t.Fatal("accepted")
	}
	want := []string{
		path + ":2: cameras[0].fsp: unknown key, did you mean fps?",
		path + ":2: cameras[0].stall_after: must not be above read_timeout (10s), got 1m0s",
		`FLIPMETER_CAMERAS_C_FPS: must be a number, got "x"`,
		"FLIPMETER_WATCH_SHUTDOWN: must be above 0s, got -1s",
		"FLIPMETER_DEFAULTS_STALL_AFTER: defaults.stall_after: must not be above read_timeout (10s), got 15s",
	}
	if got := strings.Split(err.Error(), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("said\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
	if _, err := LoadWith(filepath.Join(t.TempDir(), "none.yaml"), nil); err == nil {
		t.Error("a file that isn't there was read")
	}
	// A file that is no YAML says nothing of variables.
	if _, err := parseWith("w.yaml", []byte("a: ["), []string{"FLIPMETER_CAMERAS_A_FPS=1"}); err == nil || strings.Contains(err.Error(), "FLIPMETER") {
		t.Error(err)
	}
}
