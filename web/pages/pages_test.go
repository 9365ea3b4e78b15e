package pages

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/web/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, cfg access.Config) http.Handler {
	t.Helper()
	guard, err := access.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return guard.Wrap(Handler(guard))
}

func TestFiles(t *testing.T) {
	h := serve(t, access.Config{})
	for _, c := range []struct {
		method, path string
		want         int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"}, {"HEAD", "/", 200, "text/html; charset=utf-8"}, {"GET", "/app.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/page.css", 200, "text/css; charset=utf-8"}, {"GET", "/icon.svg", 200, "image/svg+xml"}, {"POST", "/", 405, "application/problem+json"},
		{"GET", "/static/app.js", 404, "application/problem+json"}, {"GET", "/../pages.go", 404, "application/problem+json"}, {"GET", "/static", 404, "application/problem+json"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, "http://127.0.0.1/", nil)
		r.URL.Path = c.path
		h.ServeHTTP(w, r)
		if w.Code != c.want || w.Header().Get("Content-Type") != c.kind {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Header().Get("Content-Type"))
		}
		if tag := w.Header().Get("ETag"); tag != "" {
			r.Header.Set("If-None-Match", tag)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusNotModified || w.Body.Len() > 0 {
				t.Errorf("%s again: %d", c.path, w.Code)
			}
		}
	}
	_, hash := access.NewToken()
	h = serve(t, access.Config{Credentials: []access.Credential{{Name: "v", Role: access.Viewer, Token: hash}}})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1/", nil))
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("without credentials: %d", w.Code)
	}
}

// The pages name nothing outside, make no markup of texts, and need nothing
// that the content security policy forbids.
func TestWhatThePagesMustNotHold(t *testing.T) {
	entries, err := static.ReadDir("static")
	if err != nil {
		t.Fatal(err)
	}
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://|@import|url\(|style="|\bon[a-z]+="`)
	for _, e := range entries {
		data, err := static.ReadFile("static/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "http://www.w3.org/2000/svg", "")
		if m := forbidden.FindString(text); m != "" {
			t.Errorf("%s holds %s", e.Name(), m)
		}
		if types["."+e.Name()[strings.LastIndexByte(e.Name(), '.')+1:]] == "" {
			t.Errorf("%s is of no known type", e.Name())
		}
	}
}
