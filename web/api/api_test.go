package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/web/access"
	"github.com/flipmeter/flipmeter/web/board"
)

// description is the OpenAPI document that the server gives, with a way to
// validate by its parts.
type description struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
}

func describe(t testing.TB, s *site) *description {
	t.Helper()
	resp, b := s.ask(t, access.Viewer, "GET", "/api/v1/openapi.json", "")
	if resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, b)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	d := &description{doc: v.(map[string]any), compiler: jsonschema.NewCompiler()}
	if err := d.compiler.AddResource("urn:openapi", v); err != nil {
		t.Fatal(err)
	}
	return d
}

func pointer(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		p = strings.NewReplacer("~", "~0", "/", "~1").Replace(p)
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}

// validate holds an answer against what is described for it.
func (d *description) validate(t testing.TB, method, path string, resp *http.Response, body []byte) {
	t.Helper()
	name := strings.ToLower(method) + " " + path
	op, _ := d.doc["paths"].(map[string]any)[path].(map[string]any)[strings.ToLower(method)].(map[string]any)
	if op == nil {
		t.Errorf("%s is not described", name)
		return
	}
	code := fmt.Sprint(resp.StatusCode)
	answer, _ := op["responses"].(map[string]any)[code].(map[string]any)
	if answer == nil {
		t.Errorf("%s: the answer %s is not described: %s", name, code, body)
		return
	}
	at := []string{"paths", path, strings.ToLower(method), "responses", code}
	if answer["$ref"] == "#/components/responses/Problem" {
		at = []string{"components", "responses", "Problem"}
		answer = d.doc["components"].(map[string]any)["responses"].(map[string]any)["Problem"].(map[string]any)
	}
	content, _ := answer["content"].(map[string]any)
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if content == nil {
		if len(body) > 0 {
			t.Errorf("%s %s: a body that is not described: %s", name, code, body)
		}
		return
	}
	if content[media] == nil {
		t.Errorf("%s %s: %q is not described", name, code, media)
		return
	}
	if !strings.HasSuffix(media, "json") {
		return
	}
	schema, err := d.compiler.Compile("urn:openapi#" + pointer(append(at, "content", media, "schema")...))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%s %s: %v\n%s", name, code, err, body)
	}
}

// fill puts names into a path.
func (s *site) fill(path string) string {
	return strings.NewReplacer("{camera}", "gate", "{flip}", s.flip, "{silence}", "none").Replace(path)
}

func bodyOf(r *route) string {
	switch r.body.(type) {
	case NewCamera:
		return `{"name":"gate","source":"rtsp://u:` + canary + `@cam/1"}`
	case NewSilence:
		return `{"camera":"gate","rule":"","duration_s":60,"comment":"why"}`
	}
	return ""
}

// Every route without and with each role: who may, who may not, and that the
// answer is as described.
func TestEveryRouteWithEveryRole(t *testing.T) {
	s := newSite(t)
	d := describe(t, s)
	described := 0
	for _, item := range d.doc["paths"].(map[string]any) {
		described += len(item.(map[string]any))
	}
	routes := s.api.routes()
	if described != len(routes) {
		t.Errorf("%d operations are described, %d are served", described, len(routes))
	}
	ids := map[string]bool{}
	for i := range routes {
		r := &routes[i]
		if ids[r.id] || r.role == access.Nobody || r.method != "GET" && r.role != access.Admin {
			t.Errorf("%s %s: id %s, role %s", r.method, r.path, r.id, r.role)
		}
		ids[r.id] = true
		for _, role := range []access.Role{access.Nobody, access.Viewer, access.Admin} {
			resp, body := s.ask(t, role, r.method, s.fill(prefix+r.path), bodyOf(r))
			want := r.status
			if strings.Contains(r.path, "{silence}") {
				want = 404
			}
			switch {
			case role == access.Nobody:
				want = 401
			case role < r.role:
				want = 403
			}
			if resp.StatusCode != want {
				t.Errorf("%s %s as %s: %d, want %d: %s", r.method, r.path, role, resp.StatusCode, want, body)
			}
			d.validate(t, r.method, prefix+r.path, resp, body)
			if cc := resp.Header.Get("Cache-Control"); !strings.Contains(cc, "no-store") && !strings.Contains(cc, "private") {
				t.Errorf("%s %s: Cache-Control %q", r.method, r.path, cc)
			}
			if bytes.Contains(body, []byte(canary)) {
				t.Errorf("%s %s: a password is in %s", r.method, r.path, body)
			}
		}
	}
	if got, want := strings.Join(s.controls.asked, ", "), "add gate, remove gate, pause gate, resume gate"; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
}

