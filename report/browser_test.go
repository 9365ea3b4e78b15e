package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/report/table"
)

// browser is a headless Chromium for one test.
func browser(t *testing.T) context.Context {
	t.Helper()
	exe := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			exe = path
			break
		}
	}
	if exe == "" {
		t.Fatal("no Chromium to look at the page with: apt-get install chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(exe), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", exe, err)
	}
	return ctx
}

// complaints collects what a page must not do: ask for anything from
// outside, log an error, throw an exception.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (c *complaints) listen(page string) func(ev any) {
	add := func(format string, args ...any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.list = append(c.list, fmt.Sprintf(format, args...))
	}
	return func(ev any) {
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; u != page && !strings.HasPrefix(u, "data:") {
				add("request for %.100s", u)
			}
		case *runtime.EventExceptionThrown:
			add("exception: %s", ev.ExceptionDetails.Text)
			if ex := ev.ExceptionDetails.Exception; ex != nil {
				add("%s", ex.Description)
			}
		case *runtime.EventConsoleAPICalled:
			add("console: %s", ev.Type)
		case *log.EventEntryAdded:
			add("log: %s %s", ev.Entry.Level, ev.Entry.Text)
		}
	}
}

func (c *complaints) check(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.list {
		t.Error(s)
	}
}

// open loads a page in a fresh tab of the given size.
func open(t *testing.T, parent context.Context, file string, width, height int64) (context.Context, time.Duration) {
	t.Helper()
	url := "file://" + file
	c := &complaints{}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithListener(c.listen(url)))
	t.Cleanup(cancel)
	t.Cleanup(func() { c.check(t) })
	run(t, ctx, chromedp.EmulateViewport(width, height))
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	run(t, ctx, chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS(".timeline[data-view]")))
	return ctx, time.Since(began)
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func emulate(t *testing.T, ctx context.Context, media emulation.SetEmulatedMediaParams) {
	t.Helper()
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}

func eval[T any](t *testing.T, ctx context.Context, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// shoot keeps a picture of the page for whoever asked for samples.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("FLIPMETER_REPORT_SAMPLE")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o666); err != nil {
		t.Fatal(err)
	}
}

// plain emulates nothing.
var plain emulation.SetEmulatedMediaParams

const view = `document.querySelector('.timeline').dataset.view`

func shown(t *testing.T, ctx context.Context) (from, to float64) {
	t.Helper()
	if _, err := fmt.Sscan(eval[string](t, ctx, view), &from, &to); err != nil {
		t.Fatal(err)
	}
	return from, to
}

// tooSmall lists texts below 12 px, overflowing the page the elements that
// make it scroll sideways.
const (
	tooSmall = `[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
		[...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && !['SCRIPT','STYLE','NOSCRIPT'].includes(e.tagName) &&
		parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30))`
	overflowing = `document.documentElement.scrollWidth > innerWidth ? [...document.querySelectorAll('body *')].filter(e =>
		e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll')).map(e => e.tagName + '.' + (e.className.baseVal ?? e.className)) : []`
)

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
	b := browser(t)

	t.Run("reads on every screen", func(t *testing.T) {
		dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
		for _, file := range []string{film, many} {
			ctx, _ := open(t, b, file, 1280, 900)
			for _, c := range []struct {
				name          string
				width, height int64
				media         emulation.SetEmulatedMediaParams
			}{
				{"desktop", 1280, 900, plain}, {"dark", 1280, 900, dark}, {"tablet", 760, 1000, plain},
				{"phone", 390, 844, plain},
				{"phone dark", 390, 844, dark},
				{"print", 800, 1100, emulation.SetEmulatedMediaParams{Media: "print"}},
			} {
				run(t, ctx, chromedp.EmulateViewport(c.width, c.height))
				emulate(t, ctx, c.media)
				// Drawing anew takes a frame or two.
				eval[bool](t, ctx, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
				if got := eval[float64](t, ctx, `document.querySelector('canvas').clientWidth`); got > float64(c.width) || got < .8*float64(c.width) && c.width < 1000 {
					t.Errorf("%s: the timeline is %g wide", c.name, got)
				}
				if bad := eval[[]string](t, ctx, overflowing); len(bad) > 0 {
					t.Errorf("%s: wider than the page: %v", c.name, bad)
				}
				if bad := eval[[]string](t, ctx, tooSmall); len(bad) > 0 {
					t.Errorf("%s: text below 12 px: %v", c.name, bad)
				}
				light := eval[bool](t, ctx, `parseInt(getComputedStyle(document.body).backgroundColor.split('(')[1]) > 128`)
				if light != !strings.Contains(c.name, "dark") {
					t.Errorf("%s: light is %v", c.name, light)
				}
				shoot(t, ctx, filepath.Base(filepath.Dir(file))+"-"+strings.ReplaceAll(c.name, " ", "-"))
			}
		}
	})
	t.Run("keyboard", func(t *testing.T) { keyboard(t, b, film, f) })
	t.Run("pointer", func(t *testing.T) { pointer(t, b, film) })
	t.Run("without times", func(t *testing.T) {
		ctx, _ := open(t, b, many, 1280, 900)
		text := eval[string](t, ctx, `document.querySelectorAll('.timeline')[2].getAttribute('aria-valuetext')`)
		if !strings.HasPrefix(text, "frame 0, ") {
			t.Errorf("a run without times begins at %q", text)
		}
		for want, n := range map[string]int{"interlaced": 1, "incomplete": 1, "weights are random": 1, "hardly knew": 1} {
			if got := eval[int](t, ctx, `[...document.querySelectorAll('.stream .banner')].filter(b => b.textContent.includes('`+want+`')).length`); got != n {
				t.Errorf("%d banners say %q, want %d", got, want, n)
			}
		}
	})
}

