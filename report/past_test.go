package report

import (
	"bytes"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/internal/browsertest"
	"github.com/flipmeter/flipmeter/stability"
)

var pastEnd = time.Date(2026, 5, 10, 12, 0, 0, 0, time.FixedZone("CEST", 7200))

// pastOf is a camera with a window a minute, flips in every third, and an
// outage in the second half hour.
func pastOf(name string, span time.Duration) *Past {
	p := NewPast(name, PastConfig{Since: pastEnd.Add(-span), Until: pastEnd})
	for at := pastEnd.Add(-span); at.Before(pastEnd); at = at.Add(time.Minute) {
		since := at.Sub(pastEnd.Add(-span))
		if since >= 30*time.Minute && since < time.Hour {
			continue
		}
		w := PastWindow{At: at, Width: time.Minute, Pairs: 300, DecidedPairs: 10, Observed: 50 * time.Second, Uncovered: 10 * time.Second, MAC: math.NaN()}
		if int(since.Minutes())%3 == 0 {
			w.Flips, w.Unexplained = 2, 1
			p.AddFlip(&PastFlip{At: at, From: "cat", To: "dog", Kind: "glitch", Unexplained: true, HeldBefore: time.Second})
			p.AddFlip(&PastFlip{At: at, From: "dog", To: "cat", Kind: "transition"})
		}
		p.AddWindow(&w)
	}
	return p
}

// The steps of a page add up to the windows that were given, whatever its
// stretch, and never are more than a page has room for.
func TestPastAddsUp(t *testing.T) {
	for _, span := range []time.Duration{time.Minute, time.Hour, 12 * time.Hour, 12*time.Hour + time.Minute, 30 * 24 * time.Hour} {
		p := pastOf("gate", span)
		var sum pastSums
		for i := range p.bins {
			b := &p.bins[i]
			sum.pairs, sum.flips, sum.unexplained, sum.windows = sum.pairs+b.pairs, sum.flips+b.flips, sum.unexplained+b.unexplained, sum.windows+b.windows
		}
		pairs, flips, unexplained := p.Total()
		if sum.pairs != pairs || sum.flips != flips || sum.unexplained != unexplained || pairs != int64(300*sum.windows) || flips != 2*unexplained || unexplained == 0 {
			t.Errorf("%v: steps have %+v, the total %d %d %d", span, sum, pairs, flips, unexplained)
		}
		if len(p.bins) > pastBins || p.width%time.Minute != 0 || time.Duration(len(p.bins))*p.width < span {
			t.Errorf("%v: %d steps of %v", span, len(p.bins), p.width)
		}
		if n := p.total.kinds[stability.KindGlitch]; n == nil || n[0] != unexplained || n[1] != unexplained {
			t.Errorf("%v: %v glitches, want %d", span, n, unexplained)
		}
		if len(p.odd) > 2*DefaultMaxPictures || len(p.even) > 2*DefaultMaxPictures {
			t.Errorf("%v: %d and %d flips are held", span, len(p.odd), len(p.even))
		}
	}
	p := pastOf("gate", time.Hour)
	pairs, _, _ := p.Total()
	p.AddWindow(&PastWindow{At: pastEnd, Pairs: 1})
	p.AddWindow(&PastWindow{At: pastEnd.Add(-time.Hour - time.Second), Pairs: 1})
	if now, _, _ := p.Total(); now != pairs {
		t.Error("windows outside of the stretch count")
	}
}

func TestPastWithNothing(t *testing.T) {
	cfg := PastConfig{Since: pastEnd.Add(-time.Hour), Until: pastEnd}
	for want, cameras := range map[string][]*Past{"Nothing was kept of that time": {}, "Nothing was measured in that time": {NewPast("gate", cfg)}} {
		var b bytes.Buffer
		if err := WritePast(&b, cfg, cameras); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%v, and %q is not in the page", err, want)
		}
	}
}

func TestPastInBrowser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "past.html")
	cfg := PastConfig{Since: pastEnd.Add(-12 * time.Hour), Until: pastEnd, Tool: "flipmeter test"}
	err := writeFile(file, func(w io.Writer) error { return WritePast(w, cfg, []*Past{pastOf("gate", 12*time.Hour)}) })
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, browsertest.Start(t), file, 390, 844)
	for _, c := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"desktop", 1280, 900, ""}, {"dark", 1280, 900, "dark"}, {"phone-dark", 390, 844, "dark"}, {"phone", 390, 844, ""}} {
		p.Size(c.width, c.height)
		p.Media("", c.scheme)
		p.ReadsWell(c.name)
		shoot(p, "past-"+c.name)
	}
	// The cursor tells the wall clock in the page's zone, and the flips.
	said := browsertest.Eval[string](p, `(() => { const e = document.querySelector('.timeline'); e.focus();
		e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Home'})); return e.getAttribute('aria-valuetext'); })()`)
	if !strings.Contains(said, "05-10 00:00") || !strings.Contains(said, "glitch, unexplained") {
		t.Errorf("the first step says %q", said)
	}
	tip := browsertest.Eval[string](p, `document.querySelector('.tip').textContent`)
	if strings.Contains(tip, "undefined") || !strings.Contains(tip, "05-10 00:00") {
		t.Errorf("the tip says %q", tip)
	}
}
