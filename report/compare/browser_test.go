package compare

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
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

	"github.com/flipmeter/flipmeter/report/table"
)

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
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// complaints are what a page must not give rise to: requests, errors,
// exceptions.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (c *complaints) listen(url string) func(ev any) {
	return func(ev any) {
		what := ""
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; u != url && !strings.HasPrefix(u, "data:") {
				what = fmt.Sprintf("request for %.100s", u)
			}
		case *runtime.EventExceptionThrown:
			what = "exception: " + ev.ExceptionDetails.Text
			if ex := ev.ExceptionDetails.Exception; ex != nil {
				what += " " + ex.Description
			}
		case *log.EventEntryAdded:
			what = fmt.Sprintf("log: %s %s", ev.Entry.Level, ev.Entry.Text)
		}
		if what != "" {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.list = append(c.list, what)
		}
	}
}

const (
	tooSmall = `[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
		[...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && !['SCRIPT','STYLE','NOSCRIPT'].includes(e.tagName) &&
		parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30))`
	overflowing = `document.documentElement.scrollWidth > innerWidth ? [...document.querySelectorAll('body *')].filter(e =>
		e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll')).map(e => e.tagName + '.' + (e.className.baseVal ?? e.className)) : []`
)

func eval[T any](t *testing.T, ctx context.Context, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// The page in a browser: nothing from outside, no error, nothing too wide or
// too small, and the timeline answers to keys. With FLIPMETER_REPORT_SAMPLE
// set, the page and pictures of it are left in that folder.
func TestPageInBrowser(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	a, b := film(randomLabels(rng, 500, 0.05)), film("")
	b.labels = strings.Map(func(r rune) rune {
		if r != '.' && rng.IntN(8) == 0 {
			return 'd'
		}
		return r
	}, a.labels)
	a.cuts, b.cuts = map[int]bool{200: true}, map[int]bool{200: true}
	long := fakeStream{name: "<long> & wide", source: "<b>long</b>.mp4", sha: "l", labels: randomLabels(rng, 9000, 0.02)}
	quiet := long
	quiet.labels = strings.Map(func(r rune) rune {
		if r == '.' {
			return r
		}
		return 'b'
	}, long.labels)
	res := compared(t, Options{Resamples: 100}, saveRun(t, "a film with <em>", table.Parquet, a, long),
		saveRun(t, "wavering", table.Parquet, b, long), saveRun(t, "constant", table.Parquet, b, quiet))
	res.Notes = append(res.Notes, "A note of which one must know.")
	dir := t.TempDir()
	if sample := os.Getenv("FLIPMETER_REPORT_SAMPLE"); sample != "" {
		dir = sample
	}
	if err := res.Save(dir, PageInfo{Tool: "flipmeter test", Created: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, HTMLName)
	html, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(html, []byte("<b>long")) || bytes.Contains(html, []byte("with <em>")) {
		t.Error("a name got into the page as markup")
	}
	parent := browser(t)
	for name, size := range map[string][2]int64{"wide": {1160, 900}, "phone": {390, 800}} {
		for _, scheme := range []string{"light", "dark"} {
			url, c := "file://"+file, &complaints{}
			ctx, cancel := chromedp.NewContext(parent, chromedp.WithListener(c.listen(url)))
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1])); err != nil {
				t.Fatal(err)
			}
			media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
				t.Fatal(err)
			}
			if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
				t.Fatal(err)
			}
			if err := chromedp.Do(ctx, chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS(".timeline[data-view]"))); err != nil {
				t.Fatal(err)
			}
			for what, js := range map[string]string{"too small": tooSmall, "too wide": overflowing} {
				if list := eval[[]string](t, ctx, js); len(list) > 0 {
					t.Errorf("%s, %s: %s: %q", name, scheme, what, list)
				}
			}
			before := eval[string](t, ctx, `document.querySelector('.timeline').focus(), document.querySelector('.timeline').dataset.view`)
			if err := chromedp.Do(ctx, chromedp.KeyEvent("+"), chromedp.KeyEvent("+"), chromedp.KeyEvent(kb.ArrowRight)); err != nil {
				t.Fatal(err)
			}
			if after := eval[string](t, ctx, `document.querySelector('.timeline').dataset.view`); after == before {
				t.Errorf("%s: the timeline did not zoom from %s", name, before)
			}
			if said := eval[string](t, ctx, `document.querySelector('.timeline').getAttribute('aria-valuetext')`); !strings.Contains(said, "wavering: ") {
				t.Errorf("%s: the timeline says %q", name, said)
			}
			eval[bool](t, ctx, `document.querySelector('.goto').click(), true`)
			if dir != "" && os.Getenv("FLIPMETER_REPORT_SAMPLE") != "" {
				png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, "compare-"+name+"-"+scheme+".png"), png, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			c.mu.Lock()
			for _, s := range c.list {
				t.Errorf("%s, %s: %s", name, scheme, s)
			}
			c.mu.Unlock()
			cancel()
		}
	}
}
