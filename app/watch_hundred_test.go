package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// blank is a source that costs nothing: empty pictures, two a second.
type blank struct {
	wants []frame.Want
	pool  *frame.Pool
	n     int
}

func (b *blank) Info() ingest.Info {
	return ingest.Info{Name: "blank", Kind: "synth", Width: 96, Height: 96, FPS: 2}
}
func (b *blank) Close() error { return nil }

func (b *blank) Read(_ context.Context, into *frame.Frame) error {
	into.Prepare(b.pool, b.wants, 96, 96)
	into.Width, into.Height, into.Seq, into.PTS = 96, 96, uint64(b.n), time.Duration(b.n)*time.Second/2
	b.n++
	return nil
}

// withoutPictures saves the small pictures that people look at, which cost most
// of a made-up frame.
func withoutPictures(o *app.WatchOptions) {
	o.Environ = append(o.Environ, "FLIPMETER_WATCH_WEB_PICTURES=false", "FLIPMETER_WATCH_NATS_PICTURES=false")
}

// One of a hundred cameras is changed, and one taken out: the other 98 are
// not opened anew, their epochs and numbers go on without a gap, and what
// counts them never starts again.
func TestReloadOfOneOfAHundred(t *testing.T) {
	const many = 100
	var b strings.Builder
	b.WriteString("defaults: {cuts: \"off\", queue: block, frozen_after: 0s, measures: {windows: [10m]}}\ncameras:\n")
	for i := range many {
		fmt.Fprintf(&b, "  - {name: c%02d, url: \"shop:1\", stall_after: 0s, queue_size: 3}\n", i)
	}
	r := startWatch(t, b.String(), func(_ *frame.Frame, _ frame.Picture, probs []float32) error { probs[0] = 1; return nil }, func(o *app.WatchOptions) {
		withoutPictures(o)
		o.Environ = append(o.Environ, "FLIPMETER_WATCH_SHUTDOWN=4m")
		o.OpenSource = func(_ context.Context, _ configs.Camera, wants []frame.Want, pool *frame.Pool) (ingest.Source, error) {
			return &blank{wants: wants, pool: pool}, nil
		}
	})
	next, broken := map[string]uint64{}, map[string]string{}
	r.tape.get(func(p *tape) {
		p.onSeen = func(ev *event.Event) {
			o := ev.Observation
			want, known := next[ev.Camera]
			if known && (o.Epoch != 0 || o.Seq != want || o.Break != 0) {
				broken[ev.Camera] = fmt.Sprintf("epoch %d, number %d, want %d, break %v", o.Epoch, o.Seq, want, o.Break)
			}
			next[ev.Camera] = o.Seq + 1
		}
	})
	more := func(n int) {
		t.Helper()
		want := map[string]int{}
		for i := range many {
			name := fmt.Sprintf("c%02d", i)
			want[name] = r.tape.observations(name) + n
		}
		delete(want, "c17")
		r.eventually("frames of all", func() bool {
			for name, n := range want {
				if r.tape.observations(name) < n {
					return false
				}
			}
			return true
		})
	}
	more(3)
	before := r.gather()
	changed := `  - {name: c42, url: "shop:1", stall_after: 0s, queue_size: `
	r.rewrite(changed+"3", changed+"4")
	gone := strings.Replace(changed, "c42", "c17", 1) + "3}\n"
	r.rewrite(gone, "")
	more(3)
	after := r.gather()
	r.end()
	for i := range many {
		name := fmt.Sprintf("c%02d", i)
		states := fmt.Sprint(r.states(name, "connecting"))
		switch name {
		case "c42":
			if states != "2" || broken[name] == "" {
				t.Errorf("%s: opened %s times: %q", name, states, broken[name])
			}
		case "c17":
			for key := range after {
				if strings.Contains(key, "camera=c17 ") {
					t.Errorf("%s outlives its camera", key)
				}
			}
		default:
			if states != "1" || broken[name] != "" {
				t.Errorf("%s: opened %s times: %s", name, states, broken[name])
			}
			for _, what := range []string{"flipmeter_frames_total camera=" + name + " outcome=observed", "flipmeter_pairs_total camera=" + name} {
				if before[what] < 1 || after[what] < before[what]+3 {
					t.Errorf("%s: %v, then %v", what, before[what], after[what])
				}
			}
			if n := sum(after, "flipmeter_source_reconnects_total camera="+name) + sum(after, "flipmeter_pair_breaks_total camera="+name); n != 0 {
				t.Errorf("%s: %d reconnects and breaks", name, n)
			}
		}
	}
}