// Whatever changes something refuses what a page of another site makes an
// admin's browser send, and makes no change.
func TestEveryChangeRefusesOtherSites(t *testing.T) {
	s := newSite(t)
	tried := 0
	for _, r := range s.api.routes() {
		if r.method == http.MethodGet {
			continue
		}
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			req, err := http.NewRequestWithContext(t.Context(), r.method, s.URL+s.fill(prefix+r.path), strings.NewReader(bodyOf(&r)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer "+s.tokens[access.Admin])
			req.Header.Set(name, value)
			resp, err := s.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			tried++
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s with %s: %s answers %d", r.method, r.path, name, value, resp.StatusCode)
			}
		}
	}
	if tried < 8 || len(s.controls.asked) > 0 {
		t.Errorf("%d requests, which changed %v", tried, s.controls.asked)
	}
	if _, b := s.ask(t, access.Viewer, "GET", "/api/v1/silences", ""); strings.TrimSpace(string(b)) != "[]" {
		t.Errorf("silences: %s", b)
	}
}

func TestOtherMethodsAndPaths(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"PUT", "/api/v1/cameras", 405}, {"POST", "/api/v1/alerts", 405}, {"GET", "/api/v1/", 404}, {"GET", "/api/v1/nothing", 404},
		{"HEAD", "/api/v1/cameras", 200}, {"GET", "/api/v1/cameras/none", 404}, {"GET", "/api/v1/cameras/gate/flips/9-9/before", 404},
		{"GET", "/api/v1/cameras/..%2f..%2fetc%2fpasswd", 404}, {"GET", "/api/v1/cameras/gate/flips/..%2f..%2f../before", 404},
		{"GET", "/api/v1/cameras/%00", 404}, {"GET", "/api/v1/cameras/gate%0d%0aX-Evil:%201", 404},
		{"POST", "/api/v1/cameras/none/pause", 404}, {"POST", "/api/v1/cameras/busy/pause", 409}, {"POST", "/api/v1/cameras/broken/pause", 500},
		{"POST", "/api/v1/cameras/leaving/pause", 503}, {"DELETE", "/api/v1/cameras/leaving", 503},
	} {
		resp, body := s.ask(t, access.Admin, c.method, c.path, "")
		if resp.StatusCode != c.want {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, resp.StatusCode, c.want, body)
		}
		if c.want >= 400 && resp.Header.Get("Content-Type") != "application/problem+json" || resp.Header.Get("X-Evil") != "" || bytes.Contains(body, []byte(canary)) {
			t.Errorf("%s %s: %v %s", c.method, c.path, resp.Header, body)
		}
		if c.want == 503 && resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s does not say when to ask again", c.method, c.path)
		}
		if c.want == 405 && resp.Header.Get("Allow") == "" {
			t.Errorf("%s %s does not say what is allowed", c.method, c.path)
		}
	}
	if resp, _ := s.ask(t, access.Nobody, "GET", "/api/v1/nothing", ""); resp.StatusCode != 401 {
		t.Errorf("what is not there, without credentials: %d", resp.StatusCode)
	}
}

func TestQueries(t *testing.T) {
	s := newSite(t)
	d := describe(t, s)
	for q, want := range map[string]int{
		"flips": 200, "flips?camera=gate&kind=pending&unexplained=false&limit=5&since=2026-05-01T12:00:00Z": 200,
		"flips?kind=x": 400, "flips?limit=0": 400, "flips?limit=1001": 400, "flips?limit=x": 400, "flips?since=yesterday": 400, "flips?unexplained=1": 400, "flips?colour=red": 400,
		"history/windows?since=2026-05-01T12:00:00Z&until=2026-05-02T12:00:00Z&step=5m": 200, "history/windows?since=2026-05-03T12:00:00Z&until=2026-05-02T12:00:00Z": 400,
		"history/windows?since=2000-05-03T12:00:00Z": 400, "history/windows?step=1s": 400, "history/windows?step=x": 400, "history/alerts?limit=3": 200,
	} {
		resp, body := s.ask(t, access.Viewer, "GET", "/api/v1/"+q, "")
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d: %s", q, resp.StatusCode, want, body)
		}
		path, _, _ := strings.Cut(q, "?")
		d.validate(t, "GET", "/api/v1/"+path, resp, body)
	}
}

