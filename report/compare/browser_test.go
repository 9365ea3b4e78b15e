package compare

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/flipmeter/flipmeter/internal/browsertest"
	"github.com/flipmeter/flipmeter/report/table"
)

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
	browser := browsertest.Start(t)
	for name, size := range map[string][2]int64{"wide": {1160, 900}, "phone": {390, 800}} {
		for _, scheme := range []string{"light", "dark"} {
			p := browser.Open(t, browsertest.Page{URL: "file://" + file, Width: size[0], Height: size[1], Ready: ".timeline[data-view]"})
			p.Media("", scheme)
			p.ReadsWell(name + ", " + scheme)
			before := browsertest.Eval[string](p, `document.querySelector('.timeline').focus(), document.querySelector('.timeline').dataset.view`)
			p.Do(chromedp.KeyEvent("+"), chromedp.KeyEvent("+"), chromedp.KeyEvent(kb.ArrowRight))
			if after := browsertest.Eval[string](p, `document.querySelector('.timeline').dataset.view`); after == before {
				t.Errorf("%s: the timeline did not zoom from %s", name, before)
			}
			if said := browsertest.Eval[string](p, `document.querySelector('.timeline').getAttribute('aria-valuetext')`); !strings.Contains(said, "wavering: ") {
				t.Errorf("%s: the timeline says %q", name, said)
			}
			p.Click(".goto")
			if os.Getenv("FLIPMETER_REPORT_SAMPLE") != "" {
				p.Picture(filepath.Join(dir, "compare-"+name+"-"+scheme+".png"), true)
			}
			p.Close()
		}
	}
}
