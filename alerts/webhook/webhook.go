// Package webhook tells alerts to any HTTP server: JSON, signed so that the
// server can tell that flipmeter sent it and when. docs/alerts.md shows how
// to check a signature.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
)

// The headers of a delivery.
const (
	// TimestampHeader holds the seconds since 1970 at which it was signed.
	TimestampHeader = "Flipmeter-Timestamp"
	// SignatureHeader holds v1= and the HMAC-SHA256, in hexadecimal, of
	// timestamp, a full stop and the body.
	SignatureHeader = "Flipmeter-Signature"
	// DeliveryHeader is the same for every attempt to deliver the same
	// alerts.
	DeliveryHeader = "Flipmeter-Delivery"
)

// Config is where and how to tell alerts.
type Config struct {
	URL string
	// Secret is the key of the signature; empty: not signed.
	Secret string
	Site   string
	// PageURL is the address of the dashboard, for links; "" is none.
	PageURL   string
	Transport http.RoundTripper // nil is http.DefaultTransport
	Now       func() time.Time  // nil is time.Now
}

// Validate checks the address, without quoting it.
func (c *Config) Validate() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return errors.New("url: must be an address as https://host/path")
	}
	return nil
}

// Webhook is a dispatch.Receiver.
type Webhook struct {
	cfg    Config
	client *http.Client
}

var _ dispatch.Receiver = (*Webhook)(nil)

// New makes a webhook; it returns what Validate says.
func New(cfg Config) (*Webhook, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Webhook{cfg: cfg, client: dispatch.Client(cfg.Transport)}, nil
}

// Body is what is posted.
type Body struct {
	Schema string  `json:"schema"` // Schema
	Site   string  `json:"site"`
	Alerts []Alert `json:"alerts"`
}

// Schema names the form of Body. Fields may be added; one that changes its
// meaning makes a new form.
const Schema = "flipmeter.v1.webhook"

// Alert is one notice, with a line for people and a link.
type Alert struct {
	alerts.Notice
	WindowMs float64 `json:"window_ms"`
	Summary  string  `json:"summary"`
	URL      string  `json:"url,omitempty"`
}

// Send posts the notices as one signed body.
func (w *Webhook) Send(ctx context.Context, notices []alerts.Notice) error {
	body := Body{Schema: Schema, Site: w.cfg.Site, Alerts: make([]Alert, len(notices))}
	delivery := sha256.New()
	for i, n := range notices {
		body.Alerts[i] = Alert{Notice: n, WindowMs: float64(n.Window) / 1e6, Summary: n.Summary(), URL: PageOf(w.cfg.PageURL, n.Camera)}
		fmt.Fprintf(delivery, "%q %d\n", n.ID, n.Revision)
	}
	data, err := json.Marshal(&body)
	if err != nil {
		return &dispatch.Refused{Err: fmt.Errorf("encode alerts: %w", err)}
	}
	header := http.Header{}
	header.Set(DeliveryHeader, hex.EncodeToString(delivery.Sum(nil)[:16]))
	if w.cfg.Secret != "" {
		at := strconv.FormatInt(w.cfg.Now().Unix(), 10)
		header.Set(TimestampHeader, at)
		header.Set(SignatureHeader, "v1="+sign(w.cfg.Secret, at, data))
	}
	return dispatch.Post(ctx, w.client, w.cfg.URL, header, data)
}

// PageOf is the address of a camera's page, "" where no address is known.
func PageOf(base, camera string) string {
	if base == "" {
		return ""
	}
	return strings.TrimSuffix(base, "/") + "/#/cameras/" + url.PathEscape(camera)
}

func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// ErrAge says that a signature fits, but is of another time. Answer
// http.StatusTooEarly then: what is sent again is signed anew, and gets
// through once both clocks say the same.
var ErrAge = errors.New("it was signed at another time")

// Verify is for receivers written in Go: it checks a delivery's signature
// and that it is not older, or newer, than tolerance; an error for that alone
// wraps ErrAge.
func Verify(secret string, header http.Header, body []byte, now time.Time, tolerance time.Duration) error {
	at := header.Get(TimestampHeader)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return fmt.Errorf("verify a webhook: no %s", TimestampHeader)
	}
	got, ok := strings.CutPrefix(header.Get(SignatureHeader), "v1=")
	if !ok || !hmac.Equal([]byte(got), []byte(sign(secret, at, body))) {
		return errors.New("verify a webhook: the signature does not fit")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > tolerance {
		return fmt.Errorf("verify a webhook: %w: it is %s old, at most %s is taken", ErrAge, age, tolerance)
	}
	return nil
}