func TestBodies(t *testing.T) {
	s := newSite(t)
	for body, want := range map[string]string{
		`{`: "not the JSON", `[]`: "must be a", `{"camera":"a","camra":"b"}`: `unknown field \"camra\"`, `{"duration_s":1} {}`: "something behind",
		`{"duration_s":"1"}`: "duration_s: must be a int64", `{}`: "until: either", `{"duration_s":-1}`: "until: either",
		`{"duration_s":9999999999}`: "until: either", `{"duration_s":60,"until":"2030-01-01T00:00:00Z"}`: "until: either",
		`{"until":"2020-01-01T00:00:00Z"}`:                                "until: must be after",
		`{"duration_s":60,"comment":"` + strings.Repeat("x", 2000) + `"}`: "comment:",
	} {
		resp, got := s.ask(t, access.Admin, "POST", "/api/v1/silences", body)
		if resp.StatusCode != 400 || !strings.Contains(string(got), want) {
			t.Errorf("%.60s: %d %s, want %s", body, resp.StatusCode, got, want)
		}
	}
	if resp, _ := s.ask(t, access.Admin, "POST", "/api/v1/silences", `{"comment":"`+strings.Repeat("x", maxBody)+`"}`); resp.StatusCode != 413 {
		t.Errorf("a body that is too large: %d", resp.StatusCode)
	}
	resp, err := s.client.Do(func() *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/api/v1/silences", strings.NewReader("duration_s=60"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.tokens[access.Admin])
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded") // what a form of another site can send
		return r
	}())
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 415 {
		t.Errorf("a form: %d", resp.StatusCode)
	}
}

func TestSilencesThroughTheAPI(t *testing.T) {
	s := newSite(t)
	resp, body := s.ask(t, access.Admin, "POST", "/api/v1/silences", `{"camera":"gate","duration_s":60,"comment":"roof works"}`)
	var made alerts.Silence
	if err := json.Unmarshal(body, &made); err != nil || resp.StatusCode != 201 || made.By != "a-admin" || made.Comment != "roof works" {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	_, body = s.ask(t, access.Viewer, "GET", "/api/v1/alerts", "")
	var list []alerts.Alert
	if err := json.Unmarshal(body, &list); err != nil || len(list) != 1 || !list[0].Silenced || list[0].Rule != "Flicker" {
		t.Errorf("alerts %s", body)
	}
	for _, want := range []int{204, 404} {
		if resp, _ := s.ask(t, access.Admin, "DELETE", "/api/v1/silences/"+made.ID, ""); resp.StatusCode != want {
			t.Errorf("ending it: %d, want %d", resp.StatusCode, want)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "who=a-admin") || !strings.Contains(log, "path=/api/v1/silences status=201") {
		t.Errorf("audit log:\n%s", log)
	}
}

func TestSourcesThatMayBeAdded(t *testing.T) {
	for source, ok := range map[string]bool{
		"rtsp://cam/1": true, "rtsps://u:p@cam:8554/x?y=1": true, "http://cam/video.mjpg": true, "https://cam/a.mp4": true,
		"file:///etc/passwd": false, "/etc/passwd": false, "C:\\x": false, "camera:0": false, "/dev/video0": false, "synth:x": false,
		"http://h/list.m3u8": false, "http://h/LIST.M3U8?x": false, "http://h/x?f=a.m3u": false, "http://h/a.mpd": false, "https://h/a.ffconcat": false,
		"concat:/etc/passwd|x": false, "rtsp:///etc/passwd": false, "rtsp:cam": false, "http://h/a.txt": false, "": false, "http://h/a b": false,
		"http://h/\r\nX: 1": false, "rtsp://h/" + strings.Repeat("x", 3000): false, "data:text/plain,x": false, "subfile,,start,0,end,9,,:/x": false, "rtmp://h/x": false,
	} {
		if err := checkSource(source); (err == nil) != ok {
			t.Errorf("%.60q: %v", source, err)
		}
	}
	s := newSite(t)
	resp, body := s.ask(t, access.Admin, "POST", "/api/v1/cameras", `{"name":"../x","source":"file://u:`+canary+`@h/x"}`)
	if resp.StatusCode != 400 || !strings.Contains(string(body), "name:") || !strings.Contains(string(body), "source:") || strings.Contains(string(body), canary) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	s.api.cfg.MayAdd = false
	h := s.api.cfg.Guard.Wrap(Handler(s.api.cfg))
	for _, method := range []string{"POST", "DELETE"} {
		path := "/api/v1/cameras"
		if method == "DELETE" {
			path += "/gate"
		}
		r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(`{"name":"gate","source":"rtsp://cam/1"}`))
		r.Header.Set("Authorization", "Bearer "+s.tokens[access.Admin])
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 403 || len(s.controls.asked) != 0 {
			t.Errorf("%s where it is not allowed: %d, %v", method, w.Code, s.controls.asked)
		}
	}
}

// Updates reach a page as the same JSON that the API gives.
func TestEvents(t *testing.T) {
	s := newSite(t)
	if n := s.hub.Stats().Sent; n != 0 {
		t.Errorf("%d updates were sent before anybody listened", n)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.tokens[access.Viewer])
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	next := func() (data string) {
		for lines.Scan() && lines.Text() != "" {
			if d, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				data = d
			}
		}
		return data
	}
	next() // hello
	s.board.Camera(board.Info{Name: "yard"})
	Publisher{Hub: s.hub, Log: s.api.cfg.Log}.Alerts(nil)
	deadline := time.Now().Add(20 * time.Second)
	for seen := map[string]bool{}; !seen["gate"] || !seen["yard"] || !seen["alerts"]; {
		if time.Now().After(deadline) {
			t.Fatalf("after 20 s only %v", seen)
		}
		data := next()
		var c board.Camera
		if json.Unmarshal([]byte(data), &c) == nil {
			seen[c.Name] = true // gate changed before, while nobody listened
		}
		if data == "{}" {
			seen["alerts"] = true
		}
	}
}

