package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/flipmeter/flipmeter/app"
)

// Passwords that stand in a camera's address, in its path, in what it is
// asked for, or beside it, and in the address of a receiver of alerts, are
// nowhere to be found: not in what the API, the metrics and the health checks
// answer, not in logs, not in messages, not in any file of the data folder.
func TestPasswordsAreNowhere(t *testing.T) {
	secret := func(n int) string { return fmt.Sprintf("%s%d", canaryPassword, n) }
	r := startWatch(t, fmt.Sprintf(`
defaults: {cuts: "off"}
cameras:
  - {name: made, url: "synth:number?frames=600&fps=20&size=96x96"}
  - {name: inside, url: "rtsp://meter:%s@127.0.0.1:1/x"}
  - {name: query, url: "http://127.0.0.1:1/mjpg?user=me&pwd=%s"}
  - {name: beside, url: "rtsp://127.0.0.1:1/y", user: meter, password: %s}
  - {name: sub, url: "rtsp://127.0.0.1:1/z", substream: "rtsp://meter:%s@127.0.0.1:1/z"}
`, secret(1), secret(2), secret(3), secret(4)), byNumber, func(o *app.WatchOptions) {
		text, err := os.ReadFile(o.Config)
		if err != nil {
			t.Fatal(err)
		}
		with := fmt.Sprintf(`nats: {listen: "127.0.0.1:0"}, alerts: {remind_every: 1s, rules: [{name: Gone, metric: up, fire_below: 1}],
  webhooks: [{name: pager, url: "http://127.0.0.1:1/%s", secret: %s}], alertmanagers: [{name: am, url: "http://127.0.0.1:1", user: me, password: %s}]}}`, secret(5), secret(6), secret(7))
		if err := os.WriteFile(o.Config, []byte(strings.Replace(string(text), `nats: {listen: "127.0.0.1:0"}}`, with, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	nothingIn := func(where string, b []byte) {
		t.Helper()
		if i := bytes.Index(b, []byte(canaryPassword)); i >= 0 {
			t.Errorf("%s tells a password: …%s…", where, b[max(0, i-80):min(len(b), i+40)])
		}
	}
	conn, err := nats.Connect(r.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	all, err := conn.SubscribeSync("flipmeter.>")
	if err != nil {
		t.Fatal(err)
	}
	r.eventually("cameras are lost, receivers fail", func() bool {
		for _, c := range []string{"inside", "query", "beside", "sub"} {
			if r.states(c, "backoff")+r.states(c, "failed") == 0 { // failed: without OpenCV
				return false
			}
		}
		return strings.Count(r.log.String(), "could not be delivered") >= 2 && r.tape.observations("made") > 40
	})

	// Whatever can be asked for.
	_, text := ask[any](r, "GET", "/api/v1/openapi.json", "")
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	asked := 0
	paths := []string{"/", "/metrics", "/readyz", "/healthz"}
	for path, methods := range doc.Paths {
		if methods["get"] != nil && !strings.HasSuffix(path, "/events") && !strings.Contains(path, "{flip}") {
			for _, camera := range []string{"inside", "query", "beside", "sub"} {
				paths = append(paths, strings.ReplaceAll(path, "{camera}", camera))
				if !strings.Contains(path, "{camera}") {
					break
				}
			}
		}
	}
	client := &http.Client{Timeout: watchPatience, Transport: &http.Transport{DisableKeepAlives: true}}
	for _, path := range paths {
		res, err := client.Get(r.web + path)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == http.StatusOK {
			asked++
		}
		nothingIn("GET "+path, b.Bytes())
	}
	if asked < 15 {
		t.Errorf("only %d of %d addresses answered", asked, len(paths))
	}

	states := 0
	for {
		m, err := all.NextMsg(200 * time.Millisecond)
		if err != nil {
			break
		}
		if strings.HasSuffix(m.Subject, ".state") || strings.HasSuffix(m.Subject, ".alert") {
			states++
		}
		nothingIn(m.Subject, m.Data)
		if states > 20 {
			break
		}
	}
	if states == 0 {
		t.Error("no state and no alert was published")
	}

	r.end()
	nothingIn("the log", []byte(r.log.String()))
	files := 0
	err = filepath.WalkDir(filepath.Join(filepath.Dir(r.config), "data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		nothingIn(path, b)
		files++
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files, %v", files, err)
	}
}
