package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/webhook"
	"github.com/flipmeter/flipmeter/configs"
)

// What a watch signs it signs by its own clock.
func TestWebhooksSignByTheClockTheyAreGiven(t *testing.T) {
	got := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get(webhook.TimestampHeader) }))
	defer s.Close()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	cfg := &configs.Watch{}
	cfg.Alerts.Webhooks = []configs.Webhook{{Name: "it", URL: s.URL, Secret: "s3cret"}}
	lanes, err := alertLanes(cfg, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	if err := lanes[0].Receiver.Send(context.Background(), []alerts.Notice{{ID: "a", State: alerts.Firing, At: at}}); err != nil {
		t.Fatal(err)
	}
	if g, want := <-got, strconv.FormatInt(at.Unix(), 10); g != want {
		t.Errorf("signed at %s, want %s", g, want)
	}
}
