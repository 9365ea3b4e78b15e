package pages

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// usual is the time between two frames.
const usual = 200 * time.Millisecond

var screenshots = flag.String("screenshots", "", "write pictures of the pages into this folder")

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
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", exe, err)
	}
	return ctx
}

// tab is one page with what it complained of.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	quiet      bool // an outage is expected
}

func (b *tab) add(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.quiet {
		b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
	}
}

func (b *tab) listen(origin string) func(ev any) {
	return func(ev any) {
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; !strings.HasPrefix(u, origin) && !strings.HasPrefix(u, "data:") {
				b.add("request for %.100s", u)
			}
		case *runtime.EventExceptionThrown:
			b.add("exception: %s", ev.ExceptionDetails.Text)
			if ex := ev.ExceptionDetails.Exception; ex != nil {
				b.add("%s", ex.Description)
			}
		case *runtime.EventConsoleAPICalled:
			b.add("console: %s", ev.Type)
		case *log.EventEntryAdded:
			b.add("log: %s %s %s", ev.Entry.Level, ev.Entry.Text, ev.Entry.URL)
		}
	}
}

// open loads a page of the plant in a tab of its own.
func open(t *testing.T, parent context.Context, p *plant, hash string, width, height int64) *tab {
	t.Helper()
	b := &tab{t: t}
	origin := "http://" + p.address
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithListener(b.listen(origin)))
	t.Cleanup(cancel)
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.complaints {
			t.Error(c)
		}
	})
	b.ctx = ctx
	b.run(chromedp.EmulateViewport(width, height))
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(origin+"/"+hash), chromedp.WaitReady(chromedp.CSS(".link-on")))
	return b
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval gives the value of an expression.
func eval[T any](b *tab, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits for an expression to be true.
func (b *tab) until(js string) {
	b.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !eval[bool](b, js); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("not within 40 s: %s\n%s", js, eval[string](b, "document.body.innerText.slice(0, 2000)"))
		}
	}
}

// shot writes a picture, if asked for.
func (b *tab) shot(name string, full bool) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	shot := chromedp.CaptureScreenshot()
	if full {
		shot = chromedp.FullScreenshot(100)
	}
	data, err := chromedp.Run(b.ctx, shot)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), data, 0o666); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) dark(on bool) {
	b.t.Helper()
	value := "light"
	if on {
		value = "dark"
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}}); err != nil {
		b.t.Fatal(err)
	}
}

