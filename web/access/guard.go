package access

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Config is what a Guard runs on.
type Config struct {
	// Credentials are the ways in. With none, whoever reaches the server is
	// an admin: it must listen on loopback then (CheckListen).
	Credentials []Credential
	// Hosts are the names under which the server is reached, beside those
	// of loopback and numeric addresses: a page of another name, which an
	// attacker's DNS server may point here, gets nothing. With credentials,
	// which a browser does not send to another name, none is any.
	Hosts []string
	// Proxies are the addresses of reverse proxies whose X-Forwarded-For is
	// believed.
	Proxies []netip.Prefix
	// TLS says that browsers reach the server by TLS.
	TLS bool
	Now func() time.Time // nil is time.Now
	// Audit is told of changes, refused ones too, and of failed logins.
	Audit *slog.Logger

	cheapest int // bcrypt cost that is accepted, 0 is minCost; tests lower it
}

// Guard stands before all handlers. It is safe for any goroutine.
type Guard struct {
	terms   atomic.Pointer[terms]
	limiter limiter
	origin  *http.CrossOriginProtection
}

// terms are what requests are judged by.
type terms struct {
	cfg  Config
	keys *keyring
}

// New makes a guard; an error names the credential that is wrong.
func New(cfg Config) (*Guard, error) {
	g := &Guard{limiter: limiter{known: map[netip.Prefix]failures{}}, origin: http.NewCrossOriginProtection()}
	t, err := newTerms(cfg)
	if err != nil {
		return nil, err
	}
	g.terms.Store(t)
	return g, nil
}

// Replacement checks other terms, and returns what takes them into force:
// from then on requests are judged by them, and nothing that was proven
// before counts. Who failed to log in too often stays locked out. An error
// names the credential that is wrong.
func (g *Guard) Replacement(cfg Config) (replace func(), err error) {
	t, err := newTerms(cfg)
	if err != nil {
		return nil, err
	}
	return func() { g.terms.Store(t) }, nil
}

func newTerms(cfg Config) (*terms, error) {
	if cfg.cheapest == 0 {
		cfg.cheapest = minCost
	}
	keys, err := newKeyring(cfg.Credentials, cfg.cheapest)
	if err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Audit == nil {
		cfg.Audit = slog.New(slog.DiscardHandler)
	}
	return &terms{cfg: cfg, keys: keys}, nil
}

// CheckListen says whether a server may listen on an address: beyond
// loopback only with credentials.
func CheckListen(address string, credentials []Credential) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen: must be an address as 127.0.0.1:8080, got %q", address)
	}
	if len(credentials) > 0 || isLoopback(host) {
		return nil
	}
	return fmt.Errorf("listen: %s is reached from beyond this machine, which needs credentials: add some, or listen on 127.0.0.1", address)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.Unmap().IsLoopback()
}

// Require lets a role, and those above, through to a handler. Nobody lets
// everyone through. It belongs inside Wrap.
func (g *Guard) Require(role Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if role == Nobody {
			next.ServeHTTP(w, r)
			return
		}
		id, status, retry := g.identify(r)
		switch {
		case status == http.StatusTooManyRequests:
			w.Header().Set("Retry-After", strconv.Itoa(int(retry.Seconds())+1))
			Problem(w, status, "too many failed logins from this address")
			return
		case status == http.StatusUnauthorized:
			w.Header().Set("WWW-Authenticate", `Basic realm="flipmeter", charset="UTF-8"`)
			Problem(w, status, "this needs a name and a password, or a token")
			return
		case status != 0:
			Problem(w, status, "the credentials could not be checked in time")
			return
		case id.Role < role:
			g.audit(r, id, http.StatusForbidden)
			Problem(w, http.StatusForbidden, "this needs the role "+role.String())
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, id)))
	})
}

// identify says who makes a request, or which status refuses it.
func (g *Guard) identify(r *http.Request) (id Identity, status int, retry time.Duration) {
	t := g.terms.Load()
	if t.keys.empty() {
		return Identity{Name: "local", Role: Admin}, 0, 0
	}
	now, from := t.cfg.Now(), g.Client(r)
	header := r.Header.Get("Authorization")
	name, password, basic := r.BasicAuth()
	token, bearer := strings.CutPrefix(header, "Bearer ")
	if !basic && !bearer {
		return id, http.StatusUnauthorized, 0
	}
	if wait := g.limiter.wait(now, from); wait > 0 {
		return id, http.StatusTooManyRequests, wait
	}
	var ok bool
	if bearer {
		name = "token"
		id, ok = t.keys.token(token)
	} else {
		var err error
		id, ok, err = t.keys.password(r.Context(), now, name, password)
		if err != nil {
			return id, http.StatusServiceUnavailable, 0
		}
	}
	if !ok {
		g.limiter.failed(now, from)
		t.cfg.Audit.Warn("login failed", "name", cleanText(name), "from", from.String())
		return Identity{}, http.StatusUnauthorized, 0
	}
	g.limiter.succeeded(from)
	return id, 0, 0
}

// Allowed says whether a request may do what needs a role.
func (g *Guard) Allowed(r *http.Request, role Role) bool {
	id, status, _ := g.identify(r)
	return status == 0 && id.Role >= role
}

// Client is the address that a request comes from. What a proxy says of it
// is believed if the proxy is one of Config.Proxies.
func (g *Guard) Client(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	// From the nearest on: the first that is not a proxy of ours is it.
	for i := len(hops) - 1; i >= 0 && g.isProxy(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}

func (g *Guard) isProxy(a netip.Addr) bool {
	return slices.ContainsFunc(g.terms.Load().cfg.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// hostAllowed says whether a request is for a name of ours.
func (g *Guard) hostAllowed(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true // DNS can't be made to say otherwise
	}
	t := g.terms.Load()
	if len(t.cfg.Hosts) == 0 && !t.keys.empty() {
		return true
	}
	return slices.ContainsFunc(t.cfg.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// Wrap is the outermost handler: it refuses foreign hosts and requests that
// other sites make browsers send, sets the headers of every answer, and
// tells the audit log of changes.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.headers(w.Header())
		if !g.hostAllowed(r) {
			Problem(w, http.StatusMisdirectedRequest, "this server is not known by that name: add it to hosts")
			return
		}
		if err := g.origin.Check(r); err != nil {
			g.audit(r, Identity{}, http.StatusForbidden)
			Problem(w, http.StatusForbidden, "another site must not send this request")
			return
		}
		if safe(r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		if rec.status != http.StatusForbidden { // that was told where it was decided, with the name
			g.audit(r, g.peek(r), rec.status)
		}
	})
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// peek says who made a request that has been let through, without counting
// failures.
func (g *Guard) peek(r *http.Request) Identity {
	t := g.terms.Load()
	if t.keys.empty() {
		return Identity{Name: "local", Role: Admin}
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		id, _ := t.keys.token(token)
		return id
	}
	name, _, _ := r.BasicAuth()
	return Identity{Name: name}
}

func (g *Guard) audit(r *http.Request, id Identity, status int) {
	g.terms.Load().cfg.Audit.Info("change", "who", cleanText(id.Name), "from", g.Client(r).String(),
		"method", cleanText(r.Method), "path", cleanText(r.URL.Path), "status", status)
}

// headers are those of every answer. A page may load what comes from here
// and nothing else, and nobody may frame it.
func (g *Guard) headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "+
		"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	if g.terms.Load().cfg.TLS {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recorder remembers the status.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
