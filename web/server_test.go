package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/web/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a server until the test ends, and returns how to ask it.
func serve(t *testing.T, cfg Config) (ask func(path, token string) (int, string)) {
	t.Helper()
	reg := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "test_total", Help: "A test."})
	reg.MustRegister(c)
	cfg.Listen, cfg.Metrics = "127.0.0.1:0", reg
	if cfg.Guard == nil {
		cfg.Guard = guard(t)
	}
	s, err := Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	t.Cleanup(func() { cancel(); wg.Wait() })
	return func(path, token string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
}

func guard(t *testing.T, credentials ...access.Credential) *access.Guard {
	t.Helper()
	g, err := access.New(access.Config{Credentials: credentials})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestHealthAndMetrics(t *testing.T) {
	var mu sync.Mutex
	h := Health{Reason: "starting"}
	ask := serve(t, Config{Health: func() Health { mu.Lock(); defer mu.Unlock(); return h }})
	if code, body := ask("/healthz", ""); code != http.StatusOK || body != "ok\n" {
		t.Errorf("healthz %d %q", code, body)
	}
	if code, body := ask("/readyz", ""); code != http.StatusServiceUnavailable || !strings.Contains(body, `"reason":"starting"`) {
		t.Errorf("readyz %d %q", code, body)
	}
	mu.Lock()
	h = Health{Ready: true, Cameras: map[string]Camera{"door": {State: "frozen", Since: time.Unix(0, 0).UTC()}}}
	mu.Unlock()
	code, body := ask("/readyz", "")
	var got Health
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != http.StatusOK || got.Cameras["door"].State != "frozen" {
		t.Errorf("readyz %d %q", code, body)
	}
	if code, body := ask("/metrics", ""); code != http.StatusOK || !strings.Contains(body, "test_total 0") {
		t.Errorf("metrics %d %q", code, body)
	}
	if code, _ := ask("/", ""); code != http.StatusNotFound {
		t.Errorf("/ %d", code)
	}
}

func TestTokenGuardsAllButHealth(t *testing.T) {
	ask := serve(t, Config{Guard: guard(t, access.TokenCredential("token", access.Viewer, "kanarienvogel")), Health: func() Health {
		return Health{Ready: true, Cameras: map[string]Camera{"door": {State: "up"}}}
	}})
	for token, want := range map[string]int{"": 401, "wrong": 401, "kanarienvogel": 200} {
		if code, body := ask("/metrics", token); code != want || strings.Contains(body, "kanarienvogel") {
			t.Errorf("metrics with %q: %d", token, code)
		}
		if code, body := ask("/readyz", token); code != 200 || strings.Contains(body, "door") != (want == 200) {
			t.Errorf("readyz with %q: %d %s", token, code, body)
		}
	}
	if code, _ := ask("/healthz", ""); code != 200 {
		t.Errorf("healthz %d", code)
	}
}

func TestAddressInUse(t *testing.T) {
	cfg := Config{Listen: "127.0.0.1:0", Guard: guard(t), Metrics: prometheus.NewRegistry(), Health: func() Health { return Health{} }}
	a, err := Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	cfg.Listen = strings.TrimPrefix(a.URL(), "http://")
	if _, err := Listen(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "is another program using it?") {
		t.Error(err)
	}
}
