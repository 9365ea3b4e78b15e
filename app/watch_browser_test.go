//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/internal/browsertest"
)

// doorway is a network between a browser and a server: an address that stays
// while servers come and go behind it. With none behind, it hangs up.
type doorway struct {
	l  net.Listener
	wg sync.WaitGroup

	mu     sync.Mutex
	behind string // host:port, "" is none
	open   map[net.Conn]bool
}

func newDoorway(t *testing.T) *doorway {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &doorway{l: l, open: map[net.Conn]bool{}}
	d.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			d.wg.Go(func() { d.pass(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		d.lead("")
		d.wg.Wait()
	})
	return d
}

func (d *doorway) url() string { return "http://" + d.l.Addr().String() }

// lead has the doorway lead to a server, given by its URL, from now on, and
// ends all connections there are.
func (d *doorway) lead(url string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.behind = strings.TrimPrefix(url, "http://")
	for c := range d.open {
		_ = c.Close()
	}
	clear(d.open)
}

// enter notes the two ends of a connection; false if they are not wanted any
// more.
func (d *doorway) enter(behind string, ends ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if behind != d.behind {
		return false
	}
	for _, c := range ends {
		d.open[c] = true
	}
	return true
}

func (d *doorway) pass(c net.Conn) {
	defer c.Close()
	d.mu.Lock()
	behind := d.behind
	d.mu.Unlock()
	if behind == "" {
		return
	}
	s, err := net.Dial("tcp", behind)
	if err != nil {
		return
	}
	defer s.Close()
	if !d.enter(behind, c, s) {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(s, c)
		_ = s.Close()
	}()
	_, _ = io.Copy(c, s)
	_ = c.Close()
	<-done
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
	delete(d.open, s)
}

// The page in a browser, against a watch that decodes real footage with
// OpenCV and classifies it with a real network: what happens arrives, flips
// have their pictures, filters choose, and a server that is gone and comes
// back is found again without anybody's help.
func TestDashboardInBrowser(t *testing.T) {
	door := newDoorway(t)
	operated := func(o *app.WatchOptions) {
		o.Home, o.OpenModel = home(t), nil
		withDecoder(t)(o)
		text, err := os.ReadFile(o.Config)
		if err != nil {
			t.Fatal(err)
		}
		const rule = `nats: {listen: "127.0.0.1:0"}, alerts: {builtin: false, rules: [{name: AnyFlip, metric: flips, window: 10s, fire_above: 0, keep_firing_for: 1h}]}}`
		if err := os.WriteFile(o.Config, []byte(strings.Replace(string(text), `nats: {listen: "127.0.0.1:0"}}`, rule, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := startWatch(t, fmt.Sprintf(`
defaults: {cuts: "off", model: {name: %q, accelerator: cpu}}
cameras:
  - {name: street, url: %q}
  - {name: film, url: %q, fps: 5}
  - {name: gone, url: "rtsp://127.0.0.1:1/x"}
`, asset(t, "models", "efficientnet-lite0.onnx"), asset(t, "footage", "vtest.avi"), asset(t, "footage", "bigbuckbunny.mp4")), nil, operated)
	door.lead(r.web)
	p := browsertest.Start(t).Open(t, browsertest.Page{URL: door.url() + "/", Within: door.url(), Width: 1280, Height: 900, Ready: ".link-on"})

	// The wall: pictures come, and figures change without anybody asking.
	const card = `[...document.querySelectorAll('.cam')].find(c => c.querySelector('.card-name').textContent === '%s')`
	p.Until("document.querySelectorAll('.cam').length === 3")
	p.Until(fmt.Sprintf(card, "street") + ".querySelector('.shot img').naturalWidth === 256")
	p.Until(fmt.Sprintf(card, "street") + ".querySelector('.label').textContent.length > 3")
	score := browsertest.Eval[string](p, fmt.Sprintf(card, "street")+".querySelector('.cam-label').textContent")
	p.Until(fmt.Sprintf(card+".querySelector('.cam-label').textContent !== %q", "street", score))
	p.Until(fmt.Sprintf(card, "gone") + ".querySelector('.state').textContent === 'not reachable'")
	p.Until("document.getElementById('firing').textContent >= '1'")
	shown := func(selector, value, want string) {
		t.Helper()
		p.Choose(selector, value)
		p.Until(fmt.Sprintf("[...document.querySelectorAll('.card-name')].map(e => e.textContent).join(' ') === %q", want))
	}
	const which = `select[aria-label="Which cameras"]`
	shown(which, "down", "gone")
	p.Choose(which, "alerts")
	p.Until("document.querySelectorAll('.cam').length >= 1 && ![...document.querySelectorAll('.card-name')].some(e => e.textContent === 'gone')")
	shown(which, "", "film gone street")
	p.Choose(`select[aria-label="In which order"]`, "trouble")
	p.Until("document.querySelector('.card-name').textContent === 'gone'")

	// A camera: flips with both pictures, of different frames, and new ones
	// while one looks.
	browsertest.Eval[bool](p, "location.hash = '#/cameras/street', window.mark = 1, true")
	p.Until("document.querySelector('h1').textContent === 'street'")
	p.Until(`[...document.querySelectorAll('.flip')].some(f => f.querySelectorAll('.picture img').length === 2 && [...f.querySelectorAll('.picture img')].every(i => i.naturalWidth === 256))`)
	same := browsertest.Eval[bool](p, `(async () => {
		const f = [...document.querySelectorAll('.flip')].find(f => [...f.querySelectorAll('.picture img')].every(i => i.naturalWidth === 256));
		const [a, b] = await Promise.all([...f.querySelectorAll('.picture img')].map(async i => new Uint8Array(await (await fetch(i.src)).arrayBuffer())));
		return a.length === b.length && a.every((v, i) => v === b[i]);
	})()`)
	if same {
		t.Error("the pictures before and after a flip are the same")
	}
	newest := browsertest.Eval[string](p, "document.querySelector('.flip time').dateTime")
	p.Until(fmt.Sprintf("document.querySelector('.flip time').dateTime > %q", newest))
	kind := browsertest.Eval[string](p, "document.querySelector('.flip [class*=kind-]').getAttribute('class').match(/kind-(\\w+)/)[1]")
	p.Choose(`select[aria-label="Kinds of flips"]`, "transition")
	p.Until("[...document.querySelectorAll('.flip')].every(f => f.querySelector('.kind-transition'))")
	p.Choose(`select[aria-label="Kinds of flips"]`, "")
	p.Until("document.querySelectorAll('.flip').length > 0")
	if kind == "" {
		t.Error("a flip without a kind")
	}

	// Paused by hand, and resumed.
	const state = "document.querySelector('.bar-row .state').textContent === '%s'"
	press := func(button string) {
		t.Helper()
		browsertest.Eval[bool](p, fmt.Sprintf("[...document.querySelectorAll('.tools button')].find(b => !b.hidden && b.textContent === %q).click(), true", button))
	}
	press("Pause")
	p.Until(fmt.Sprintf(state, "paused"))
	press("Resume")
	p.Until(fmt.Sprintf(state, "up"))

	// The server goes, and another comes, with a camera less: the page says so
	// in a word, and is up to date again, the same page.
	p.Bear()
	door.lead("")
	r.end()
	text, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	fewer := strings.Replace(string(text), `  - {name: gone, url: "rtsp://127.0.0.1:1/x"}`, "", 1)
	if err := os.WriteFile(r.config, []byte(fewer), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Until("document.body.classList.contains('stale') && document.getElementById('link').textContent.startsWith('not connected')")
	again := startWatch(t, "", nil, func(o *app.WatchOptions) {
		o.Config, o.Home, o.OpenModel = r.config, home(t), nil
		withDecoder(t)(o)
	})
	last := browsertest.Eval[string](p, "document.querySelector('.flip time').dateTime")
	door.lead(again.web)
	p.Until("document.getElementById('link').textContent === 'live' && !document.body.classList.contains('stale')")
	p.Until(fmt.Sprintf("document.querySelector('.flip time')?.dateTime > %q && window.mark === 1", last))
	browsertest.Eval[bool](p, "location.hash = '#/', true")
	p.Until("[...document.querySelectorAll('.card-name')].map(e => e.textContent).join(' ') === 'film street'")
	again.end()
}
