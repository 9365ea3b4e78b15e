package stability_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

var update = flag.Bool("update", false, "draw the figures of the documentation anew")

// figure is a drawn example of docs/numbers.md: one letter a frame at 25 fps,
// and what the tracker really makes of it.
type figure struct {
	name, title string
	labels      string
	scores      string // a digit a frame, in tenths; shorter: the last one goes on
	cuts        string // c: a cut before this frame
	still       string // s: the picture did not change; else it did
	want        string // the caption, which the test holds
}

var figures = []figure{
	{"glitch", "An isolated glitch", "aaaaaaaaaaaaaabaaaaaaaaaaaaaa", "8", "", strings.Repeat("s", 29),
		"2 flips in 28 pairs: 2 glitch, 2 unexplained"},
	{"transition", "A real transition", "aaaaaaaaaaaaaabbbbbbbbbbbbbbb", "888888888887656788888888", "", "",
		"1 flip in 28 pairs: 1 transition, 0 unexplained"},
	{"churn", "Churn on a decision boundary", "aaaaaaaaaababbababbabbbbbbbbb", "7777776555555555555555667777", "", "",
		"9 flips in 28 pairs: 9 churn, 0 unexplained"},
	{"cut", "A cut", "aaaaaaaaaaaaaacbbbbbbbbbbbbbb", "88888888888888688888", "..............c", "",
		"1 flip in 27 pairs: 1 censored, 0 unexplained; the label changes over 1 cut"},
	{"unsure", "A network that doesn’t know", "adbbecadfbaacdebbfadcceabdafc", "2121221121221211212112122112", "", "",
		"24 flips in 28 pairs: 24 churn, 0 unexplained; none of the pairs is decided"},
}

// mark is a flip to draw.
type mark struct {
	frame       int
	kind        stability.Kind
	unexplained bool
}

func (f *figure) track() (marks []mark, caption string) {
	tr := stability.NewTracker(stability.DefaultConfig())
	unknown := float32(math.NaN())
	var u stability.Update
	flips := map[uint64]mark{}
	learn := func() {
		for _, l := range u.Late {
			flips[l.Seq] = mark{int(l.Seq), l.Kind, l.Unexplained}
		}
	}
	for i := range f.labels {
		o := stability.Observation{
			Seq: uint64(i), PTS: time.Duration(i) * 40 * time.Millisecond, HasPTS: true,
			Label: int32(f.labels[i]), Score: f.score(i), PrevLabelScore: unknown,
			Cut: i < len(f.cuts) && f.cuts[i] == 'c', Change: 40,
		}
		if i < len(f.still) && f.still[i] == 's' {
			o.Change = 0
		}
		tr.Observe(&o, &u)
		learn()
	}
	tr.Flush(&u)
	learn()
	for i := range f.labels {
		if m, ok := flips[uint64(i)]; ok {
			marks = append(marks, m)
		}
	}
	s := tr.Summary()
	word := "flips"
	if s.Flips == 1 {
		word = "flip"
	}
	caption = fmt.Sprintf("%d %s in %d pairs:", s.Flips, word, s.Pairs)
	for _, k := range []stability.Kind{stability.KindGlitch, stability.KindTransition, stability.KindChurn, stability.KindCensored} {
		if s.Kinds[k] > 0 {
			caption += fmt.Sprintf(" %d %s,", s.Kinds[k], k)
		}
	}
	caption += fmt.Sprintf(" %d unexplained", s.Unexplained)
	if s.CutChanges > 0 {
		caption += fmt.Sprintf("; the label changes over %d cut", s.CutChanges)
	}
	if s.Decided.Pairs == 0 {
		caption += "; none of the pairs is decided"
	}
	return marks, caption
}

func (f *figure) score(i int) float32 {
	return float32(f.scores[min(i, len(f.scores)-1)]-'0') / 10
}

// glyphs are those of the report.
var glyphs = map[stability.Kind]string{
	stability.KindGlitch:     `<path d="M0-6 6 5H-6z"/>`,
	stability.KindTransition: `<circle r="5.2"/>`,
	stability.KindChurn:      `<path d="M0-6.2 6.2 0 0 6.2-6.2 0z"/>`,
	stability.KindCensored:   `<rect x="-5" y="-5" width="10" height="10"/>`,
}

const figureStyle = `text{font:13px system-ui,sans-serif;fill:#1b1b1f}.dim{fill:#5c5c66}.letter{font-size:12px;text-anchor:middle;fill:#fff}` +
	`.a{fill:#2f6ab5}.b{fill:#b25a12}.c{fill:#3c7d46}.d{fill:#8a4a9e}.e{fill:#a33b55}.f{fill:#54606b}` +
	`.score{fill:#8b93a0}.line{stroke:#8b93a0;stroke-dasharray:3 3}.cut{stroke:#1b1b1f;stroke-width:2.5}` +
	`.glitch{fill:#cf3c28}.transition{fill:#2d7d46}.churn{fill:#c07d10}.censored{fill:none;stroke:#5c5c66}` +
	`@media(prefers-color-scheme:dark){text{fill:#ececf1}.dim{fill:#a0a0ac}.letter{fill:#fff}.cut{stroke:#ececf1}}`

func (f *figure) draw(marks []mark, caption string) []byte {
	const step, left, top, ribbon, scores = 22, 10, 66, 24, 34
	var b bytes.Buffer
	width := 2*left + step*len(f.labels)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img" aria-label="%s: %s">`+"\n<style>%s</style>\n",
		width, top+ribbon+scores+14, width, f.title, caption, figureStyle)
	fmt.Fprintf(&b, `<text x="%d" y="18" font-weight="600" style="font-weight:600">%s</text><text class="dim" x="%d" y="37">%s</text>`+"\n", left, f.title, left, caption)
	base := top + ribbon + 6 + scores
	for i := range f.labels {
		x := left + step*i
		h := f.score(i) * scores
		fmt.Fprintf(&b, `<rect class="%c" x="%d" y="%d" width="%d" height="%d" rx="3"/><text class="letter" x="%d" y="%d">%c</text>`+
			`<rect class="score" x="%d" y="%.1f" width="%d" height="%.1f" rx="1"/>`+"\n",
			f.labels[i], x, top, step-2, ribbon, x+step/2-1, top+16, f.labels[i], x+3, float32(base)-h, step-8, h)
		if i < len(f.cuts) && f.cuts[i] == 'c' {
			fmt.Fprintf(&b, `<path class="cut" d="M%d %dV%d"/>`+"\n", x-1, top-14, base)
		}
	}
	fmt.Fprintf(&b, `<path class="line" d="M%d %.1fH%d"/>`+"\n", left, float64(base)-0.5*scores, width-left)
	for _, m := range marks {
		fmt.Fprintf(&b, `<g class="%s" transform="translate(%d %d)">%s</g>`+"\n", m.kind, left+step*m.frame-1, top-10, glyphs[m.kind])
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// TestFiguresOfTheDocumentation holds the drawn examples to what the tracker
// says.
func TestFiguresOfTheDocumentation(t *testing.T) {
	for i := range figures {
		f := &figures[i]
		marks, caption := f.track()
		if caption != f.want {
			t.Errorf("%s: %q, the figure was made for %q", f.name, caption, f.want)
		}
		file := filepath.Join("..", "docs", "figures", f.name+".svg")
		drawn := f.draw(marks, caption)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, drawn, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, drawn) {
			t.Errorf("%s is not what the test draws (%v): run it with -update", file, err)
		}
	}
}
