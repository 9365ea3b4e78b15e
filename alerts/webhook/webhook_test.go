package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
)

var at = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func notices() []alerts.Notice {
	v, b := 0.07, 0.05
	return []alerts.Notice{{
		ID: "gate/FlickerHigh/1", Revision: 2, State: alerts.Firing, Camera: "gate & <yard>", Rule: "FlickerHigh", Severity: "warning",
		Metric: "unexplained_fraction", Window: time.Minute, At: at, StartsAt: at.Add(-time.Minute), Value: &v, Bound: &b,
	}}
}

// server keeps what was posted and answers with a status.
func server(t *testing.T, status int) (*httptest.Server, *http.Request, *[]byte) {
	t.Helper()
	got, body := &http.Request{}, new([]byte)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*got = *r
		*body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "no\nthanks")
	}))
	t.Cleanup(s.Close)
	return s, got, body
}

func hook(t *testing.T, cfg Config) *Webhook {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg.Transport = transport
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWhatIsPosted(t *testing.T) {
	s, req, body := server(t, 204)
	w := hook(t, Config{URL: s.URL + "/hook?key=1", Secret: "s3cret", Site: "north", PageURL: "https://flip.example/", Now: func() time.Time { return at }})
	if err := w.Send(context.Background(), notices()); err != nil {
		t.Fatal(err)
	}
	var got Body
	if err := json.Unmarshal(*body, &got); err != nil {
		t.Fatal(err)
	}
	a := got.Alerts[0]
	if got.Schema != "flipmeter.v1.webhook" || got.Site != "north" || a.ID != "gate/FlickerHigh/1" || a.Revision != 2 || a.State != alerts.Firing ||
		*a.Value != 0.07 || a.WindowMs != 60000 || !strings.Contains(a.Summary, "0.07, above 0.05") || a.URL != "https://flip.example/#/cameras/gate%20&%20%3Cyard%3E" {
		t.Errorf("posted %s", *body)
	}
	// The signature as docs/alerts.md describes it.
	mac := hmac.New(sha256.New, []byte("s3cret"))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), *body)
	if got, want := req.Header.Get("Flipmeter-Signature"), fmt.Sprintf("v1=%x", mac.Sum(nil)); got != want {
		t.Errorf("signature %q, want %q", got, want)
	}
	first := req.Header.Get(DeliveryHeader)
	if err := w.Send(context.Background(), notices()); err != nil || first == "" || req.Header.Get(DeliveryHeader) != first {
		t.Errorf("the same alerts are deliveries %q and %q, %v", first, req.Header.Get(DeliveryHeader), err)
	}
}

func TestVerify(t *testing.T) {
	s, req, body := server(t, 200)
	w := hook(t, Config{URL: s.URL, Secret: "s3cret", Now: func() time.Time { return at }})
	if err := w.Send(context.Background(), notices()); err != nil {
		t.Fatal(err)
	}
	check := func(name string, want bool, secret string, h http.Header, b []byte, now time.Time) {
		t.Helper()
		if err := Verify(secret, h, b, now, time.Minute); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	check("as sent", true, "s3cret", req.Header, *body, at.Add(30*time.Second))
	check("another secret", false, "secret", req.Header, *body, at)
	check("another body", false, "s3cret", req.Header, append([]byte(" "), *body...), at)
	check("too old", false, "s3cret", req.Header, *body, at.Add(61*time.Second))
	check("from the future", false, "s3cret", req.Header, *body, at.Add(-61*time.Second))
	moved := req.Header.Clone()
	moved.Set(TimestampHeader, fmt.Sprint(at.Unix()+1))
	check("another time", false, "s3cret", moved, *body, at)
	check("unsigned", false, "s3cret", http.Header{}, *body, at)
}

func TestStatuses(t *testing.T) {
	for status, refused := range map[int]bool{301: true, 400: true, 401: true, 404: true, 408: false, 429: false, 500: false, 503: false} {
		s, _, _ := server(t, status)
		err := hook(t, Config{URL: s.URL + "/topsecret"}).Send(context.Background(), notices())
		var r *dispatch.Refused
		if err == nil || errors.As(err, &r) != refused {
			t.Errorf("%d: %v", status, err)
			continue
		}
		if s := err.Error(); strings.Contains(s, "\n") || strings.Contains(s, "topsecret") || !strings.Contains(s, fmt.Sprint(status)) || !strings.Contains(s, "no thanks") {
			t.Errorf("%d: %q", status, s)
		}
	}
}

// A server that is gone, one that hangs, one that hangs up.
func TestBrokenServers(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	release := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(hangs.Close)
	t.Cleanup(func() { close(release) })
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(cut.Close)
	for name, address := range map[string]string{"gone": gone.URL, "hangs": hangs.URL, "cut": cut.URL} {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		err := hook(t, Config{URL: strings.Replace(address, "http://", "http://user:kanarienvogel@", 1) + "/kanarienvogel"}).Send(ctx, notices())
		cancel()
		var r *dispatch.Refused
		if err == nil || errors.As(err, &r) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "kanarienvogel") {
			t.Errorf("%s: a secret is in %q", name, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for address, ok := range map[string]bool{"https://h/p": true, "http://h:1": true, "": false, "h": false, "ftp://h": false, "http://": false, "http://a b": false} {
		if _, err := New(Config{URL: address}); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}
