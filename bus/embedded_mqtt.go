package bus

import (
	"fmt"
	"net"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"
)

// mqttOptions lets the server listen to MQTT, too.
func (c ServerConfig) mqttOptions(opts *server.Options) error {
	m := &opts.MQTT
	var err error
	if m.Host, m.Port, err = splitListen("mqtt", c.ListenMQTT); err != nil {
		return err
	}
	switch {
	case c.MQTTUser != "":
		m.Username, m.Password = c.MQTTUser, c.MQTTPassword
	case c.Token != "":
		m.Token = c.Token
	case c.User != "" && c.Password != "":
	case !isLoopback(m.Host):
		return fmt.Errorf("mqtt listen address %q is open to other machines: give it a user with a password, or listen on 127.0.0.1", c.ListenMQTT)
	}
	if c.CertFile != "" {
		if m.TLSConfig, err = c.certificate(); err != nil {
			return err
		}
	}
	return nil
}

// MQTT is where this process reaches its own MQTT listener, and as whom;
// "" if it does not listen. certificate is what it shows (DER), nil without
// TLS.
func (s *Server) MQTT() (url, user, password string, certificate []byte) {
	if s.cfg.ListenMQTT == "" {
		return "", "", "", nil
	}
	m := &s.opts.MQTT
	host, scheme := m.Host, "mqtt"
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if m.TLSConfig != nil {
		scheme = "mqtts"
		certificate = m.TLSConfig.Certificates[0].Certificate[0]
	}
	user, password = s.cfg.User, s.cfg.Password
	switch {
	case m.Username != "":
		user, password = m.Username, m.Password
	case m.Token != "":
		user, password = "flipmeter", m.Token
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(m.Port)), user, password, certificate
}
