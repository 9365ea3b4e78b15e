package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

// examine runs the doctor and finds a check by its name.
func examine(t *testing.T, o DoctorOptions) (find func(name string) *Check, text string, err error) {
	t.Helper()
	if o.Home == "" {
		o.Home = t.TempDir()
	}
	o.Tool, o.JSON = "flipmeter test", true
	var out bytes.Buffer
	err = Doctor(context.Background(), o, Streams{Out: &out})
	var f Findings
	if jsonErr := json.Unmarshal(out.Bytes(), &f); jsonErr != nil {
		t.Fatalf("%v (%v): %s", jsonErr, err, out.String())
	}
	if f.Schema != "flipmeter.doctor/v1" || f.Tool != "flipmeter test" || f.Home != o.Home || f.OK != (err == nil) {
		t.Errorf("%+v, %v", f, err)
	}
	return func(name string) *Check {
		for i, c := range f.Checks {
			if c.Name == name {
				return &f.Checks[i]
			}
		}
		t.Errorf("no check %q in %s", name, out.String())
		return &Check{}
	}, out.String(), err
}

func TestDoctorNamesWhatIsMissing(t *testing.T) {
	t.Setenv("ONNXRUNTIME_SHARED_LIBRARY_PATH", "/nowhere/libonnxruntime.so")
	find, _, err := examine(t, DoctorOptions{})
	if err == nil || !strings.Contains(err.Error(), "a model") || !strings.Contains(err.Error(), "ONNX Runtime") {
		t.Errorf("error %v", err)
	}
	if c := find("a model"); c.Status != StatusMissing || c.Mend != "flipmeter models pull inception-resnet-v2" {
		t.Errorf("%+v", c)
	}
	if c := find("ONNX Runtime"); c.Status != StatusMissing || c.Mend == "" || c.Detail == "" {
		t.Errorf("%+v", c)
	}
	if c := find("embedded server"); c.Status != StatusOK || c.Version == "" {
		t.Errorf("%+v", c)
	}
}

// The broker's answer is what counts, and credentials show nowhere.
func TestDoctorLooksAtTheBroker(t *testing.T) {
	plain, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	plain.Start()
	defer plain.Shutdown()
	if !plain.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server without JetStream does not start")
	}
	full := natstest.Listen(t)
	for url, want := range map[string]Check{
		full.URL():                       {Status: StatusOK},
		plain.ClientURL():                {Status: StatusMissing, Mend: "start nats-server with -js, and allow it to this user"},
		"nats://user:canary@127.0.0.1:9": {Status: StatusMissing, Mend: "start the server, or use --nats embedded"},
	} {
		find, text, _ := examine(t, DoctorOptions{NATS: url})
		c := find("broker")
		if c.Status != want.Status || c.Mend != want.Mend || (c.Status == StatusOK) != (c.Version != "" && want.Mend == "") {
			t.Errorf("%s: %+v", url, c)
		}
		if strings.Contains(text, "canary") {
			t.Errorf("a password is in %s", text)
		}
	}
}

func TestDoctorFollowsTheConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flipmeter.yaml")
	if err := os.WriteFile(path, []byte("analyze: {model: {name: my-network}, nats: {url: \"nats://127.0.0.1:9\"}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	find, _, _ := examine(t, DoctorOptions{Config: path})
	if c := find("model my-network"); c.Status != StatusMissing {
		t.Errorf("%+v", c)
	}
	if c := find("broker"); c.Status != StatusMissing {
		t.Errorf("%+v", c)
	}
	if err := os.WriteFile(path, []byte("analyze: {modell: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Doctor(context.Background(), DoctorOptions{Config: path, Home: t.TempDir()}, Streams{}); !errors.Is(err, ErrUsage) {
		t.Errorf("a wrong file: %v", err)
	}
}

func TestDoctorInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Doctor(ctx, DoctorOptions{Home: t.TempDir()}, Streams{Out: new(bytes.Buffer)}); !errors.Is(err, ErrInterrupted) {
		t.Error(err)
	}
}

func TestDoctorDevices(t *testing.T) {
	var d doctor
	d.devices(fstest.MapFS{"dev/video0": {}, "dev/video2": {}, "dev/vide": {}},
		onnx.Machine{Processor: "P", Floats: []string{"bf16"}, GPUs: []string{"NVIDIA L4"}, Driver: "570.86.15"})
	var got []string
	for _, c := range d.Checks {
		got = append(got, strings.Join([]string{string(c.Status), c.Name, c.Version, c.Path}, "|"))
	}
	if want := "ok|processors|P| ok|GPU|NVIDIA L4| ok|camera||/dev/video0 ok|camera||/dev/video2"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	d.Tool, d.Home = "flip\x1b[31mmeter", "/home"
	var text bytes.Buffer
	if err := d.writeText(&text); err != nil || strings.Contains(text.String(), "\x1b") || !strings.Contains(text.String(), "compute in bf16") {
		t.Errorf("%v: %q", err, text.String())
	}
}

// Of a file with cameras, their models and brokers are looked at, as the
// environment has them; the model of an analysis may then be missing.
func TestDoctorLooksAtWhatCamerasNeed(t *testing.T) {
	full := natstest.Listen(t, natstest.MQTT)
	path := filepath.Join(t.TempDir(), "flipmeter.yaml")
	write := func(mqtt string) {
		t.Helper()
		text := "watch: {nats: {url: \"nats://127.0.0.1:9\"}, mqtt: {url: \"" + mqtt + "\"}}\n" + `
cameras:
  - {name: a, url: "synth:square", model: {name: mine}}
  - {name: b, url: "synth:square", model: {name: mine}}
  - {name: c, url: "mqtt:frigate/events"}
`
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(full.MQTTURL())
	find, _, err := examine(t, DoctorOptions{Config: path})
	if err == nil {
		t.Error("nothing is missing")
	}
	if c := find("a model"); c.Status != StatusAbsent {
		t.Errorf("%+v", c)
	}
	if c := find("model mine"); c.Area != "watch" || c.Status != StatusMissing || !strings.HasPrefix(c.Detail, "of 2 cameras: ") {
		t.Errorf("%+v", c)
	}
	if c := find("NATS broker"); c.Status != StatusMissing || c.Mend == "" {
		t.Errorf("%+v", c)
	}
	if c := find("MQTT broker"); c.Status != StatusOK || !strings.HasPrefix(c.Detail, "127.0.0.1:") {
		t.Errorf("%+v", c)
	}
	write("mqtt://user:canary@127.0.0.1:9")
	find, text, _ := examine(t, DoctorOptions{Config: path, Environ: []string{"FLIPMETER_WATCH_NATS_URL=" + full.URL()}})
	if c := find("NATS broker"); c.Status != StatusOK || c.Version == "" {
		t.Errorf("%+v", c)
	}
	if c := find("MQTT broker"); c.Status != StatusMissing || c.Mend == "" {
		t.Errorf("%+v", c)
	}
	if strings.Contains(text, "canary") {
		t.Error("a password is shown")
	}
}
