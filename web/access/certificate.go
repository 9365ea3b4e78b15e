package access

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a server's certificate in two files, which are read anew
// when they change. A change that can't be read leaves the old one in place.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	now     *tls.Certificate
	stamp   string
	checked time.Time
}

// recheck is how often the files are looked at, at most.
const recheck = time.Second

// LoadCertificate reads the two PEM files.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log}
	c.stamp = c.stampNow()
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	c.now = &cert
	return c, nil
}

// Config is for a server: TLS 1.2 and above.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}}
}

func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) < recheck {
		return c.now, nil
	}
	c.checked = time.Now()
	stamp := c.stampNow()
	if stamp == c.stamp {
		return c.now, nil
	}
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		// Perhaps one of the two is not written yet: looked at again.
		c.log.Error("the new certificate can't be read, the old one stays", "error", err)
		return c.now, nil
	}
	c.now, c.stamp = &cert, stamp
	c.log.Info("the certificate was read anew")
	return c.now, nil
}

// stampNow changes whenever a file does.
func (c *Certificate) stampNow() string {
	s := ""
	for _, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			s += fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size(), " ")
		}
	}
	return s
}