// keyboard uses the timeline without a mouse.
func keyboard(t *testing.T, b context.Context, file string, f *simulation) {
	ctx, _ := open(t, b, file, 1280, 900)
	value := func() string {
		return eval[string](t, ctx, `document.querySelector('.timeline').getAttribute('aria-valuetext')`)
	}
	// It is reached by tabbing.
	for range 20 {
		run(t, ctx, chromedp.KeyEvent(kb.Tab))
		if eval[bool](t, ctx, `document.activeElement.classList.contains('timeline')`) {
			break
		}
	}
	if !eval[bool](t, ctx, `document.activeElement.classList.contains('timeline')`) {
		t.Fatal("tabbing does not reach the timeline")
	}
	from0, to0 := shown(t, ctx)
	run(t, ctx, chromedp.KeyEvent("+"))
	from, to := shown(t, ctx)
	if got, want := to-from, (to0-from0)/2; got < want*.99 || got > want*1.01 {
		t.Errorf("+ shows %g ms of %g", got, to0-from0)
	}
	run(t, ctx, chromedp.KeyEvent("-"))
	if from, to = shown(t, ctx); to-from < (to0-from0)*.99 {
		t.Errorf("- shows %g ms of %g", to-from, to0-from0)
	}
	for range 60 {
		run(t, ctx, chromedp.KeyEvent("+"))
	}
	if from, to = shown(t, ctx); to-from < 100 || to-from > 1000 {
		t.Errorf("zoomed in as far as it goes, %g ms are shown", to-from)
	}
	run(t, ctx, chromedp.KeyEvent("0"))
	if from, to = shown(t, ctx); from != from0 || to != to0 {
		t.Errorf("0 shows %g to %g", from, to)
	}
	run(t, ctx, chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	fs := f.run()
	if got, want := value(), clock(fs[2].obs.PTS)+", "+simLabel(fs[2].obs.Label); !strings.HasPrefix(got, want) {
		t.Errorf("two steps right: %q, want %q", got, want)
	}
	first := 0
	for fs[first].flip == nil {
		first++
	}
	run(t, ctx, chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(kb.ModifierShift)))
	got := value()
	want := fmt.Sprintf("flip: %s → %s (%s", simLabel(fs[first].flip.From), simLabel(fs[first].flip.To), fs[first].flip.Kind)
	if !strings.HasPrefix(got, clock(fs[first].obs.PTS)) || !strings.Contains(got, want) {
		t.Errorf("the first flip: %q, want %q", got, want)
	}
	// From a flip's card back to the timeline.
	click := func(selector string) {
		// Not by coordinates: the page scrolls smoothly, and a slow machine would click beside it.
		eval[bool](t, ctx, fmt.Sprintf(`document.querySelector(%q).click(), true`, selector))
	}
	click(".flip .goto")
	if from, to = shown(t, ctx); to-from > 3100 {
		t.Errorf("a flip's time shows %g ms", to-from)
	}
	// The first card shows the first flip without a visible reason.
	for fs[first].flip == nil || !fs[first].flip.Unexplained {
		first++
	}
	if got := value(); !strings.HasPrefix(got, clock(fs[first].obs.PTS)) || !strings.Contains(got, "unexplained") {
		t.Errorf("a flip's time leads to %q", got)
	}
	click("[data-do=all]")
	if from, to = shown(t, ctx); from != from0 || to != to0 {
		t.Errorf("All shows %g to %g", from, to)
	}
}

