package api

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/web/access"
)

// A silence for a time lasts for it wherever the wall clock is set; one until
// a date ends then.
func TestASilenceKnowsWhatWasAskedFor(t *testing.T) {
	s := newSite(t)
	for body, lasting := range map[string]bool{
		`{"duration_s":60}`: true,
		`{"until":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`: false,
	} {
		resp, b := s.ask(t, access.Admin, "POST", "/api/v1/silences", body)
		var got alerts.Silence
		if err := json.Unmarshal(b, &got); err != nil || resp.StatusCode != http.StatusCreated || got.Lasting != lasting {
			t.Errorf("%s: %d, %v: %s", body, resp.StatusCode, err, b)
		}
	}
}
