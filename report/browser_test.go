package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/internal/browsertest"
	"github.com/flipmeter/flipmeter/report/table"
)

// open loads a page of the given size.
func open(t *testing.T, b *browsertest.Browser, file string, width, height int64) *browsertest.Tab {
	t.Helper()
	return b.Open(t, browsertest.Page{URL: "file://" + file, Width: width, Height: height, Ready: ".timeline[data-view]"})
}

// shoot keeps a picture of the page for whoever asked for samples.
func shoot(p *browsertest.Tab, name string) {
	if dir := os.Getenv("FLIPMETER_REPORT_SAMPLE"); dir != "" {
		p.Picture(filepath.Join(dir, name+".png"), true)
	}
}

const view = `document.querySelector('.timeline').dataset.view`

func shown(t *testing.T, p *browsertest.Tab) (from, to float64) {
	t.Helper()
	if _, err := fmt.Sscan(browsertest.Eval[string](p, view), &from, &to); err != nil {
		t.Fatal(err)
	}
	return from, to
}

// TestPageInBrowser leaves its pages and pictures of them where
// FLIPMETER_REPORT_SAMPLE names a folder.
func TestPageInBrowser(t *testing.T) {
	dir := t.TempDir()
	if sample := os.Getenv("FLIPMETER_REPORT_SAMPLE"); sample != "" {
		dir = sample
	}
	var pool frame.Pool
	f := film(t, &pool)
	writeRun(t, filepath.Join(dir, "film"), table.None, map[string]*simulation{"bigbuckbunny.mp4": f}, []string{"bigbuckbunny.mp4"}, nil)
	if n := pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers were not given back", n)
	}
	traced := &simulation{seed: 4, frames: 300, fps: 25, noise: .3, spread: .6, traces: []int32{3, 7}, noTimes: true}
	sims, names := twoStreams()
	sims["labels.csv"], names = traced, append(names, "labels.csv")
	writeRun(t, filepath.Join(dir, "many"), table.None, sims, names, func(c *StreamConfig, o *StreamOutcome) {
		switch c.Name {
		case "street.avi":
			c.Source.Interlaced, o.Complete, o.Why = "yes", false, "interrupted after 400 of 795 frames"
		case "labels.csv":
			c.RandomWeights = "seed 7"
		}
	})
	film, many := filepath.Join(dir, "film", HTMLName), filepath.Join(dir, "many", HTMLName)
	b := browsertest.Start(t)

	t.Run("reads on every screen", func(t *testing.T) {
		for _, file := range []string{film, many} {
			p := open(t, b, file, 1280, 900)
			for _, c := range []struct {
				name          string
				width, height int64
				kind, scheme  string
			}{
				{"desktop", 1280, 900, "", ""}, {"dark", 1280, 900, "", "dark"}, {"tablet", 760, 1000, "", ""},
				{"phone", 390, 844, "", ""},
				{"phone dark", 390, 844, "", "dark"},
				{"print", 800, 1100, "print", ""},
			} {
				p.Size(c.width, c.height)
				p.Media(c.kind, c.scheme)
				if got := browsertest.Eval[float64](p, `document.querySelector('canvas').clientWidth`); got > float64(c.width) || got < .8*float64(c.width) && c.width < 1000 {
					t.Errorf("%s: the timeline is %g wide", c.name, got)
				}
				p.ReadsWell(c.name)
				light := browsertest.Eval[bool](p, `parseInt(getComputedStyle(document.body).backgroundColor.split('(')[1]) > 128`)
				if light != !strings.Contains(c.name, "dark") {
					t.Errorf("%s: light is %v", c.name, light)
				}
				shoot(p, filepath.Base(filepath.Dir(file))+"-"+strings.ReplaceAll(c.name, " ", "-"))
			}
		}
	})
	t.Run("keyboard", func(t *testing.T) { keyboard(t, b, film, f) })
	t.Run("pointer", func(t *testing.T) { pointer(t, b, film) })
	t.Run("without times", func(t *testing.T) {
		p := open(t, b, many, 1280, 900)
		text := browsertest.Eval[string](p, `document.querySelectorAll('.timeline')[2].getAttribute('aria-valuetext')`)
		if !strings.HasPrefix(text, "frame 0, ") {
			t.Errorf("a run without times begins at %q", text)
		}
		for want, n := range map[string]int{"interlaced": 1, "incomplete": 1, "weights are random": 1, "hardly knew": 1} {
			if got := browsertest.Eval[int](p, `[...document.querySelectorAll('.stream .banner')].filter(b => b.textContent.includes('`+want+`')).length`); got != n {
				t.Errorf("%d banners say %q, want %d", got, want, n)
			}
		}
	})
}

