// Package mqtt hears messages of a broker that speaks MQTT 3.1.1, the form
// that every broker and the embedded NATS server speak.
//
// A connection lives until it breaks: [Listen] never connects again by
// itself, so that its caller knows of every outage. It understands no
// payload; package messages does.
package mqtt

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Config says which broker, and as whom.
type Config struct {
	// URL is mqtt://host:1883 or mqtts://host:8883; credentials in it are
	// used and never shown.
	URL            string
	User, Password string
	// ClientID tells this client apart; random digits are appended. "" is
	// flipmeter.
	ClientID string

	CAFile            string // PEM; "" trusts the system's authorities
	CertFile, KeyFile string // PEM of the client
	// Pinned is the one certificate (DER) that the broker must show, in
	// place of a chain and a name: for one's own listener. nil checks both.
	Pinned []byte

	// Timeout bounds connecting and subscribing, 0 is 5 s.
	Timeout time.Duration
	// KeepAlive is how often a silent broker is asked, 0 is 10 s. One that
	// doesn't answer within half of it is given up.
	KeepAlive time.Duration
}

const (
	defaultTimeout   = 5 * time.Second
	defaultKeepAlive = 10 * time.Second
)

// Inbound is a subscription.
type Inbound struct {
	Topic string
	// Up is told once the broker delivers.
	Up func()
	// Deliver is given every message, one at a time, and must be quick: the
	// broker waits for it. payload is valid during the call.
	Deliver func(topic string, payload []byte, retained bool)
}

// ParseURL checks the address of a broker, and takes the credentials out. Its
// error quotes none.
func ParseURL(address string) (clean, user, password string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "mqtt" && u.Scheme != "mqtts" {
		return "", "", "", errors.New("must be an address as mqtt://host:1883 or mqtts://host:8883")
	}
	if u.User != nil {
		user = u.User.Username()
		password, _ = u.User.Password()
		u.User = nil
	}
	if u.Port() == "" {
		port := map[string]string{"mqtt": ":1883", "mqtts": ":8883"}[u.Scheme]
		u.Host += port
	}
	u.Path, u.RawQuery, u.Fragment = "", "", ""
	return u.String(), user, password, nil
}

// Listen connects to a broker, subscribes and delivers until ctx is done, and
// returns nil then, or until the connection breaks: an error says why. After
// it has returned nothing is called any more.
func Listen(ctx context.Context, cfg Config, in Inbound) error {
	address, user, password, err := ParseURL(cfg.URL)
	if err != nil {
		return fmt.Errorf("connect to mqtt: the url %w", err)
	}
	if user == "" {
		user, password = cfg.User, cfg.Password
	}
	host := address[strings.Index(address, "://")+3:]
	timeout, alive := cfg.Timeout, cfg.KeepAlive
	if timeout == 0 {
		timeout = defaultTimeout
	}
	if alive == 0 {
		alive = defaultKeepAlive
	}
	lost := make(chan error, 1)
	o := paho.NewClientOptions().AddBroker(strings.Replace(strings.Replace(address, "mqtts://", "ssl://", 1), "mqtt://", "tcp://", 1)).
		SetClientID(clientID(cfg.ClientID)).SetUsername(user).SetPassword(password).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetOrderMatters(true).
		SetConnectTimeout(timeout).SetWriteTimeout(timeout).SetKeepAlive(alive).SetPingTimeout(alive / 2).
		SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err })
	if o.TLSConfig, err = cfg.tls(); err != nil {
		return err
	}
	client := paho.NewClient(o)
	gate := &gate{deliver: in.Deliver}
	defer gate.close()
	defer client.Disconnect(uint(time.Second / time.Millisecond / 4))
	if err := wait(ctx, client.Connect(), timeout); err != nil {
		return fmt.Errorf("connect to mqtt at %s: %w", host, connectError(err))
	}
	subscribed := client.Subscribe(in.Topic, 0, func(_ paho.Client, m paho.Message) { gate.take(m) })
	if err := wait(ctx, subscribed, timeout); err != nil {
		return fmt.Errorf("subscribe to %s at %s: %w", in.Topic, host, err)
	}
	const refused = 0x80
	if code, ok := subscribed.(*paho.SubscribeToken); ok && code.Result()[in.Topic] == refused {
		return fmt.Errorf("subscribe to %s at %s: the broker refuses it to this user", in.Topic, host)
	}
	in.Up()
	select {
	case err := <-lost:
		return fmt.Errorf("listen to mqtt at %s: %w", host, err)
	case <-ctx.Done():
		return nil
	}
}

// wait waits for a token, the context, or the time to be over.
func wait(ctx context.Context, t paho.Token, timeout time.Duration) error {
	timer := time.NewTimer(timeout + timeout/2) // the client's own comes first
	defer timer.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return fmt.Errorf("no answer within %v", timeout+timeout/2)
	}
}

func connectError(err error) error {
	text := err.Error()
	if strings.Contains(text, "ot authorized") || strings.Contains(text, "not Authorized") || strings.Contains(text, "bad user name") {
		return fmt.Errorf("%w (check the user and the password)", err)
	}
	return err
}

func clientID(name string) string {
	if name == "" {
		name = "flipmeter"
	}
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return name + "-" + hex.EncodeToString(b[:])
}

// tls is how the broker is trusted.
func (c *Config) tls() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.Pinned != nil {
		out.InsecureSkipVerify = true //nolint:gosec // the certificate itself is compared
		out.VerifyConnection = func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || string(s.PeerCertificates[0].Raw) != string(c.Pinned) {
				return errors.New("the broker shows another certificate than its own")
			}
			return nil
		}
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the authority of the mqtt broker: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the authority of the mqtt broker: %s holds no certificate", c.CAFile)
		}
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the mqtt client's certificate: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}
