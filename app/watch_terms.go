package app

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/alertmanager"
	"github.com/flipmeter/flipmeter/alerts/desk"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/alerts/webhook"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/web/access"
)

// terms are what may change of the section watch while it runs: who gets in,
// what is an alert, and who is told.
type terms struct {
	access access.Config
	desk   desk.Terms
}

// termsOf makes the terms that a configuration says.
func termsOf(cfg *configs.Watch, now func() time.Time, log *slog.Logger) (*terms, error) {
	t := &terms{}
	var err error
	if t.access, err = accessOf(&cfg.Web, log); err != nil {
		return nil, fmt.Errorf("watch.web: %w", err)
	}
	t.desk.Rules, t.desk.RemindEvery = cfg.Alerts.Rules, cfg.Alerts.RemindEvery
	if cfg.Alerts.Builtin {
		t.desk.Rules = alerts.WithBuiltin(cfg.Alerts.Rules)
	}
	if t.desk.Lanes, err = alertLanes(cfg, now); err != nil {
		return nil, fmt.Errorf("watch.alerts: %w", err)
	}
	return t, nil
}

// withTerms is the section watch of now, with what another one says of the
// terms. All else stays as it was at the start: where the server listens
// decides whether credentials are needed, and not where it would.
func withTerms(now, other *configs.Watch) configs.Watch {
	out := *now
	out.Alerts = other.Alerts
	w := &out.Web
	w.Users, w.Token, w.TokenFile = other.Web.Users, other.Web.Token, other.Web.TokenFile
	w.Hosts, w.Proxies, w.PageURL = other.Web.Hosts, other.Web.Proxies, other.Web.PageURL
	return out
}

// renewal is what a changed configuration changes of an operating.
type renewal struct {
	desk   desk.Terms
	access func()          // nil: who gets in stays
	widths []time.Duration // that every camera must have
}

// renewal checks the terms of a configuration. Nothing is changed yet.
func (o *operating) renewal(cfg *configs.Watch, log *slog.Logger) (*renewal, error) {
	t, err := termsOf(cfg, o.now, log)
	if err != nil {
		return nil, err
	}
	engine, err := alerts.NewEngine(alerts.Config{Rules: t.desk.Rules})
	if err != nil {
		return nil, fmt.Errorf("watch.alerts: %w", err)
	}
	r := &renewal{desk: t.desk, widths: o.withHistory(engine.Windows())}
	if !sameAccess(&o.cfg.Web, &cfg.Web) {
		t.access.Now = o.now
		if r.access, err = o.guard.Replacement(t.access); err != nil {
			return nil, fmt.Errorf("watch.web: %w", err)
		}
	}
	return r, nil
}

func sameAccess(a, b *configs.Web) bool {
	return reflect.DeepEqual(a.Users, b.Users) && a.Token == b.Token && slices.Equal(a.Hosts, b.Hosts) && slices.Equal(a.Proxies, b.Proxies)
}

// renew takes what was checked into force. cfg is what it was made of.
func (o *operating) renew(cfg *configs.Watch, r *renewal, log *slog.Logger) {
	if err := o.desk.Replace(r.desk); err != nil {
		panic("BUG: alert rules or receivers that were checked are refused: " + err.Error())
	}
	if r.access != nil {
		r.access()
		o.hub.Disconnect() // who may still look comes back
		log.With("component", "audit").Info("who gets in has changed", "users", len(cfg.Web.Users), "token", cfg.Web.Token != "")
	}
	o.cfg = cfg
}

// accessOf makes credentials of the users, and of the token that programs
// show.
func accessOf(cfg *configs.Web, log *slog.Logger) (access.Config, error) {
	var none access.Config
	var credentials []access.Credential
	for _, u := range cfg.Users {
		role, ok := access.ParseRole(u.Role)
		if !ok {
			return none, fmt.Errorf("users: %s: role: must be viewer or admin", u.Name)
		}
		credentials = append(credentials, access.Credential{Name: u.Name, Role: role, Password: u.Password, Token: u.Token})
	}
	if cfg.Token != "" {
		credentials = append(credentials, access.TokenCredential("token", access.Viewer, cfg.Token))
	}
	proxies, err := cfg.ProxyPrefixes()
	if err != nil {
		return none, err
	}
	if cfg.Listen != "" {
		if err := access.CheckListen(cfg.Listen, credentials); err != nil {
			return none, err
		}
	}
	return access.Config{
		Credentials: credentials, Hosts: cfg.Hosts, Proxies: proxies, TLS: cfg.CertFile != "", Audit: log.With("component", "audit"),
	}, nil
}

// alertLanes makes the receivers of alerts, with the clock that they sign by.
func alertLanes(cfg *configs.Watch, now func() time.Time) ([]dispatch.Lane, error) {
	var lanes []dispatch.Lane
	for _, c := range cfg.Alerts.Webhooks {
		w, err := webhook.New(webhook.Config{URL: c.URL, Secret: c.Secret, Site: cfg.NATS.Site, PageURL: cfg.Web.PageURL, Now: now})
		if err != nil {
			return nil, fmt.Errorf("webhook %s: %w", c.Name, err)
		}
		remind := c.RemindEvery
		if remind == 0 {
			remind = defaultWebhookRemind
		}
		lanes = append(lanes, dispatch.Lane{Name: c.Name, Receiver: w, RemindEvery: remind})
	}
	for _, c := range cfg.Alerts.Alertmanagers {
		m, err := alertmanager.New(alertmanager.Config{
			URL: c.URL, User: c.User, Password: c.Password, Token: c.Token, Site: cfg.NATS.Site, PageURL: cfg.Web.PageURL, Labels: c.Labels,
			ResolveAfter: max(5*time.Minute, 4*cfg.Alerts.RemindEvery),
		})
		if err != nil {
			return nil, fmt.Errorf("alertmanager %s: %w", c.Name, err)
		}
		lanes = append(lanes, dispatch.Lane{Name: c.Name, Receiver: m})
	}
	return lanes, nil
}
