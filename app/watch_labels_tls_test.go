package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/flipmeter/flipmeter/app"
)

// selfSigned writes a certificate for this machine with its key.
func selfSigned(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "flipmeter test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool = x509.NewCertPool()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(text)
	for name, content := range map[string][]byte{certFile: text, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, pool
}

// With a certificate the embedded server takes MQTT over TLS only: its own
// camera hears it, a client that trusts the certificate is heard, one that
// does not, speaks in clear or has the wrong password is not.
func TestWatchHearsLabelsOverTLS(t *testing.T) {
	certFile, keyFile, pool := selfSigned(t)
	r := startWatch(t, "cameras:\n  - {name: yard, url: 'mqtt:'}\n", nil, noModel(t), func(o *app.WatchOptions) {
		text, err := os.ReadFile(o.Config)
		if err == nil {
			with := fmt.Sprintf(`mqtt: {listen: "127.0.0.1:0", user: sender, password: %s}, nats: {cert_file: %q, key_file: %q, listen`, canaryPassword, certFile, keyFile)
			err = os.WriteFile(o.Config, []byte(strings.Replace(string(text), `nats: {listen`, with, 1)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	r.eventually("it hears itself", func() bool { return r.states("yard", "up") > 0 })
	m := regexp.MustCompile(`labels: (mqtts://\S+)`).FindStringSubmatch(r.log.String())
	if m == nil {
		t.Fatalf("no address with TLS\n%s", r.log)
	}
	u, err := url.Parse(m[1])
	if err != nil {
		t.Fatal(err)
	}
	connect := func(scheme, password string, trust *x509.CertPool) (paho.Client, error) {
		c := paho.NewClient(paho.NewClientOptions().AddBroker(scheme + "://" + u.Host).SetClientID("sender-" + scheme + password[:2]).
			SetUsername("sender").SetPassword(password).SetConnectTimeout(10 * time.Second).SetAutoReconnect(false).
			SetTLSConfig(&tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}))
		token := c.Connect()
		if !token.WaitTimeout(watchPatience) {
			t.Fatal("mqtt: no answer")
		}
		return c, token.Error()
	}
	for name, wrong := range map[string]struct {
		scheme, password string
		trust            *x509.CertPool
	}{
		"in clear": {"tcp", canaryPassword, nil}, "not trusted": {"ssl", canaryPassword, x509.NewCertPool()}, "wrong password": {"ssl", "guess", pool},
	} {
		if c, err := connect(wrong.scheme, wrong.password, wrong.trust); err == nil {
			c.Disconnect(0)
			t.Errorf("%s: it was let in", name)
		}
	}
	sender, err := connect("ssl", canaryPassword, pool)
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Disconnect(100)
	done(t, sender.Publish("flipmeter/in/v1/local/yard", 1, false, `{"label":"car"}`))
	r.eventually("the label is heard", func() bool { return r.tape.observations("yard") == 1 })
}
