package pages

import (
	"flag"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/flipmeter/flipmeter/internal/browsertest"
)

// usual is the time between two frames.
const usual = 200 * time.Millisecond

var measure = flag.Duration("measure", 0, "for how long TestTwoHundredCameras measures a page of cameras at five frames a second, and judges it; 0 is a short look at its size")

var screenshots = flag.String("screenshots", "", "write pictures of the pages into this folder")

// open loads a page of the plant in a tab of its own.
func open(t *testing.T, b *browsertest.Browser, p *plant, hash string, width, height int64) *browsertest.Tab {
	t.Helper()
	origin := "http://" + p.address
	return b.Open(t, browsertest.Page{URL: origin + "/" + hash, Within: origin, Width: width, Height: height, Ready: ".link-on"})
}

// shot writes a picture, if asked for.
func shot(b *browsertest.Tab, name string, full bool) {
	if *screenshots != "" {
		b.Picture(filepath.Join(*screenshots, name+".png"), full)
	}
}

func TestWallAndCamera(t *testing.T) {
	p := newPlant(t, 8, 90*time.Second, usual)
	defer p.run()()
	ctx := browsertest.Start(t)
	b := open(t, ctx, p, "", 1280, 900)
	b.Until("document.querySelectorAll('.cam').length === 8")
	b.Until("[...document.querySelectorAll('.shot img')].filter(i => i.naturalWidth === 256).length >= 6")
	// It lives: a figure changes without anybody asking.
	spark := browsertest.Eval[string](b, "document.querySelector('.spark-all').getAttribute('d')")
	b.Until(fmt.Sprintf("document.querySelector('.spark-all').getAttribute('d') !== %q", spark))
	// Names are text, not markup.
	b.Until(fmt.Sprintf("[...document.querySelectorAll('.card-name')].some(e => e.textContent === %q)", oddName()))
	if n := browsertest.Eval[int](b, "document.querySelectorAll('main i, main b b').length"); n != 0 {
		t.Errorf("%d elements were made of names", n)
	}
	b.Until("document.querySelector('.trouble .state').textContent === 'not reachable'")
	// Its state and its alerts do not cover each other.
	if browsertest.Eval[bool](b, `(() => {
		const state = document.querySelector('.trouble .state'), bell = state.parentElement.querySelector('.bell')
		bell.hidden = false
		bell.textContent = 'SourceDown, CoverageLow'
		const a = state.getBoundingClientRect(), b = bell.getBoundingClientRect()
		return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
	})()`) {
		t.Error("a camera's alerts cover its state")
	}
	b.Until("!document.getElementById('firing').hidden && document.querySelectorAll('.alarm').length > 0")

	// By keyboard: / finds, Tab goes on, Enter opens.
	b.Do(chromedp.KeyEvent("/"))
	// The driver sends the letter apart from its key, so that it arrives
	// although the page has taken the key.
	b.Until("document.activeElement.type === 'search' && (document.activeElement.select(), true)")
	b.Do(chromedp.KeyEvent("camera-1"))
	b.Until("document.querySelectorAll('.cam').length === 1")
	b.Do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	b.Until("location.hash === '#/cameras/camera-1' && document.querySelector('h1').textContent === 'camera-1'")

	b.Do(chromedp.Navigate("http://" + p.address + "/#/cameras/" + url.PathEscape(oddName())))
	b.Until("document.querySelectorAll('.flip .picture img').length >= 4")
	b.Until("[...document.querySelectorAll('.flip .picture img')].slice(0, 2).every(i => i.naturalWidth === 256)")
	b.Until("document.querySelector('.figure').textContent.includes('%')")
	// Flips arrive while one looks, and tell their kind later.
	newest := browsertest.Eval[string](b, "document.querySelector('.flip time').dateTime")
	b.Until(fmt.Sprintf("document.querySelector('.flip time').dateTime > %q", newest))
	// The filters.
	browsertest.Eval[any](b, "(() => { const s = document.querySelector('select[aria-label=\"Kinds of flips\"]'); s.value = 'glitch'; s.dispatchEvent(new Event('change')); return 1 })()")
	b.Until("[...document.querySelectorAll('.flip')].length > 0 && [...document.querySelectorAll('.flip')].every(f => f.querySelector('.kind-glitch'))")
	browsertest.Eval[any](b, "(() => { const s = document.querySelector('input[type=checkbox]'); s.click(); return 1 })()")
	b.Until("[...document.querySelectorAll('.flip')].every(f => f.querySelector('.tag-alarm'))")

	for _, hash := range []string{"#/alerts", "#/system"} {
		b.Do(chromedp.Navigate("http://" + p.address + "/" + hash))
		b.Until("document.querySelector('h1') && document.querySelectorAll('.card').length >= 3 && document.querySelectorAll('td, dd').length > 2")
	}
}

