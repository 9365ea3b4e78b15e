package app

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/configs"
)

// Whether credentials are needed depends on where the server listens, not on
// where a changed file would have it listen after a restart.
func TestRenewalDoesNotOpenTheDoor(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	at := configs.Watch{Data: t.TempDir(), Shutdown: time.Second}
	at.Web.Listen, at.Web.Token = "0.0.0.0:8377", strings.Repeat("t", 32)
	o, err := newOperating(&at, time.Now, log)
	if err != nil {
		t.Fatal(err)
	}
	changed := at
	changed.Web.Listen, changed.Web.Token = "127.0.0.1:8377", ""
	inForce := withTerms(o.cfg, &changed)
	if _, err := o.renewal(&inForce, log); err == nil || !strings.Contains(err.Error(), "needs credentials") {
		t.Errorf("a server that is open to all loses its credentials: %v", err)
	}
	changed.Web.Token = strings.Repeat("u", 32)
	inForce = withTerms(o.cfg, &changed)
	if r, err := o.renewal(&inForce, log); err != nil || r.access == nil {
		t.Errorf("another token: %v", err)
	}
}
