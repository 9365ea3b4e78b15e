package configs

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxSecret bounds a file that holds a secret, in bytes.
const maxSecret = 64 << 10

// ReadSecrets puts what the _file keys name in place of the keys that they
// stand for. It is apart from Load, so that a configuration can be checked
// where its secrets are not.
func (c *Config) ReadSecrets() error {
	var errs []error
	read := func(key, file string, into *string) {
		if file == "" {
			return
		}
		text, err := readSecret(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
			return
		}
		*into = text
	}
	read("watch.web.token_file", c.Watch.Web.TokenFile, &c.Watch.Web.Token)
	for name, n := range map[string]*NATS{"watch.nats": &c.Watch.NATS.NATS, "analyze.nats": &c.Analyze.NATS} {
		read(name+".password_file", n.PasswordFile, &n.Password)
		read(name+".token_file", n.TokenFile, &n.Token)
	}
	for i := range c.Cameras {
		cam := &c.Cameras[i]
		at := fmt.Sprintf("cameras[%d].", i)
		read(at+"url_file", cam.URLFile, &cam.URL)
		read(at+"password_file", cam.PasswordFile, &cam.Password)
	}
	return errors.Join(errs...)
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