func TestSilencingByHand(t *testing.T) {
	p := newPlant(t, 4, 90*time.Second, usual)
	defer p.run()()
	b := open(t, browsertest.Start(t), p, "#/alerts", 1000, 800)
	b.Until("[...document.querySelectorAll('td button')].some(b => b.textContent === 'Silence')")
	b.Do(chromedp.Click(chromedp.CSS("td button")), chromedp.WaitVisible(chromedp.CSS("dialog")))
	shot(b, "silence", false)
	b.Do(chromedp.Click(chromedp.CSS("dialog .primary")))
	b.Until("[...document.querySelectorAll('td .tag')].some(e => e.textContent === 'silenced')")
	if list := p.desk.Silences(); len(list) != 1 || list[0].Camera == "" || list[0].By != "local" {
		t.Errorf("silences %+v", list)
	}
	b.Until("[...document.querySelectorAll('td button')].some(b => b.textContent === 'End')")
	browsertest.Eval[any](b, "(() => { [...document.querySelectorAll('td button')].find(b => b.textContent === 'End').click(); return 1 })()")
	b.Until("![...document.querySelectorAll('td .tag')].some(e => e.textContent === 'silenced')")
}

// Every page, on a desk and on a phone, in the light and in the dark: nothing
// is wider than the screen, too small to read, or too small for a finger.
func TestEveryPageReadsWell(t *testing.T) {
	p := newPlant(t, 8, 90*time.Second, usual)
	defer p.run()()
	browser := browsertest.Start(t)
	for name, page := range map[string]struct{ hash, ready string }{
		"wall":   {"", "[...document.querySelectorAll('.shot img')].filter(i => i.naturalWidth === 256).length >= 6 && !document.getElementById('firing').hidden"},
		"camera": {"#/cameras/" + url.PathEscape(oddName()), "document.querySelectorAll('.flip .picture img').length >= 4 && document.querySelector('.tools button') && document.querySelector('.figure').textContent.includes('%')"},
		"alerts": {"#/alerts", "document.querySelectorAll('td button').length > 0"},
		"system": {"#/system", "document.querySelectorAll('td, dd').length > 3"},
	} {
		b := open(t, browser, p, page.hash, 1280, 900)
		b.Until(page.ready)
		for _, look := range []struct {
			name          string
			width, height int64
			scheme        string
		}{{"", 1280, 900, "light"}, {"-dark", 1280, 900, "dark"}, {"-phone", 390, 844, "light"}, {"-phone-dark", 390, 844, "dark"}} {
			b.Size(look.width, look.height)
			b.Media("", look.scheme)
			b.ReadsWell(name + look.name)
			if look.width < 1000 {
				small := browsertest.Eval[string](b, "[...document.querySelectorAll('button, select, nav a')].filter(e => e.offsetParent && e.getBoundingClientRect().height < 32).map(e => e.textContent).join(', ')")
				if small != "" {
					t.Errorf("%s%s: too small for a finger: %s", name, look.name, small)
				}
			}
			shot(b, name+look.name, false)
			if name == "camera" {
				browsertest.Eval[bool](b, "document.querySelector('.flips').scrollIntoView(), true")
				shot(b, "flips"+look.name, false)
				browsertest.Eval[bool](b, "window.scrollTo(0, 0), true")
			}
		}
		b.Close()
	}
}
