package bus

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// target is where to connect to and with which credentials, told apart so
// that no address carries a secret.
type target struct {
	servers               string // addresses without credentials, comma-separated
	host                  string // the same, for people
	user, password, token string
	redact                *redactor
}

func parseTarget(cfg Config) (target, error) {
	t := target{user: cfg.User, password: cfg.Password, token: cfg.Token, redact: &redactor{}}
	if s := cfg.Server; s != nil {
		t.host = "the embedded server"
		t.user, t.password, t.token = s.cfg.User, s.cfg.Password, s.cfg.Token
		t.redact.add(t.password)
		t.redact.add(t.token)
		return t, nil
	}
	if cfg.InProcess != nil {
		t.host = "the server in the process"
		t.redact.add(t.password)
		t.redact.add(t.token)
		return t, nil
	}
	if strings.TrimSpace(cfg.URL) == "" {
		return t, errors.New("connect to nats: no url given: use nats://host:4222, or embedded")
	}
	var servers, hosts []string
	for i, part := range strings.Split(cfg.URL, ",") {
		part = strings.TrimSpace(part)
		if !strings.Contains(part, "://") {
			part = "nats://" + part
		}
		u, err := url.Parse(part)
		if err != nil || u.Hostname() == "" {
			// The error of url.Parse quotes the url, password included.
			return t, fmt.Errorf("nats url number %d is not one: want nats://host:4222", i+1)
		}
		switch u.Scheme {
		case "nats", "tls", "ws", "wss":
		default:
			return t, fmt.Errorf("nats url: scheme %q is not one of nats, tls, ws, wss", u.Scheme)
		}
		if u.User != nil {
			if password, ok := u.User.Password(); ok {
				t.user, t.password = u.User.Username(), password
			} else {
				t.token = u.User.Username()
			}
			u.User = nil
		}
		u.RawQuery, u.Fragment = "", ""
		servers = append(servers, u.String())
		hosts = append(hosts, u.Host)
	}
	t.redact.add(t.password)
	t.redact.add(t.token)
	t.servers, t.host = strings.Join(servers, ","), strings.Join(hosts, ",")
	return t, nil
}

// redactor takes secrets out of the texts of errors.
type redactor struct{ secrets []string }

func (r *redactor) add(secret string) {
	if secret != "" {
		r.secrets = append(r.secrets, secret, url.QueryEscape(secret), url.PathEscape(secret))
	}
}

// error is err with the secrets blacked out; errors.Is and errors.As still see through.
func (r *redactor) error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range r.secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	return &redacted{text: text, err: err}
}

type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string        { return e.text }
func (e *redacted) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redacted) As(target any) bool   { return errors.As(e.err, target) }
