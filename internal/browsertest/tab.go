package browsertest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Page says what to open, and how.
type Page struct {
	URL           string
	Width, Height int64 // of the view, in pixels
	// Within is what every address that the page asks for begins with; ""
	// is URL, whole, so that it may ask for nothing besides itself.
	Within string
	// Ready is a selector of what is there once the page is; "" is nothing.
	Ready string
}

// Tab is an open page. It collects what the page must not do: ask for
// anything from elsewhere, write to the console, throw an exception. At its
// end, which is the test's unless Close comes before, the test fails for
// each.
type Tab struct {
	t      testing.TB
	ctx    context.Context
	closed func()

	mu         sync.Mutex
	complaints []string
	quiet      bool
}

// Open opens a page in a tab of its own.
func (b *Browser) Open(t testing.TB, p Page) *Tab {
	t.Helper()
	tab := &Tab{t: t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(tab.listen(p)))
	tab.ctx = ctx
	tab.closed = sync.OnceFunc(func() {
		cancel()
		tab.mu.Lock()
		defer tab.mu.Unlock()
		for _, c := range tab.complaints {
			t.Error(c)
		}
	})
	t.Cleanup(tab.closed)
	tab.Size(p.Width, p.Height)
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(p.URL))
	if p.Ready != "" {
		tab.Do(chromedp.WaitReady(chromedp.CSS(p.Ready)))
	}
	return tab
}

func (b *Tab) listen(p Page) func(ev any) {
	mine := func(u string) bool {
		if p.Within == "" {
			return u == p.URL
		}
		return strings.HasPrefix(u, p.Within)
	}
	return func(ev any) {
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; !mine(u) && !strings.HasPrefix(u, "data:") {
				b.complain("request for %.100s", u)
			}
		case *runtime.EventExceptionThrown:
			text := ev.ExceptionDetails.Text
			if ex := ev.ExceptionDetails.Exception; ex != nil {
				text += " " + ex.Description
			}
			b.complain("exception: %s", text)
		case *runtime.EventConsoleAPICalled:
			b.complain("console: %s", ev.Type)
		case *log.EventEntryAdded:
			b.complain("log: %s %s %s", ev.Entry.Level, ev.Entry.Text, ev.Entry.URL)
		}
	}
}

func (b *Tab) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.quiet {
		b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
	}
}

// Bear has the tab collect nothing from now on, where the test takes the
// server away.
func (b *Tab) Bear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.quiet = true
}

// Close ends the tab before the test ends.
func (b *Tab) Close() { b.closed() }

// Do carries out what a user or the browser would.
func (b *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Eval gives the value of an expression, or what it promises.
func Eval[T any](b *Tab, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// Click clicks the first element of a selector, not by coordinates: a page
// that scrolls smoothly on a slow machine would be clicked beside it.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	Eval[bool](b, fmt.Sprintf(`document.querySelector(%q).click(), true`, selector))
}

// Choose sets a list of choices, as a user would.
func (b *Tab) Choose(selector, value string) {
	b.t.Helper()
	Eval[bool](b, fmt.Sprintf(`(() => { const s = document.querySelector(%q); s.value = %q; return s.dispatchEvent(new Event('change')) })()`, selector, value))
}

// Until waits for an expression to be true.
func (b *Tab) Until(js string) {
	b.t.Helper()
	for deadline := time.Now().Add(wait); !Eval[bool](b, js); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("not within %s: %s\n%s", wait, js, Eval[string](b, "document.body.innerText.slice(0, 2000)"))
		}
	}
}

// Size sets the size of the view.
func (b *Tab) Size(width, height int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Media has the page take the view for another kind, as print; "" is a
// screen. scheme is dark or light; "" is the browser's own.
func (b *Tab) Media(kind, scheme string) {
	b.t.Helper()
	media := emulation.SetEmulatedMediaParams{Media: kind}
	if scheme != "" {
		media.Features = []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
	// Drawing anew takes a frame or two.
	Eval[bool](b, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
}

// Picture writes what the tab shows into a PNG file, full: with what lies
// below the view.
func (b *Tab) Picture(file string, full bool) {
	b.t.Helper()
	shot := chromedp.CaptureScreenshot()
	if full {
		shot = chromedp.FullScreenshot(100)
	}
	data, err := chromedp.Run(b.ctx, shot)
	if err == nil {
		err = os.WriteFile(file, data, 0o666)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// Expressions of what is wrong with a page: texts below 12 pixels, and the
// elements that make it scroll sideways.
const (
	TooSmall = `[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
		[...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && !['SCRIPT','STYLE','NOSCRIPT'].includes(e.tagName) &&
		parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30))`
	Overflowing = `document.documentElement.scrollWidth > innerWidth ? [...document.querySelectorAll('body *')].filter(e =>
		e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll')).map(e => e.tagName + '.' + (e.className.baseVal ?? e.className)) : []`
)

// ReadsWell fails the test for each text that is too small, and each element
// that is too wide; where says at which size and scheme that is.
func (b *Tab) ReadsWell(where string) {
	b.t.Helper()
	for what, js := range map[string]string{"text below 12 px": TooSmall, "wider than the page": Overflowing} {
		if list := Eval[[]string](b, js); len(list) > 0 {
			b.t.Errorf("%s: %s: %q", where, what, list)
		}
	}
}

// Heap is what the page's scripts hold, in bytes, after what nobody needs
// any more was collected.
func (b *Tab) Heap() float64 {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
	use, err := chromedp.Call(b.ctx, runtime.GetHeapUsage, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	return use.UsedSize + use.BackingStorageSize
}

// Work is the processor time that the page's main thread has taken since the
// first call, which is 0: unlike the length of a task it does not grow where
// others use the machine.
func (b *Tab) Work() time.Duration {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
		b.t.Fatal(err)
	}
	all, err := chromedp.Call(b.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, m := range all.Metrics {
		if m.Name == "TaskDuration" {
			return time.Duration(m.Value * float64(time.Second))
		}
	}
	b.t.Fatal("the browser does not tell the duration of tasks")
	return 0
}