// keyboard uses the timeline without a mouse.
func keyboard(t *testing.T, b *browsertest.Browser, file string, f *simulation) {
	p := open(t, b, file, 1280, 900)
	value := func() string {
		return browsertest.Eval[string](p, `document.querySelector('.timeline').getAttribute('aria-valuetext')`)
	}
	// It is reached by tabbing.
	for range 20 {
		p.Do(chromedp.KeyEvent(kb.Tab))
		if browsertest.Eval[bool](p, `document.activeElement.classList.contains('timeline')`) {
			break
		}
	}
	if !browsertest.Eval[bool](p, `document.activeElement.classList.contains('timeline')`) {
		t.Fatal("tabbing does not reach the timeline")
	}
	from0, to0 := shown(t, p)
	p.Do(chromedp.KeyEvent("+"))
	from, to := shown(t, p)
	if got, want := to-from, (to0-from0)/2; got < want*.99 || got > want*1.01 {
		t.Errorf("+ shows %g ms of %g", got, to0-from0)
	}
	p.Do(chromedp.KeyEvent("-"))
	if from, to = shown(t, p); to-from < (to0-from0)*.99 {
		t.Errorf("- shows %g ms of %g", to-from, to0-from0)
	}
	for range 60 {
		p.Do(chromedp.KeyEvent("+"))
	}
	if from, to = shown(t, p); to-from < 100 || to-from > 1000 {
		t.Errorf("zoomed in as far as it goes, %g ms are shown", to-from)
	}
	p.Do(chromedp.KeyEvent("0"))
	if from, to = shown(t, p); from != from0 || to != to0 {
		t.Errorf("0 shows %g to %g", from, to)
	}
	p.Do(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	fs := f.run()
	if got, want := value(), clock(fs[2].obs.PTS)+", "+simLabel(fs[2].obs.Label); !strings.HasPrefix(got, want) {
		t.Errorf("two steps right: %q, want %q", got, want)
	}
	first := 0
	for fs[first].flip == nil {
		first++
	}
	p.Do(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(kb.ModifierShift)))
	got := value()
	want := fmt.Sprintf("flip: %s → %s (%s", simLabel(fs[first].flip.From), simLabel(fs[first].flip.To), fs[first].flip.Kind)
	if !strings.HasPrefix(got, clock(fs[first].obs.PTS)) || !strings.Contains(got, want) {
		t.Errorf("the first flip: %q, want %q", got, want)
	}
	// From a flip's card back to the timeline.
	p.Click(".flip .goto")
	if from, to = shown(t, p); to-from > 3100 {
		t.Errorf("a flip's time shows %g ms", to-from)
	}
	// The first card shows the first flip without a visible reason.
	for fs[first].flip == nil || !fs[first].flip.Unexplained {
		first++
	}
	if got := value(); !strings.HasPrefix(got, clock(fs[first].obs.PTS)) || !strings.Contains(got, "unexplained") {
		t.Errorf("a flip's time leads to %q", got)
	}
	p.Click("[data-do=all]")
	if from, to = shown(t, p); from != from0 || to != to0 {
		t.Errorf("All shows %g to %g", from, to)
	}
}

// pointer hovers, drags and double-clicks.
func pointer(t *testing.T, b *browsertest.Browser, file string) {
	p := open(t, b, file, 1280, 900)
	at := func(f float64) (x, y float64) {
		box := browsertest.Eval[[]float64](p, `(() => { const e = document.querySelector('.timeline'); e.scrollIntoView({behavior: "instant"});
			const r = e.getBoundingClientRect(); return [r.left, r.top, r.width] })()`)
		return box[0] + 6 + f*(box[2]-58), box[1] + 60
	}
	x, y := at(.5)
	p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
	tip := browsertest.Eval[string](p, `(() => { const t = document.querySelector('.tip'); return t.hidden ? '' : t.innerText })()`)
	for _, want := range []string{"0:08.", "frame ", "best score", "flip fraction", "cells changed"} {
		if !strings.Contains(tip, want) {
			t.Errorf("hovering in the middle shows %q, without %q", tip, want)
		}
	}
	from0, to0 := shown(t, p)
	x2, _ := at(.75)
	p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x2, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x2, y, chromedp.ButtonLeft))
	from, to := shown(t, p)
	if got, want := to-from, (to0-from0)/4; got < want*.95 || got > want*1.05 {
		t.Errorf("dragging over a quarter shows %g of %g ms", got, to0-from0)
	}
	shoot(p, "film-zoomed")
	x, y = at(.5)
	p.Do(chromedp.MouseClickXY(x, y, chromedp.ClickCount(2)))
	if from, to = shown(t, p); from != from0 || to != to0 {
		t.Errorf("a double click shows %g to %g", from, to)
	}
}