func FuzzBody(f *testing.F) {
	s := newSite(f)
	h := Handler(s.api.cfg)
	f.Add("/api/v1/silences", `{"camera":"gate","duration_s":60}`)
	f.Add("/api/v1/cameras", `{"name":"x","source":"rtsp://h/1"}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		u, err := url.Parse("http://127.0.0.1" + path)
		if err != nil || u.Host != "127.0.0.1" || !strings.HasPrefix(u.Path, prefix+"/") {
			return // others serve what lies elsewhere
		}
		r := httptest.NewRequest("POST", "http://127.0.0.1/", strings.NewReader(body))
		r.URL = u
		r.Header.Set("Authorization", "Bearer "+s.tokens[access.Admin])
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q %q: %d %s", path, body, w.Code, w.Body)
		}
		if w.Code >= 400 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q %q: %s", path, body, w.Body)
		}
	})
}

func FuzzQuery(f *testing.F) {
	s := newSite(f)
	h := Handler(s.api.cfg)
	for _, q := range []string{"", "limit=5", "since=2026-05-01T12:00:00Z&step=5m", "kind=glitch&unexplained=true"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		for _, path := range []string{"/api/v1/flips", "/api/v1/history/windows", "/api/v1/history/alerts"} {
			r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
			r.URL.RawQuery = q
			r.Header.Set("Authorization", "Bearer "+s.tokens[access.Viewer])
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 200 && w.Code != 400 {
				t.Errorf("%s?%q: %d %s", path, q, w.Code, w.Body)
			}
		}
	})
}

// The page of the past runs its own script, but in an origin of its own.
func TestReportIsSandboxed(t *testing.T) {
	s := newSite(t)
	resp, body := s.ask(t, access.Viewer, "GET", "/api/v1/history/report?camera=gate", "")
	policy := resp.Header.Get("Content-Security-Policy")
	if resp.StatusCode != 200 || !strings.HasPrefix(policy, "sandbox allow-scripts; default-src 'none';") || strings.Contains(policy, "allow-same-origin") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("%d with the policy %q: %s", resp.StatusCode, policy, body)
	}
	if resp, _ := s.ask(t, access.Nobody, "GET", "/api/v1/history/report", ""); resp.StatusCode != 401 {
		t.Errorf("without credentials: %d", resp.StatusCode)
	}
	if resp, _ := s.ask(t, access.Viewer, "GET", "/api/v1/history/report?since=never", ""); resp.StatusCode != 400 {
		t.Errorf("with a wrong time: %d", resp.StatusCode)
	}
}

// Questions about the past are answered a few at a time; who leaves while he
// waits is let go.
func TestThePastIsAskedInTurn(t *testing.T) {
	s := newServer(Config{})
	for range atOnce {
		s.past <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	s.inTurn(func(http.ResponseWriter, *http.Request) { t.Error("answered out of turn") })(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	<-s.past
	answered := false
	s.inTurn(func(http.ResponseWriter, *http.Request) { answered = true })(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if !answered || len(s.past) != atOnce-1 {
		t.Errorf("answered: %v, %d are being answered", answered, len(s.past))
	}
}

// Where nothing is said about the end, what lies ahead of a clock that was
// set back is there, too.
func TestHistoryAheadOfNow(t *testing.T) {
	s := newSite(t)
	s.api.cfg.Now = time.Now
	now := time.Now()
	for query, want := range map[string]time.Time{
		"": now, "camera=gate": now, "camera=stepped": now.Add(30 * time.Minute),
		"camera=stepped&since=" + now.Add(10*time.Minute).UTC().Format(time.RFC3339):                                          now.Add(30 * time.Minute),
		"camera=stepped&until=" + now.UTC().Format(time.RFC3339) + "&since=" + now.Add(-time.Hour).UTC().Format(time.RFC3339): now,
	} {
		w := httptest.NewRecorder()
		h, ok := s.api.historyQuery(w, httptest.NewRequest("GET", "/?"+query, nil), false)
		if off := h.Until.Sub(want); !ok || off.Abs() > time.Minute {
			t.Errorf("%q: until %v, off by %v: %s", query, h.Until, off, w.Body)
		}
		if !strings.Contains(query, "since") && h.Since.Sub(now.Add(-24*time.Hour)).Abs() > time.Minute {
			t.Errorf("%q: since %v", query, h.Since)
		}
	}
}