// pointer hovers, drags and double-clicks.
func pointer(t *testing.T, b context.Context, file string) {
	ctx, _ := open(t, b, file, 1280, 900)
	at := func(f float64) (x, y float64) {
		box := eval[[]float64](t, ctx, `(() => { const e = document.querySelector('.timeline'); e.scrollIntoView({behavior: "instant"});
			const r = e.getBoundingClientRect(); return [r.left, r.top, r.width] })()`)
		return box[0] + 6 + f*(box[2]-58), box[1] + 60
	}
	x, y := at(.5)
	run(t, ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
	tip := eval[string](t, ctx, `(() => { const t = document.querySelector('.tip'); return t.hidden ? '' : t.innerText })()`)
	for _, want := range []string{"0:08.", "frame ", "best score", "flip fraction", "cells changed"} {
		if !strings.Contains(tip, want) {
			t.Errorf("hovering in the middle shows %q, without %q", tip, want)
		}
	}
	from0, to0 := shown(t, ctx)
	x2, _ := at(.75)
	run(t, ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x2, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x2, y, chromedp.ButtonLeft))
	from, to := shown(t, ctx)
	if got, want := to-from, (to0-from0)/4; got < want*.95 || got > want*1.05 {
		t.Errorf("dragging over a quarter shows %g of %g ms", got, to0-from0)
	}
	shoot(t, ctx, "film-zoomed")
	x, y = at(.5)
	run(t, ctx, chromedp.MouseClickXY(x, y, chromedp.ClickCount(2)))
	if from, to = shown(t, ctx); from != from0 || to != to0 {
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
	ctx, took := open(t, browser(t), file, 1280, 900)
	if took > 20*time.Second {
		t.Errorf("loading took %v", took)
	}
	t.Logf("%d flips: %.1f MB, loaded in %v", sum.Streams[0].Flips, float64(st.Size())/(1<<20), took)
	if n := eval[int](t, ctx, `document.querySelectorAll('.flip').length`); n > DefaultMaxPictures || n < DefaultMaxPictures/3 {
		t.Errorf("%d flips are shown with pictures", n)
	}
	if rule := eval[string](t, ctx, `document.querySelector('.rule').textContent`); !strings.Contains(rule, " flips: every ") {
		t.Errorf("the rule of the choice: %q", rule)
	}
	began := time.Now()
	for range 20 {
		eval[bool](t, ctx, `document.querySelector('[data-do=in]').click(), document.querySelector('[data-do=out]').click(), true`)
	}
	if each := time.Since(began) / 40; each > time.Second {
		t.Errorf("drawing takes %v", each)
	}
	shoot(t, ctx, "large")
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
	ctx, _ := open(t, browser(t), filepath.Join(dir, HTMLName), 390, 844)
	run(t, ctx, chromedp.Focus(chromedp.CSS(".timeline")), chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(kb.ModifierShift)))
	if eval[bool](t, ctx, `!!window.hacked || document.querySelectorAll('img').length > 0`) {
		t.Error("a name became markup")
	}
	if tip := eval[string](t, ctx, `document.querySelector('.tip').innerText`); !strings.Contains(tip, "</script><script>") {
		t.Errorf("the tip shows %q", tip)
	}
	if bad := eval[[]string](t, ctx, overflowing); len(bad) > 0 {
		t.Errorf("wider than a phone: %v", bad)
	}
}
