package app_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/bus"
)

// A camera is taken out while an alert fires for it: whoever hears of alerts
// over NATS is told that it is over.
func TestTheAlertOfARemovedCameraEnds(t *testing.T) {
	const gone = `  - {name: made, url: "synth:number?frames=6000&fps=20&size=96x96"}
`
	r := startWatch(t, `
defaults: {cuts: "off"}
cameras:
`+gone+`  - {name: stays, url: "synth:still?frames=6000&fps=5&size=96x96"}
`, byNumber, withAlerts(t, `rules: [{name: Flicker, metric: flips, window: 2s, fire_above: 0, keep_firing_for: 10m, min_pairs: 3}]`))
	firing := func() int {
		list, _ := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", "")
		return len(list)
	}
	r.eventually("the alert", func() bool { return firing() == 1 })
	r.rewrite(gone, "")
	r.eventually("its end", func() bool { return firing() == 0 })
	r.end()
	r.reopen(func(url string) {
		var told []string
		r.each(url, bus.TypeAlert, func(payload []byte) error {
			var a bus.Alert
			err := json.Unmarshal(payload, &a)
			told = append(told, a.Camera+" "+a.Rule+" "+a.State)
			return err
		})
		if !slices.Contains(told, "made Flicker resolved") {
			t.Errorf("published %q", told)
		}
	})
}