// Thousands of flips, hours of video: the page stays small and quick.
func TestLargePage(t *testing.T) {
	var pool frame.Pool
	s := &simulation{seed: 9, frames: 9000, fps: 25, noise: .9, jitter: 2.5, spread: 2, thumb: plainThumbs(&pool), cuts: []int{3000, 6000}}
	dir := t.TempDir()
	sum := writeRun(t, dir, table.None, map[string]*simulation{"long.mp4": s}, []string{"long.mp4"}, nil)
	if sum.Streams[0].Flips < 5000 {
		t.Fatalf("only %d flips", sum.Streams[0].Flips)
	}
	file := filepath.Join(dir, HTMLName)
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	// Small grey pictures stand for real ones here, which TestJPEGs bounds.
	if size := st.Size() + 2*DefaultMaxPictures*maxTestJPEG*4/3; size > 8<<20 {
		t.Errorf("the page may have %d MB", size>>20)
	}
	b, began := browsertest.Start(t), time.Now()
	p := open(t, b, file, 1280, 900)
	took := time.Since(began)
	if took > 20*time.Second {
		t.Errorf("loading took %v", took)
	}
	t.Logf("%d flips: %.1f MB, loaded in %v", sum.Streams[0].Flips, float64(st.Size())/(1<<20), took)
	if n := browsertest.Eval[int](p, `document.querySelectorAll('.flip').length`); n > DefaultMaxPictures || n < DefaultMaxPictures/3 {
		t.Errorf("%d flips are shown with pictures", n)
	}
	if rule := browsertest.Eval[string](p, `document.querySelector('.rule').textContent`); !strings.Contains(rule, " flips: every ") {
		t.Errorf("the rule of the choice: %q", rule)
	}
	began = time.Now()
	for range 20 {
		browsertest.Eval[bool](p, `document.querySelector('[data-do=in]').click(), document.querySelector('[data-do=out]').click(), true`)
	}
	if each := time.Since(began) / 40; each > time.Second {
		t.Errorf("drawing takes %v", each)
	}
	shoot(p, "large")
}

// Names come from files, cameras and models of others: none of them may
// become markup or script.
func TestHostileNames(t *testing.T) {
	evil := `</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'"&{{.}}\u2028` + "`${window.hacked=1}`"
	s := &simulation{seed: 5, frames: 200, fps: 25, noise: .5, spread: 2, traces: []int32{1}}
	dir := t.TempDir()
	writeRun(t, dir, table.None, map[string]*simulation{evil: s}, []string{evil}, func(c *StreamConfig, o *StreamOutcome) {
		c.Label = func(i int32) string { return evil + simLabel(i) }
		c.Source.Notes, c.Source.Codec, c.RandomWeights = []string{evil}, evil, evil
		c.Identity.Model, c.Identity.Decoder = evil, "javascript:window.hacked=1"
		c.Details = []Detail{{evil, evil}}
		o.Complete, o.Why = false, evil
	})
	p := open(t, browsertest.Start(t), filepath.Join(dir, HTMLName), 390, 844)
	p.Do(chromedp.Focus(chromedp.CSS(".timeline")), chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(kb.ModifierShift)))
	if browsertest.Eval[bool](p, `!!window.hacked || document.querySelectorAll('img').length > 0`) {
		t.Error("a name became markup")
	}
	if tip := browsertest.Eval[string](p, `document.querySelector('.tip').innerText`); !strings.Contains(tip, "</script><script>") {
		t.Errorf("the tip shows %q", tip)
	}
	p.ReadsWell("a phone")
}