func TestWallAndCamera(t *testing.T) {
	p := newPlant(t, 8, 90*time.Second, usual)
	defer p.run()()
	ctx := browser(t)
	b := open(t, ctx, p, "", 1280, 900)
	b.until("document.querySelectorAll('.cam').length === 8")
	b.until("[...document.querySelectorAll('.shot img')].filter(i => i.naturalWidth === 256).length >= 6")
	// It lives: a figure changes without anybody asking.
	spark := eval[string](b, "document.querySelector('.spark-all').getAttribute('d')")
	b.until(fmt.Sprintf("document.querySelector('.spark-all').getAttribute('d') !== %q", spark))
	// Names are text, not markup.
	b.until(fmt.Sprintf("[...document.querySelectorAll('.card-name')].some(e => e.textContent === %q)", oddName()))
	if n := eval[int](b, "document.querySelectorAll('main i, main b b').length"); n != 0 {
		t.Errorf("%d elements were made of names", n)
	}
	b.until("document.querySelector('.trouble .state').textContent === 'not reachable'")
	b.until("!document.getElementById('firing').hidden && document.querySelectorAll('.alarm').length > 0")
	b.shot("wall", false)
	b.dark(true)
	b.shot("wall-dark", false)
	b.dark(false)

	// By keyboard: / finds, Tab goes on, Enter opens.
	b.run(chromedp.KeyEvent("/"))
	// The driver sends the letter apart from its key, so that it arrives
	// although the page has taken the key.
	b.until("document.activeElement.type === 'search' && (document.activeElement.select(), true)")
	b.run(chromedp.KeyEvent("camera-1"))
	b.until("document.querySelectorAll('.cam').length === 1")
	b.run(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	b.until("location.hash === '#/cameras/camera-1' && document.querySelector('h1').textContent === 'camera-1'")

	b.run(chromedp.Navigate("http://" + p.address + "/#/cameras/" + url.PathEscape(oddName())))
	b.until("document.querySelectorAll('.flip .picture img').length >= 4")
	b.until("[...document.querySelectorAll('.flip .picture img')].slice(0, 2).every(i => i.naturalWidth === 256)")
	b.until("document.querySelector('.figure').textContent.includes('%')")
	// Flips arrive while one looks, and tell their kind later.
	newest := eval[string](b, "document.querySelector('.flip time').dateTime")
	b.until(fmt.Sprintf("document.querySelector('.flip time').dateTime > %q", newest))
	b.shot("camera", false)
	b.dark(true)
	b.shot("camera-dark", false)
	eval[any](b, "(() => { document.querySelector('.flips').scrollIntoView(); return 1 })()")
	b.shot("flips-dark", false)
	b.dark(false)
	b.shot("flips", false)
	// The filters.
	eval[any](b, "(() => { const s = document.querySelector('select[aria-label=\"Kinds of flips\"]'); s.value = 'glitch'; s.dispatchEvent(new Event('change')); return 1 })()")
	b.until("[...document.querySelectorAll('.flip')].length > 0 && [...document.querySelectorAll('.flip')].every(f => f.querySelector('.kind-glitch'))")
	eval[any](b, "(() => { const s = document.querySelector('input[type=checkbox]'); s.click(); return 1 })()")
	b.until("[...document.querySelectorAll('.flip')].every(f => f.querySelector('.tag-alarm'))")

	for _, hash := range []string{"#/alerts", "#/system"} {
		b.run(chromedp.Navigate("http://" + p.address + "/" + hash))
		b.until("document.querySelector('h1') && document.querySelectorAll('.card').length >= 3 && document.querySelectorAll('td, dd').length > 2")
		b.shot(strings.TrimPrefix(hash, "#/"), true)
	}
}

func TestSilencingByHand(t *testing.T) {
	p := newPlant(t, 4, 90*time.Second, usual)
	defer p.run()()
	b := open(t, browser(t), p, "#/alerts", 1000, 800)
	b.until("[...document.querySelectorAll('td button')].some(b => b.textContent === 'Silence')")
	b.run(chromedp.Click(chromedp.CSS("td button")), chromedp.WaitVisible(chromedp.CSS("dialog")))
	b.shot("silence", false)
	b.run(chromedp.Click(chromedp.CSS("dialog .primary")))
	b.until("[...document.querySelectorAll('td .tag')].some(e => e.textContent === 'silenced')")
	if list := p.desk.Silences(); len(list) != 1 || list[0].Camera == "" || list[0].By != "local" {
		t.Errorf("silences %+v", list)
	}
	b.until("[...document.querySelectorAll('td button')].some(b => b.textContent === 'End')")
	eval[any](b, "(() => { [...document.querySelectorAll('td button')].find(b => b.textContent === 'End').click(); return 1 })()")
	b.until("![...document.querySelectorAll('td .tag')].some(e => e.textContent === 'silenced')")
}

// On a phone nothing is wider than the screen.
func TestPhone(t *testing.T) {
	p := newPlant(t, 6, 60*time.Second, usual)
	defer p.run()()
	ctx := browser(t)
	for _, hash := range []string{"", "#/cameras/camera-1", "#/alerts", "#/system"} {
		b := open(t, ctx, p, hash, 390, 844)
		b.until("document.querySelectorAll('.cam, .tile, td, dd').length > 3")
		if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > 390 {
			t.Errorf("%q is %d wide: %s", hash, wide, eval[string](b, "[...document.querySelectorAll('main *, header *')].filter(e => e.getBoundingClientRect().right > 391).slice(0, 5).map(e => e.tagName + '.' + e.className).join(' ')"))
		}
		small := eval[string](b, "[...document.querySelectorAll('button, select, nav a')].filter(e => e.offsetParent && e.getBoundingClientRect().height < 32).map(e => e.textContent).join(', ')")
		if small != "" {
			t.Errorf("%q: too small for a finger: %s", hash, small)
		}
		name := strings.ReplaceAll(strings.Trim(hash, "#/"), "/", "-")
		if strings.HasPrefix(name, "cameras") {
			b.until("document.querySelectorAll('.flip').length > 0")
		}
		b.shot("phone-"+name, false)
		if hash == "" || strings.HasPrefix(name, "cameras") {
			b.dark(true)
			b.shot("phone-dark-"+name, false)
		}
	}
}

// The connection drops and comes back: the page says so in a word, and is
// up to date again by itself.
func TestReconnect(t *testing.T) {
	p := newPlant(t, 3, 20*time.Second, usual)
	b := open(t, browser(t), p, "", 1000, 800)
	b.until("document.querySelectorAll('.cam').length === 3")
	b.mu.Lock()
	b.quiet = true
	b.mu.Unlock()
	p.stopServing()
	b.until("document.body.classList.contains('stale') && document.getElementById('link').textContent.startsWith('not connected')")
	p.board.Remove("camera-3")
	for range 30 {
		p.cameras[0].frame(true)
	}
	p.hub = newHub()
	p.config.Hub = p.hub
	p.serve(p.address)
	b.until("document.querySelectorAll('.cam').length === 2 && !document.body.classList.contains('stale') && document.getElementById('link').textContent === 'live'")
}

// Two hundred cameras: how long the page is busy at a stretch, and how much
// it holds.
func TestTwoHundredCameras(t *testing.T) {
	p := newPlant(t, 200, 20*time.Second, 2*time.Second)
	defer p.run()()
	b := open(t, browser(t), p, "", 1280, 900)
	b.until("document.querySelectorAll('.cam').length === 200")
	eval[any](b, "(() => { window.tasks = []; new PerformanceObserver(l => l.getEntries().forEach(e => tasks.push(e.duration))).observe({type: 'longtask'}); return 1 })()")
	const watched = 5 * time.Second
	time.Sleep(watched)
	tasks := eval[[]float64](b, "tasks")
	heap := eval[float64](b, "performance.memory.usedJSHeapSize / 1048576")
	nodes := eval[int](b, "document.querySelectorAll('*').length")
	longest := 0.0
	for _, d := range tasks {
		longest = max(longest, d)
	}
	t.Logf("in %s: %d tasks above 50 ms, the longest %.0f ms; heap %.1f MiB, %d elements", watched, len(tasks), longest, heap, nodes)
	if heap > 64 || nodes > 12_000 {
		t.Errorf("heap %.1f MiB, %d elements", heap, nodes)
	}
}
