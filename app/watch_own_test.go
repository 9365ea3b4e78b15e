package app_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

// A program that embeds the monitoring may bring sources of its own. A
// picture that nobody looks at is not asked for.
func TestWatchSourcesOfOnesOwn(t *testing.T) {
	var pictures atomic.Int64
	own := func(ctx context.Context, cam configs.Camera, wants []frame.Want, pool *frame.Pool) (ingest.Source, error) {
		pictures.Store(int64(len(wants)))
		return synth.Open(ctx, synth.Config{Address: "synth:number?frames=20&fps=50&size=96x96", Wants: wants, Pool: pool})
	}
	for _, show := range []string{"true", "false"} {
		r := startWatch(t, "cameras:\n  - {name: mine, url: \"shop:7\", cuts: \"off\", at_end: stop, speed: max}\n", byNumber, func(o *app.WatchOptions) {
			o.OpenSource = own
			o.Environ = append(o.Environ, "FLIPMETER_WATCH_WEB_PICTURES="+show)
		})
		r.eventually("all frames", func() bool { return r.tape.observations("mine") == 20 })
		r.end()
		want := map[string]int64{"true": 3, "false": 2}[show]
		if n := pictures.Load(); n != want {
			t.Errorf("pictures shown: %s; %d were asked for, want %d", show, n, want)
		}
		r.tape.get(func(p *tape) {
			if got := p.flips["mine"]; got != flipsOfNumbers(20) {
				t.Errorf("%d flips, want %d", got, flipsOfNumbers(20))
			}
		})
	}
}
