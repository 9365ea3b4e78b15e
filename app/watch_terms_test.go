package app_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/app"
)

// refused changes the file and waits until the change is refused, with a
// reason.
func (r *watchRig) refused(old, new, reason string) {
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
	said := func() int {
		n := 0
		for _, line := range strings.Split(r.log.String(), "\n") {
			if strings.Contains(line, "usage:") { // it is no command that somebody typed
				r.t.Errorf("the log says %s", line)
			}
			if strings.Contains(line, "is refused") && strings.Contains(line, reason) {
				n++
			}
		}
		return n
	}
	before := said()
	r.reload <- syscall.SIGHUP
	r.eventually("the change is refused: "+reason, func() bool { return said() > before })
	if err := os.WriteFile(r.config, text, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// get asks as somebody and tells the status.
func (r *watchRig) get(path, name, password string) int {
	r.t.Helper()
	req, err := http.NewRequest("GET", r.web+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if name != "" {
		req.SetBasicAuth(name, password)
	}
	res, err := (&http.Client{Timeout: watchPatience, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// Rules, receivers and users change while an alert fires: it goes on, under
// its id, and no camera is opened anew but for a window that it lacks.
func TestWatchTakesOtherTerms(t *testing.T) {
	first, second := newHook(t), newHook(t)
	rule := "{name: Flicker, metric: flips, window: 2s, fire_above: 0, keep_firing_for: 10m, min_pairs: 3}"
	hooks := fmt.Sprintf("{name: pager, url: %q, secret: s3cret}", first.URL)
	r := startWatch(t, `
defaults: {cuts: "off"}
cameras:
  - {name: made, url: "synth:number?frames=6000&fps=20&size=96x96"}
`, byNumber, func(o *app.WatchOptions) {
		text, err := os.ReadFile(o.Config)
		if err != nil {
			t.Fatal(err)
		}
		with := fmt.Sprintf(`nats: {listen: "127.0.0.1:0"}, alerts: {builtin: false, remind_every: 1s, rules: [%s], webhooks: [%s]}}`, rule, hooks)
		if err := os.WriteFile(o.Config, []byte(strings.Replace(string(text), `nats: {listen: "127.0.0.1:0"}}`, with, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	r.eventually("the webhook is told", func() bool { return first.heard() == "made Flicker firing" })
	firing, _ := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", "")
	if len(firing) != 1 {
		t.Fatalf("alerts %+v", firing)
	}
	opened := func() int { return strings.Count(r.log.String(), "msg=opened") }
	before := opened()

	// What is wrong changes nothing.
	r.refused("metric: flips", "metric: flops", "metric: must be one of")
	r.refused("name: pager", "name: pager, nonsense: 1", "unknown key")
	r.refused(hooks, hooks+", "+hooks, "another receiver is called pager")

	// Another receiver, and another rule of a window that is there.
	r.rewrite(hooks, hooks+fmt.Sprintf(", {name: second, url: %q, secret: s3cret}", second.URL))
	r.rewrite(rule, rule+", {name: Never, metric: flips, window: 1m, fire_above: 1000000}")
	r.eventually("the new receiver hears of what fires", func() bool { return second.heard() == "made Flicker firing" })
	if now, _ := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", ""); len(now) != 1 || now[0].ID != firing[0].ID {
		t.Errorf("after the change %+v fires, before %+v", now, firing)
	}
	if got := first.heard(); got != "made Flicker firing" {
		t.Errorf("the receiver of before heard %s", got)
	}
	if n := opened(); n != before {
		t.Errorf("the camera was opened %d times more", n-before)
	}
	if _, text := ask[any](r, "GET", "/api/v1/configuration", ""); !strings.Contains(text, "Never") || strings.Contains(text, "s3cret") {
		t.Errorf("the configuration in force is said to be %s", text)
	}

	// A window that nobody needed so far: the camera is opened anew.
	r.rewrite("window: 1m, fire_above: 1000000", "window: 7s, fire_above: 0")
	r.eventually("the rule with the new window fires", func() bool { return strings.Contains(first.heard(), "made Never firing") })
	if n := opened(); n != before+1 {
		t.Errorf("the camera was opened %d times more, want once", n-before)
	}

	// A rule goes: what it told is over, once.
	r.rewrite(rule+", ", "")
	r.eventually("the alert of the rule that is gone is over", func() bool {
		return strings.Count(first.heard(), "made Flicker resolved") == 1 && strings.Count(second.heard(), "made Flicker resolved") == 1
	})

	// Users: who looked without has to show who he is now.
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	open, err := (&http.Client{Transport: transport}).Get(r.web + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Body.Close()
	hash, err := bcrypt.GenerateFromPassword([]byte("viewer-password"), 10)
	if err != nil {
		t.Fatal(err)
	}
	r.refused(`web: {listen: "127.0.0.1:0"`, `web: {listen: "127.0.0.1:0", users: [{name: vera, role: viewer, password: plain}]`, "must be a bcrypt hash")
	r.rewrite(`web: {listen: "127.0.0.1:0"`, fmt.Sprintf(`web: {listen: "127.0.0.1:0", users: [{name: vera, role: viewer, password: %q}]`, hash))
	if _, err := open.Body.Read(make([]byte, 1)); err == nil {
		buf := make([]byte, 4096)
		for err == nil {
			_, err = open.Body.Read(buf) // to its end, or the test ends
		}
	}
	for _, c := range []struct {
		path, name, password string
		want                 int
	}{
		{"/api/v1/cameras", "", "", 401}, {"/api/v1/cameras", "vera", "viewer-password", 200}, {"/api/v1/configuration", "vera", "viewer-password", 403}, {"/healthz", "", "", 200},
	} {
		if got := r.get(c.path, c.name, c.password); got != c.want {
			t.Errorf("%s as %q: %d, want %d", c.path, c.name, got, c.want)
		}
	}
	// Without users again, and the address said to be another one.
	r.rewrite("reload: 0s", "shutdown: 9s, reload: 0s")
	if !strings.Contains(r.log.String(), "need a restart") {
		t.Error("it does not say that a change needs a restart")
	}
	r.end()
	if strings.Contains(r.log.String(), "s3cret") || strings.Contains(r.log.String(), string(hash)) {
		t.Errorf("a secret is in the log:\n%s", r.log)
	}
}
