package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/internal/clocktest"
)

// A receiver that answers 425 to what was signed by a clock that is wrong gets
// it when the clock is right again; one that answers as to a forgery doesn't.
func TestAReceiverWaitsForTheClock(t *testing.T) {
	var sender clocktest.Clock
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		err := Verify("s3cret", r.Header, body, time.Now(), 5*time.Minute)
		switch {
		case errors.Is(err, ErrAge):
			w.WriteHeader(http.StatusTooEarly)
		case err != nil:
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer s.Close()
	send := func(secret string) (err error, refused bool) {
		err = hook(t, Config{URL: s.URL, Secret: secret, Now: sender.Now}).Send(context.Background(), notices())
		var r *dispatch.Refused
		return err, errors.As(err, &r)
	}
	for _, by := range []time.Duration{-time.Hour, 2 * time.Hour} {
		sender.Step(by)
		if err, refused := send("s3cret"); err == nil || refused {
			t.Errorf("a clock that is off by %v: %v, refused %v", by, err, refused)
		}
		if err, refused := send("another"); !refused {
			t.Errorf("a forgery of another time: %v, refused %v", err, refused)
		}
		sender.Step(-by)
		if err, _ := send("s3cret"); err != nil {
			t.Errorf("the clock is right again: %v", err)
		}
	}
}
