package configs

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/ingest"
)

// checkAddress says what is wrong with the address of a camera, as far as it
// can be told without opening it. It quotes nothing of it: it may hold
// credentials.
func checkAddress(address string) error {
	if strings.TrimSpace(address) != address {
		return errors.New("must not begin or end with a blank")
	}
	if strings.HasPrefix(address, "camera:") {
		if _, ok := ingest.CameraNumber(address); !ok {
			return errors.New("must have a number behind camera:, as camera:0")
		}
		return nil
	}
	scheme, _, ok := strings.Cut(address, "://")
	if !ok || strings.ContainsFunc(scheme, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+-.", r)
	}) {
		return nil // a file, or made up
	}
	switch strings.ToLower(scheme) {
	case "rtsp", "rtsps", "http", "https":
	default:
		return fmt.Errorf("must be rtsp://, rtsps://, http://, https://, camera:0, or a file: %s:// is not read", scheme)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil: // its text quotes the address
		return errors.New("is no URL: escape what is special in its user and password (@ as %40, / as %2F), or give them as user and password")
	case u.Hostname() == "":
		return fmt.Errorf("has no host, as %s://10.0.0.7/main has", scheme)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("has a port that is none: 1 to 65535")
		}
	}
	return nil
}
