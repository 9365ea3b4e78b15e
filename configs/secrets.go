package configs

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxSecret bounds a file that holds a secret, in bytes.
const maxSecret = 64 << 10

// ReadSecrets puts what the _file keys of the watch section and of cameras
// name in place of the keys that they stand for. It is apart from Load, so
// that a configuration can be checked where its secrets are not.
func (c *Config) ReadSecrets() error {
	w := &c.Watch
	errs := []error{
		fillSecret("watch.web.token_file", w.Web.TokenFile, &w.Web.Token),
		w.NATS.readSecrets("watch.nats"),
		fillSecret("watch.mqtt.password_file", w.MQTT.PasswordFile, &w.MQTT.Password),
		w.Alerts.readSecrets("watch.alerts"),
	}
	for i := range c.Cameras {
		cam := &c.Cameras[i]
		at := fmt.Sprintf("cameras[%d].", i)
		errs = append(errs, fillSecret(at+"url_file", cam.URLFile, &cam.URL), fillSecret(at+"password_file", cam.PasswordFile, &cam.Password))
	}
	return errors.Join(errs...)
}

// ReadSecrets is the same for the analyze section.
func (a *Analyze) ReadSecrets() error { return a.NATS.readSecrets("analyze.nats") }

func (n *NATS) readSecrets(at string) error {
	return errors.Join(fillSecret(at+".password_file", n.PasswordFile, &n.Password), fillSecret(at+".token_file", n.TokenFile, &n.Token))
}

func fillSecret(key, file string, into *string) error {
	if file == "" {
		return nil
	}
	text, err := readSecret(file)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	*into = text
	return nil
}

func readSecret(file string) (string, error) {
	st, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if st.Size() > maxSecret {
		return "", fmt.Errorf("%s has %d bytes: not a file with a secret", file, st.Size())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(b))
	if text == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return text, nil
}
