package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func hash(t testing.TB, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

// site is a guard before a handler for each role.
type site struct {
	http.Handler
	guard *Guard
	audit bytes.Buffer
}

func newSite(t testing.TB, cfg Config) *site {
	t.Helper()
	s := &site{}
	cfg.Audit = slog.New(slog.NewTextHandler(&s.audit, nil))
	cfg.cheapest = bcrypt.MinCost
	var err error
	if s.guard, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, role := range []Role{Nobody, Viewer, Admin} {
		mux.Handle("/"+role.String(), s.guard.Require(role, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s", From(r.Context()).Name, From(r.Context()).Role)
		})))
	}
	s.Handler = s.guard.Wrap(mux)
	return s
}

type ask func(r *http.Request)

func basic(name, password string) ask {
	return func(r *http.Request) { r.SetBasicAuth(name, password) }
}
func header(k, v string) ask { return func(r *http.Request) { r.Header.Set(k, v) } }

func (s *site) do(method, path string, asks ...ask) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, nil)
	r.RemoteAddr = "192.0.2.7:4711"
	for _, a := range asks {
		a(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestRoles(t *testing.T) {
	token, tokenHash := NewToken()
	s := newSite(t, Config{Credentials: []Credential{
		{Name: "vera", Role: Viewer, Password: hash(t, "viewer-password")},
		{Name: "adam", Role: Admin, Password: hash(t, "admin-password")},
		{Name: "robot", Role: Viewer, Token: tokenHash},
	}})
	for who, c := range map[string]struct {
		ask  ask
		want [3]int // of nobody, viewer, admin
	}{
		"without anything":      {func(*http.Request) {}, [3]int{200, 401, 401}},
		"a viewer":              {basic("vera", "viewer-password"), [3]int{200, 200, 403}},
		"an admin":              {basic("adam", "admin-password"), [3]int{200, 200, 200}},
		"a token":               {header("Authorization", "Bearer "+token), [3]int{200, 200, 403}},
		"a wrong password":      {basic("vera", "admin-password"), [3]int{200, 401, 401}},
		"an unknown name":       {basic("eve", "viewer-password"), [3]int{200, 401, 401}},
		"a hash for a token":    {header("Authorization", "Bearer "+tokenHash), [3]int{200, 401, 401}},
		"an empty token":        {header("Authorization", "Bearer "), [3]int{200, 401, 401}},
		"a token as a password": {basic("robot", token), [3]int{200, 401, 401}},
		"another scheme":        {header("Authorization", "Digest x"), [3]int{200, 401, 401}},
	} {
		for i, role := range []Role{Nobody, Viewer, Admin} {
			s.guard.limiter.known = map[netip.Prefix]failures{}
			for range 2 { // the second time it may be remembered
				w := s.do("GET", "/"+role.String(), c.ask)
				if w.Code != c.want[i] {
					t.Errorf("%s asks for what needs %s: %d, want %d", who, role, w.Code, c.want[i])
				}
				if w.Code >= 400 {
					var p ProblemDetails
					if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || w.Header().Get("Content-Type") != "application/problem+json" {
						t.Errorf("%s: %s", who, w.Body)
					}
				}
				if w.Code == 401 && !strings.Contains(w.Header().Get("WWW-Authenticate"), "Basic") {
					t.Errorf("%s: not asked for credentials", who)
				}
			}
		}
	}
	if log := s.audit.String(); strings.Contains(log, "-password") || strings.Contains(log, token) || !strings.Contains(log, "login failed") {
		t.Errorf("audit log:\n%s", log)
	}
}

func TestWithoutCredentialsWhoReachesIsAdmin(t *testing.T) {
	if w := newSite(t, Config{}).do("GET", "/admin"); w.Code != 200 || w.Body.String() != "local admin" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	creds := []Credential{{Name: "a"}}
	for address, c := range map[string]struct{ none, some bool }{
		"127.0.0.1:80": {true, true}, "[::1]:80": {true, true}, "localhost:80": {true, true}, "127.3.4.5:0": {true, true},
		":80": {false, true}, "0.0.0.0:80": {false, true}, "[::]:80": {false, true}, "10.0.0.1:80": {false, true}, "host.example:80": {false, true},
		"[::ffff:127.0.0.1]:80": {true, true}, "80": {false, false},
	} {
		if err := CheckListen(address, nil); (err == nil) != c.none {
			t.Errorf("%s without credentials: %v", address, err)
		}
		if err := CheckListen(address, creds); (err == nil) != c.some {
			t.Errorf("%s with credentials: %v", address, err)
		}
	}
}

func TestForeignHostsAndSites(t *testing.T) {
	s := newSite(t, Config{Hosts: []string{"flip.example"}})
	host := func(h string) ask { return func(r *http.Request) { r.Host = h } }
	for name, c := range map[string]struct {
		method string
		asks   []ask
		want   int
	}{
		"by address":            {"GET", []ask{host("10.1.2.3:8080")}, 200},
		"by address, v6":        {"GET", []ask{host("[fe80::1]:8080")}, 200},
		"localhost":             {"GET", []ask{host("localhost:8080")}, 200},
		"our name":              {"GET", []ask{host("Flip.Example.")}, 200},
		"another name":          {"GET", []ask{host("evil.example")}, 421},
		"a subdomain":           {"GET", []ask{host("x.flip.example")}, 421},
		"no name":               {"GET", []ask{host("")}, 421},
		"a change from here":    {"POST", []ask{header("Sec-Fetch-Site", "same-origin")}, 200},
		"a change from a tool":  {"POST", nil, 200},
		"a change from a site":  {"POST", []ask{header("Sec-Fetch-Site", "cross-site")}, 403},
		"from a subdomain":      {"DELETE", []ask{header("Sec-Fetch-Site", "same-site")}, 403},
		"an old browser, here":  {"POST", []ask{header("Origin", "http://127.0.0.1:8080")}, 200},
		"an old browser, there": {"POST", []ask{header("Origin", "https://evil.example")}, 403},
		"a look from a site":    {"GET", []ask{header("Sec-Fetch-Site", "cross-site")}, 200},
		"a page without origin": {"POST", []ask{header("Origin", "null")}, 403},
	} {
		if w := s.do(c.method, "/admin", c.asks...); w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

func TestAnyNameWithCredentials(t *testing.T) {
	_, tokenHash := NewToken()
	s := newSite(t, Config{Credentials: []Credential{{Name: "robot", Role: Viewer, Token: tokenHash}}})
	if w := s.do("GET", "/nobody", func(r *http.Request) { r.Host = "any.example" }); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t, Config{TLS: true})
	for _, path := range []string{"/nobody", "/not/there"} {
		h := s.do("GET", path).Header()
		for k, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=",
		} {
			if !strings.Contains(h.Get(k), want) {
				t.Errorf("%s: %s is %q", path, k, h.Get(k))
			}
		}
		if h.Get("Access-Control-Allow-Origin") != "" || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

func TestFailedLoginsAreSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{Credentials: []Credential{{Name: "vera", Role: Viewer, Password: hash(t, "viewer-password")}}})
		try := func(password, from string) int {
			return s.do("GET", "/viewer", basic("vera", password), func(r *http.Request) { r.RemoteAddr = from }).Code
		}
		for i := range freeFailures {
			if got := try("wrong", "192.0.2.1:1"); got != 401 {
				t.Fatalf("attempt %d: %d", i, got)
			}
		}
		if got := try("viewer-password", "192.0.2.1:2"); got != 429 {
			t.Errorf("the right password within the pause: %d", got)
		}
		if got := try("viewer-password", "192.0.2.2:1"); got != 200 {
			t.Errorf("from elsewhere: %d", got)
		}
		attempts := 0
		for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); time.Sleep(time.Minute) {
			if try("wrong", "192.0.2.1:1") == 401 {
				attempts++
			}
		}
		if attempts < 90 || attempts > 110 { // one in 15 minutes
			t.Errorf("%d attempts in a day", attempts)
		}
		time.Sleep(longestPause)
		if got := try("viewer-password", "192.0.2.1:1"); got != 200 {
			t.Errorf("after the pause: %d", got)
		}
		if got := try("wrong", "192.0.2.1:1"); got != 401 {
			t.Errorf("a success does not forgive: %d", got)
		}
		// All addresses of one /64 are one.
		for i := range freeFailures {
			try("wrong", fmt.Sprintf("[2001:db8::%d]:1", i))
		}
		if got := try("viewer-password", "[2001:db8::ffff]:1"); got != 429 {
			t.Errorf("a neighbour in the same /64: %d", got)
		}
	})
}

