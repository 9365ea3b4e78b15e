package app_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/web/board"
)

// status makes a request of the API and tells how it went.
func (r *watchRig) status(method, path, body string) int {
	r.t.Helper()
	req, err := http.NewRequest(method, r.web+"/api/v1/cameras"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := (&http.Client{Timeout: watchPatience, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func (r *watchRig) mustAnswer(want int, method, path, body string) {
	r.t.Helper()
	if got := r.status(method, path, body); got != want {
		r.t.Errorf("%s %s %s answers %d, want %d", method, path, body, got, want)
	}
}

// change changes the configuration file and asks for it to be read.
func (r *watchRig) change(old, new string) {
	r.t.Helper()
	text, err := os.ReadFile(r.config)
	if err != nil {
		r.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		r.t.Fatalf("no %q in %s", old, text)
	}
	if err := os.WriteFile(r.config, []byte(strings.Replace(string(text), old, new, 1)), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.reload <- syscall.SIGHUP
}

// rewrite changes it and waits until it is in force.
func (r *watchRig) rewrite(old, new string) {
	r.t.Helper()
	const said = "the changed configuration is in force"
	before := strings.Count(r.log.String(), said)
	r.change(old, new)
	r.eventually("the configuration is in force", func() bool { return strings.Count(r.log.String(), said) > before })
}

// mayAdd lets the API add cameras.
func mayAdd(t *testing.T) func(*app.WatchOptions) {
	return func(o *app.WatchOptions) {
		o.DecodeEnv = []string{decodeVariable + "=1"}
		text, err := os.ReadFile(o.Config)
		if err == nil {
			err = os.WriteFile(o.Config, []byte(strings.Replace(string(text), `web: {listen: "127.0.0.1:0"}`, `web: {listen: "127.0.0.1:0", may_add_cameras: true}`, 1)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A paused camera is not looked at, stays paused over a reload that changes
// it, and nothing is compared over the pause.
func TestPauseAndResume(t *testing.T) {
	r := startWatch(t, `
defaults: {cuts: "off"}
cameras:
  - {name: made, url: "synth:number?frames=100000&fps=50&size=96x96", queue_size: 3}
  - {name: other, url: "synth:number?frames=100000&fps=50&size=96x96"}
`, byNumber)
	r.eventually("frames", func() bool { return r.tape.observations("made") > 10 && r.tape.observations("other") > 10 })
	r.mustAnswer(http.StatusNoContent, "POST", "/made/pause", "")
	r.mustAnswer(http.StatusConflict, "POST", "/made/pause", "")
	r.mustAnswer(http.StatusNotFound, "POST", "/nobody/pause", "")
	if n := r.states("made", "paused"); n != 1 {
		t.Errorf("listeners heard of %d pauses", n)
	}
	paused := r.tape.observations("made")
	r.eventually("the pages say so", func() bool {
		c, _ := ask[board.Detail](r, "GET", "/api/v1/cameras/made", "")
		return c.State == "paused"
	})
	if v := r.scrape()["flipmeter_source_state camera=made state=paused"]; v != 1 {
		t.Errorf("the metric of the state paused is %v", v)
	}
	r.rewrite("queue_size: 3", "queue_size: 4")
	others := r.tape.observations("other")
	r.eventually("the other camera goes on", func() bool { return r.tape.observations("other") > others+20 })
	if n := r.tape.observations("made"); n != paused {
		t.Errorf("%d frames were looked at during the pause", n-paused)
	}

	var first *event.Event
	r.tape.get(func(p *tape) {
		p.onSeen = func(ev *event.Event) {
			if first == nil && ev.Camera == "made" {
				copied := *ev
				first = &copied
			}
		}
	})
	r.mustAnswer(http.StatusNoContent, "POST", "/made/resume", "")
	r.mustAnswer(http.StatusConflict, "POST", "/made/resume", "")
	r.eventually("frames after the pause", func() bool { return r.tape.observations("made") > paused+10 })
	r.tape.get(func(*tape) {
		if first == nil || first.Pair || first.Flip {
			t.Errorf("the first frame after the pause: %+v", first)
		}
	})
	c, _ := ask[board.Detail](r, "GET", "/api/v1/cameras/made", "")
	if c.State != "up" {
		t.Errorf("state %s after the pause", c.State)
	}
}

// Cameras are added and taken away over the API, if that is allowed.
func TestAddAndRemoveCameras(t *testing.T) {
	r := startWatch(t, `
cameras:
  - {name: made, url: "synth:number?frames=100000&fps=20&size=96x96", queue_size: 3}
`, byNumber, mayAdd(t))
	extra := fmt.Sprintf(`{"name":"extra","source":"rtsp://meter:%s@127.0.0.1:1/x"}`, canaryPassword)
	r.mustAnswer(http.StatusCreated, "POST", "", extra)
	r.mustAnswer(http.StatusConflict, "POST", "", extra)
	r.mustAnswer(http.StatusBadRequest, "POST", "", `{"name":"disk","source":"file:///etc/passwd"}`)
	r.mustAnswer(http.StatusBadRequest, "POST", "", `{"name":"list","source":"http://127.0.0.1/a.m3u8"}`)
	r.eventually("the camera is tried", func() bool { return r.states("extra", "connecting") > 0 })
	r.rewrite("queue_size: 3", "queue_size: 4")
	if list, text := ask[[]board.Camera](r, "GET", "/api/v1/cameras", ""); len(list) != 2 {
		t.Errorf("after a reload there are %s", text)
	}
	r.mustAnswer(http.StatusBadRequest, "DELETE", "/made", "") // it is in the file
	r.mustAnswer(http.StatusNoContent, "DELETE", "/extra", "")
	r.mustAnswer(http.StatusNotFound, "DELETE", "/extra", "")
	if list, text := ask[[]board.Camera](r, "GET", "/api/v1/cameras", ""); len(list) != 1 || list[0].Name != "made" {
		t.Errorf("after the removal there are %s", text)
	}
	for name := range r.scrape() {
		if strings.Contains(name, "camera=extra") {
			t.Errorf("%s outlives its camera", name)
		}
	}
	r.end()
	if strings.Contains(r.log.String(), canaryPassword) {
		t.Errorf("a password is in the log:\n%s", r.log)
	}
}

func TestAddingNeedsPermission(t *testing.T) {
	r := startWatch(t, `
cameras:
  - {name: made, url: "synth:number?frames=100000&fps=20&size=96x96"}
`, byNumber)
	r.mustAnswer(http.StatusForbidden, "POST", "", `{"name":"extra","source":"rtsp://127.0.0.1:1/x"}`)
	r.mustAnswer(http.StatusForbidden, "DELETE", "/made", "")
}
