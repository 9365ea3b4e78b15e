package alertmanager

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

func TestWhatIsPosted(t *testing.T) {
	var path, auth string
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		path, auth = r.Method+" "+r.URL.Path, r.Header.Get("Authorization")
		body, _ = io.ReadAll(r.Body)
	}))
	defer s.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	v := 0.07
	fired := alerts.Notice{
		ID: "x", State: alerts.Firing, Camera: "gate", Rule: "FlickerHigh", Severity: "warning", Metric: "unexplained_fraction",
		Window: time.Minute, At: at, StartsAt: at.Add(-time.Hour), Value: &v,
	}
	over := fired
	over.State, over.At, over.EndsAt, over.Reason = alerts.Resolved, at.Add(time.Minute), at.Add(time.Minute), alerts.ReasonDown
	a, err := New(Config{
		URL: s.URL + "/prefix/", User: "meter", Password: "s3cret", Site: "north", Labels: map[string]string{"team": "video"},
		PageURL: "https://flip.example", Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Send(context.Background(), []alerts.Notice{fired, over}); err != nil {
		t.Fatal(err)
	}
	// The fields of postableAlerts in the Alertmanager's OpenAPI document.
	var got []struct {
		Labels, Annotations map[string]string
		StartsAt, EndsAt    time.Time
		GeneratorURL        string
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if path != "POST /prefix/api/v2/alerts" || auth != "Basic bWV0ZXI6czNjcmV0" || len(got) != 2 {
		t.Fatalf("%s, %s, %s", path, auth, body)
	}
	for i, g := range got {
		for k, want := range map[string]string{"alertname": "FlickerHigh", "camera": "gate", "site": "north", "severity": "warning", "metric": "unexplained_fraction", "team": "video"} {
			if g.Labels[k] != want {
				t.Errorf("alert %d: label %s is %q, want %q", i, k, g.Labels[k], want)
			}
		}
		if len(g.Labels) != 6 || g.Annotations["summary"] == "" || !g.StartsAt.Equal(fired.StartsAt) || g.GeneratorURL != "https://flip.example/#/cameras/gate" {
			t.Errorf("alert %d: %+v", i, g)
		}
	}
	if !got[0].EndsAt.Equal(at.Add(5*time.Minute)) || !got[1].EndsAt.Equal(over.EndsAt) || got[0].Annotations["value"] != "0.07" || got[1].Annotations["reason"] == "" {
		t.Errorf("ends %s and %s, annotations %v", got[0].EndsAt, got[1].EndsAt, got[0].Annotations)
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		cfg Config
		ok  bool
	}{
		"plain":              {Config{URL: "http://h:9093"}, true},
		"credentials in it":  {Config{URL: "http://u:p@h:9093"}, false},
		"no scheme":          {Config{URL: "h:9093"}, false},
		"a query":            {Config{URL: "http://h?x=1"}, false},
		"token and password": {Config{URL: "http://h", User: "u", Token: "t"}, false},
	} {
		if _, err := New(c.cfg); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
