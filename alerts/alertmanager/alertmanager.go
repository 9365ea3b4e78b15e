// Package alertmanager tells alerts to a Prometheus Alertmanager through its
// API v2, as Prometheus does: an alert that fires is posted again and again
// with an end in the near future, so that it ends by itself should flipmeter
// be gone for good; one that is resolved is posted with its end.
package alertmanager

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/alerts/webhook"
)

// Config is where and how to tell alerts.
type Config struct {
	// URL is the Alertmanager's address, to which /api/v2/alerts is added.
	URL string
	// User and Password are for basic authentication; Token is in their
	// place.
	User, Password, Token string
	Site                  string
	// PageURL is the address of the dashboard, for links; "" is none.
	PageURL string
	// Labels are added to every alert.
	Labels map[string]string
	// ResolveAfter is for how long the Alertmanager keeps an alert of which
	// it hears nothing more; several times the interval of resending. 0 is
	// 5 minutes.
	ResolveAfter time.Duration
	Transport    http.RoundTripper // nil is http.DefaultTransport
}

// Validate checks the address, without quoting it.
func (c *Config) Validate() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" {
		return errors.New("url: must be an address as http://host:9093")
	}
	if u.User != nil {
		return errors.New("url: must hold no credentials, there are keys for them")
	}
	if c.Token != "" && c.User != "" {
		return errors.New("token: is in place of user and password, give one of them")
	}
	return nil
}

// Alertmanager is a dispatch.Receiver.
type Alertmanager struct {
	cfg     Config
	address string
	client  *http.Client
}

var _ dispatch.Receiver = (*Alertmanager)(nil)

// New makes a receiver; it returns what Validate says.
func New(cfg Config) (*Alertmanager, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.ResolveAfter == 0 {
		cfg.ResolveAfter = 5 * time.Minute
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	return &Alertmanager{cfg: cfg, address: strings.TrimSuffix(cfg.URL, "/") + "/api/v2/alerts", client: dispatch.Client(cfg.Transport)}, nil
}

// postable is an alert as the API's postableAlert has it.
type postable struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Send posts the notices.
func (a *Alertmanager) Send(ctx context.Context, notices []alerts.Notice) error {
	list := make([]postable, len(notices))
	for i := range notices {
		list[i] = a.postable(&notices[i])
	}
	data, err := json.Marshal(list)
	if err != nil {
		return &dispatch.Refused{Err: fmt.Errorf("encode alerts: %w", err)}
	}
	header := http.Header{}
	switch {
	case a.cfg.Token != "":
		header.Set("Authorization", "Bearer "+a.cfg.Token)
	case a.cfg.User != "":
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(a.cfg.User+":"+a.cfg.Password)))
	}
	return dispatch.Post(ctx, a.client, a.address, header, data)
}

// postable keeps to the labels that identify the alert what never changes
// while it fires; the rest are annotations.
func (a *Alertmanager) postable(n *alerts.Notice) postable {
	labels := map[string]string{"alertname": n.Rule, "camera": n.Camera, "metric": n.Metric}
	for k, v := range map[string]string{"site": a.cfg.Site, "severity": n.Severity} {
		if v != "" {
			labels[k] = v
		}
	}
	maps.Copy(labels, a.cfg.Labels)
	annotations := map[string]string{"summary": n.Summary()}
	for k, v := range map[string]*float64{"value": n.Value, "bound": n.Bound, "median": n.Median, "spread": n.Spread} {
		if v != nil {
			annotations[k] = strconv.FormatFloat(*v, 'g', -1, 64)
		}
	}
	if n.Reason != "" {
		annotations["reason"] = n.Reason
	}
	ends := n.At.Add(a.cfg.ResolveAfter)
	if n.State == alerts.Resolved {
		ends = n.EndsAt
	}
	return postable{Labels: labels, Annotations: annotations, StartsAt: n.StartsAt, EndsAt: ends, GeneratorURL: webhook.PageOf(a.cfg.PageURL, n.Camera)}
}
