package configs

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/internal/strictyaml"
	"github.com/flipmeter/flipmeter/web/access"
)

// Alerting says what is an alert, and who is told.
type Alerting struct {
	Builtin     bool          `yaml:"builtin" doc:"Have the built-in rules (docs/alerts.md): flicker, source down, frozen, low coverage, low confidence. A rule of the same name below takes the place of one."`
	RemindEvery time.Duration `yaml:"remind_every" above:"0s" doc:"How often a firing alert is told again until it is over, to receivers that don't say otherwise. An Alertmanager needs it well below 5m."`
	Rules       []alerts.Rule `yaml:"rules" doc:"Alert rules of all cameras."`

	Webhooks      []Webhook      `yaml:"webhooks" doc:"HTTP servers that are told of alerts."`
	Alertmanagers []Alertmanager `yaml:"alertmanagers" doc:"Prometheus Alertmanagers that are told of alerts."`
}

// Webhook is an HTTP server that is told of alerts.
type Webhook struct {
	Name        string        `yaml:"name" required:"true" doc:"Name in logs and on the system page."`
	URL         string        `yaml:"url" secret:"true" doc:"Address that alerts are posted to; often the path is the secret, so it is masked."`
	URLFile     string        `yaml:"url_file" doc:"File that holds the address, in its place."`
	Secret      string        `yaml:"secret" secret:"true" doc:"Key that deliveries are signed with. Empty: not signed."`
	SecretFile  string        `yaml:"secret_file" doc:"File that holds the key, in its place."`
	RemindEvery time.Duration `yaml:"remind_every" min:"0s" doc:"How often it is told again of an alert that goes on; 4h unless given."`
}

// Alertmanager is a Prometheus Alertmanager that is told of alerts.
type Alertmanager struct {
	Name         string            `yaml:"name" required:"true" doc:"Name in logs and on the system page."`
	URL          string            `yaml:"url" required:"true" secret:"url" doc:"Address, as http://host:9093."`
	User         string            `yaml:"user" doc:"User for basic authentication."`
	Password     string            `yaml:"password" secret:"true" doc:"Password of the user."`
	PasswordFile string            `yaml:"password_file" doc:"File that holds the password, in its place."`
	Token        string            `yaml:"token" secret:"true" doc:"Bearer token, in place of a user."`
	TokenFile    string            `yaml:"token_file" doc:"File that holds the token, in its place."`
	Labels       map[string]string `yaml:"labels" doc:"Labels that every alert gets."`
}

// History says how much of the past is kept.
type History struct {
	MaxAge   time.Duration    `yaml:"max_age" min:"0s" doc:"How long windows, flips and alerts are kept for the dashboard; 0s keeps nothing."`
	MaxBytes strictyaml.Bytes `yaml:"max_bytes" min:"1MiB" doc:"How much of them is kept; the oldest days give way."`
}

// User is somebody who may look, or change things.
type User struct {
	Name     string `yaml:"name" required:"true" doc:"Name to log in with."`
	Role     string `yaml:"role" enum:"viewer|admin" doc:"viewer looks; admin silences alerts and sees the configuration, too."`
	Password string `yaml:"password" secret:"true" doc:"Hash of the password, as flipmeter config hash makes it."`
	Token    string `yaml:"token" secret:"true" doc:"In place of a password, hash of a token for programs, as flipmeter config hash --token makes it."`
}

// Validate checks what single keys don't tell.
func (a *Alerting) Validate() error {
	var errs []error
	rules := a.Rules
	if a.Builtin {
		rules = alerts.WithBuiltin(a.Rules)
	}
	if _, err := alerts.NewEngine(alerts.Config{Rules: rules}); err != nil {
		errs = append(errs, fmt.Errorf("rules: %w", err))
	}
	names := map[string]bool{}
	check := func(key, name string) {
		if names[name] {
			errs = append(errs, fmt.Errorf("%s.name: another receiver is called %s", key, name))
		}
		names[name] = true
	}
	for i := range a.Webhooks {
		check(fmt.Sprintf("webhooks[%d]", i), a.Webhooks[i].Name)
	}
	for i := range a.Alertmanagers {
		check(fmt.Sprintf("alertmanagers[%d]", i), a.Alertmanagers[i].Name)
	}
	return errors.Join(errs...)
}

// Validate checks the address, without quoting it.
func (w *Webhook) Validate() error {
	switch {
	case (w.URL == "") == (w.URLFile == ""):
		return errors.New("url: either this or url_file must be given")
	case w.URL != "" && !httpAddress(w.URL):
		return errors.New("url: must be an address as https://host/path")
	case w.Secret != "" && w.SecretFile != "":
		return errors.New("secret_file: is in place of secret, give one of them")
	}
	return nil
}

// Validate checks the address, and what goes together.
func (m *Alertmanager) Validate() error {
	switch {
	case !httpAddress(m.URL):
		return errors.New("url: must be an address as http://host:9093")
	case m.Password != "" && m.PasswordFile != "":
		return errors.New("password_file: is in place of password, give one of them")
	case (m.Password != "" || m.PasswordFile != "") != (m.User != ""):
		return errors.New("user: goes with password")
	case m.Token != "" && m.TokenFile != "":
		return errors.New("token_file: is in place of token, give one of them")
	case (m.Token != "" || m.TokenFile != "") && m.User != "":
		return errors.New("token: is in place of user and password, give one of them")
	}
	return nil
}

func httpAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

func (a *Alerting) readSecrets(at string) error {
	var errs []error
	for i := range a.Webhooks {
		w, at := &a.Webhooks[i], fmt.Sprintf("%s.webhooks[%d].", at, i)
		errs = append(errs, fillSecret(at+"url_file", w.URLFile, &w.URL), fillSecret(at+"secret_file", w.SecretFile, &w.Secret))
	}
	for i := range a.Alertmanagers {
		m, at := &a.Alertmanagers[i], fmt.Sprintf("%s.alertmanagers[%d].", at, i)
		errs = append(errs, fillSecret(at+"password_file", m.PasswordFile, &m.Password), fillSecret(at+"token_file", m.TokenFile, &m.Token))
	}
	return errors.Join(errs...)
}

// ProxyPrefixes are the addresses of Web.Proxies.
func (w *Web) ProxyPrefixes() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for i, text := range w.Proxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("proxies[%d]: must be an address or a range, as 10.0.0.0/8, got %q", i, text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// checkUsers checks what the login of users needs.
func (w *Web) checkUsers() error {
	var errs []error
	names := map[string]bool{}
	for i, u := range w.Users {
		if names[u.Name] {
			errs = append(errs, fmt.Errorf("users[%d].name: another user is called %s", i, u.Name))
		}
		names[u.Name] = true
		role, _ := access.ParseRole(u.Role)
		c := access.Credential{Name: u.Name, Role: role, Password: u.Password, Token: u.Token}
		if err := c.Validate(); err != nil {
			for text := range strings.Lines(err.Error()) {
				errs = append(errs, fmt.Errorf("users[%d].%s", i, strings.TrimSuffix(text, "\n")))
			}
		}
	}
	if _, err := w.ProxyPrefixes(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func defaultAlerting() Alerting { return Alerting{Builtin: true, RemindEvery: time.Minute} }

func defaultHistory() History {
	return History{MaxAge: 30 * 24 * time.Hour, MaxBytes: 1 << 30}
}
