package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/webhook"
	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/web/board"
)

const canaryPassword = "kanarienvogel"

// hook is a webhook's server.
type hook struct {
	*httptest.Server
	mu  sync.Mutex
	got []string
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if webhook.Verify("s3cret", r.Header, body, time.Now(), time.Hour) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		var b webhook.Body
		_ = json.Unmarshal(body, &b)
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, a := range b.Alerts {
			h.got = append(h.got, fmt.Sprintf("%s %s %s", a.Camera, a.Rule, a.State))
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) heard() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.got, ", ")
}

// ask makes a request of the API and decodes the answer.
func ask[T any](r *watchRig, method, path, body string) (v T, text string) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.web+path, strings.NewReader(body))
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
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		r.t.Fatalf("%s %s: %s, %v: %s", method, path, res.Status, err, b)
	}
	if strings.Contains(string(b), canaryPassword) {
		r.t.Errorf("%s %s tells a password: %s", method, path, b)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(b, &v); err != nil {
			r.t.Fatalf("%s: %v: %s", path, err, b)
		}
	}
	return v, string(b)
}

// withAlerts gives the configuration rules and receivers, and none that is built
// in.
func withAlerts(t *testing.T, section string) func(*app.WatchOptions) {
	t.Helper()
	return func(o *app.WatchOptions) {
		text, err := os.ReadFile(o.Config)
		if err != nil {
			t.Fatal(err)
		}
		const nats = `nats: {listen: "127.0.0.1:0"}`
		with := nats + ", alerts: {builtin: false, " + section + "}"
		if err := os.WriteFile(o.Config, []byte(strings.Replace(string(text), nats, with, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A camera flickers: the page shows it, a webhook is told, once, and a
// restart in the middle of it changes nothing.
func TestWatchIsOperated(t *testing.T) {
	h := newHook(t)
	operate := withAlerts(t, fmt.Sprintf(`
  rules: [{name: Flicker, metric: flips, window: 2s, fire_above: 0, keep_firing_for: 10m, min_pairs: 3}],
  webhooks: [{name: pager, url: %q, secret: s3cret}]`, h.URL+"/"+canaryPassword))
	r := startWatch(t, `
defaults: {cuts: "off"}
cameras:
  - {name: made, url: "synth:number?frames=600&fps=20&size=96x96"}
  - {name: gone, url: "rtsp://127.0.0.1:1/x", user: meter, password: `+canaryPassword+`}
`, byNumber, operate)
	r.eventually("the webhook is told", func() bool { return h.heard() == "made Flicker firing" })

	if _, page := ask[any](r, "GET", "/", ""); !strings.Contains(page, "<title>flipmeter</title>") {
		t.Errorf("/ is %.200s", page)
	}
	r.eventually("a picture of the camera and of a flip", func() bool {
		c, _ := ask[board.Detail](r, "GET", "/api/v1/cameras/made", "")
		return c.State == "up" && c.Label != nil && c.Picture > 0 && len(c.Flips) > 0 && c.Flips[len(c.Flips)-1].Pictures
	})
	if list, text := ask[[]board.Camera](r, "GET", "/api/v1/cameras", ""); len(list) != 2 {
		t.Errorf("cameras %s", text)
	}
	if list, text := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", ""); len(list) != 1 || list[0].Camera != "made" {
		t.Errorf("alerts %s", text)
	}
	for _, path := range []string{"/api/v1/configuration", "/api/v1/system", "/api/v1/flips", "/api/v1/history/windows", "/api/v1/history/alerts", "/metrics", "/readyz"} {
		ask[any](r, "GET", path, "")
	}
	r.hearsUpdates()
	if s, _ := ask[alerts.Silence](r, "POST", "/api/v1/silences", `{"rule":"Other","duration_s":3600,"comment":"later"}`); s.ID == "" {
		t.Error("a silence without an id")
	}

	r.end() // with a page that listens
	again := startWatch(t, "", byNumber, func(o *app.WatchOptions) { o.Config = r.config })
	again.eventually("frames after the restart", func() bool { return again.tape.observations("made") > 100 })
	if list, text := ask[[]alerts.Silence](again, "GET", "/api/v1/silences", ""); len(list) != 1 || list[0].Comment != "later" {
		t.Errorf("silences after the restart: %s", text)
	}
	if list, text := ask[[]alerts.Alert](again, "GET", "/api/v1/alerts", ""); len(list) != 1 {
		t.Errorf("alerts after the restart: %s", text)
	}
	if past, text := ask[[]alerts.Notice](again, "GET", "/api/v1/history/alerts", ""); len(past) != 1 {
		t.Errorf("told in the past: %s", text)
	}
	again.end()
	if got := h.heard(); got != "made Flicker firing" {
		t.Errorf("the webhook heard %s", got)
	}
	for _, log := range []*lockedBuffer{r.log, again.log} {
		if strings.Contains(log.String(), canaryPassword) {
			t.Errorf("a password is in the log:\n%s", log)
		}
	}
}

// hearsUpdates reads server-sent events until a camera's comes.
func (r *watchRig) hearsUpdates() {
	r.t.Helper()
	transport := &http.Transport{}
	res, err := (&http.Client{Transport: transport}).Get(r.web + "/api/v1/events")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = res.Body.Close(); transport.CloseIdleConnections() })
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() == "event: camera" {
			return
		}
	}
	r.t.Errorf("no update of a camera: %v", lines.Err())
}