func TestLimiterIsBounded(t *testing.T) {
	l := limiter{known: map[netip.Prefix]failures{}}
	now := time.Unix(1e9, 0)
	bad := netip.MustParseAddr("198.51.100.1")
	for range 20 {
		l.failed(now, bad)
	}
	for i := range uint32(3 * maxAddresses) {
		l.failed(now, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if n := len(l.known); n > maxAddresses {
		t.Errorf("%d addresses are remembered", n)
	}
	if l.wait(now, bad) == 0 {
		t.Error("many addresses make it forget the one that has to wait")
	}
}

func TestClientBehindProxies(t *testing.T) {
	s := newSite(t, Config{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for name, c := range map[string]struct{ remote, forwarded, want string }{
		"direct":                 {"192.0.2.7:1", "", "192.0.2.7"},
		"direct, and lies":       {"192.0.2.7:1", "203.0.113.1", "192.0.2.7"},
		"a proxy":                {"10.0.0.1:1", "203.0.113.1", "203.0.113.1"},
		"two proxies":            {"10.0.0.1:1", "203.0.113.1, 10.9.9.9", "203.0.113.1"},
		"a proxy, and lies":      {"10.0.0.1:1", "127.0.0.1, 203.0.113.1", "203.0.113.1"},
		"a proxy that says rot":  {"10.0.0.1:1", "evil", "10.0.0.1"},
		"a proxy that is silent": {"10.0.0.1:1", "", "10.0.0.1"},
		"IPv4 in IPv6":           {"[::ffff:10.0.0.1]:1", "203.0.113.1", "203.0.113.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.guard.Client(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAudit(t *testing.T) {
	s := newSite(t, Config{Credentials: []Credential{
		{Name: "vera", Role: Viewer, Password: hash(t, "viewer-password")}, {Name: "adam", Role: Admin, Password: hash(t, "admin-password")},
	}})
	s.do("GET", "/viewer", basic("vera", "viewer-password"))
	if s.audit.Len() > 0 {
		t.Errorf("a look is in the audit log: %s", s.audit.String())
	}
	for _, c := range []struct {
		asks []ask
		want string
	}{
		{[]ask{basic("adam", "admin-password")}, `msg=change who=adam from=192.0.2.7 method=POST path=/admin status=200`},
		{[]ask{basic("vera", "viewer-password")}, `who=vera from=192.0.2.7 method=POST path=/admin status=403`},
		{[]ask{basic("a\nadam", "x")}, `name=a?adam`},
		{[]ask{header("Sec-Fetch-Site", "cross-site")}, `status=403`},
	} {
		s.audit.Reset()
		s.do("POST", "/admin", c.asks...)
		if got := s.audit.String(); !strings.Contains(got, c.want) {
			t.Errorf("audit log %q, want %q", got, c.want)
		}
	}
}

func TestCredentialValidate(t *testing.T) {
	dear, err := bcrypt.GenerateFromPassword([]byte("viewer-password"), minCost)
	if err != nil {
		t.Fatal(err)
	}
	good := Credential{Name: "vera", Role: Viewer, Password: string(dear)}
	for name, c := range map[string]struct {
		change func(*Credential)
		want   string
	}{
		"as it is":            {func(*Credential) {}, ""},
		"no name":             {func(c *Credential) { c.Name = "" }, "name:"},
		"a colon":             {func(c *Credential) { c.Name = "a:b" }, "name:"},
		"no role":             {func(c *Credential) { c.Role = Nobody }, "role:"},
		"neither":             {func(c *Credential) { c.Password = "" }, "password: either"},
		"a password in plain": {func(c *Credential) { c.Password = "kanarienvogel" }, "password: must be a bcrypt hash"},
		"a token in plain":    {func(c *Credential) { c.Password, c.Token = "", "kanarienvogel" }, "token: must be the SHA-256"},
		"cheap": {func(c *Credential) {
			b, _ := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
			c.Password = string(b)
		}, "cost 10"},
	} {
		v := good
		c.change(&v)
		err := v.Validate()
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "kanarienvogel")) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := New(Config{Credentials: []Credential{good, good}}); err == nil {
		t.Error("two of one name")
	}
	if _, err := HashPassword("short"); err == nil {
		t.Error("a short password")
	}
	token, h := NewToken()
	other, _ := NewToken()
	if (&Credential{Name: "t", Role: Viewer, Token: h}).Validate() != nil || token == other || len(token) < 40 {
		t.Errorf("token %s", token)
	}
}

// A request that leaves while others are being checked is let go.
func TestCheckingGivesUp(t *testing.T) {
	s := newSite(t, Config{Credentials: []Credential{{Name: "vera", Role: Viewer, Password: hash(t, "viewer-password")}}})
	for range cap(s.guard.terms.Load().keys.working) {
		s.guard.terms.Load().keys.working <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if w := s.do("GET", "/viewer", basic("vera", "viewer-password"), func(r *http.Request) { *r = *r.WithContext(ctx) }); w.Code != 503 {
		t.Errorf("%d", w.Code)
	}
}
