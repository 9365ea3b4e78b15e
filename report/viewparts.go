package report

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// Rows of the label-to-label table that the page shows, and filmstrips that
// it shows before "more".
const (
	maxLabelPairs   = 15
	openFilmstrips  = 12
	changeGrid      = 32 // cells of the change map in each direction
	maxRibbonSlices = 80
)

// galleryView is the part with the pictures.
type galleryView struct {
	Open, More []*flipView
	Pictures   bool // some are shown with pictures
	Rule       string
}

// flipView is one flip, before and after.
type flipView struct {
	seq                uint64
	Stream, Kind, At   string
	AtUnits            float64 // for the timeline
	From, To           string
	Still, NearCut     bool
	Unexplained        bool
	Held               string
	Before, After      template.URL // data URIs; "" without pictures
	Width, Height      int
	TopBefore          []rankView
	TopAfter           []rankView
	Cells              string // SVG path in cells
	CellCount          int
	CropX, CropY       float64 // per cent of the picture
	CropW, CropH       float64
	MoveBefore, MoveTo string
	Nine               []nineView // labels under one-pixel shifts; nil: not looked at
}

type rankView struct {
	Name, Score string
	Width       float64
	Color       int
	Mark        bool // the other frame's winner
}

func newGalleryView(id string, s *stream, limit int, cfg Config) galleryView {
	c := s.page
	total := c.gallery.first.seen + c.gallery.rest.seen
	flips, everyFirst, everyRest := c.gallery.chosen(limit)
	g := galleryView{Rule: galleryRule(len(flips), total, everyFirst, everyRest, cfg.Tables)}
	for i, f := range flips {
		v := newFlipView(id, s, f)
		g.Pictures = g.Pictures || v.Before != "" || v.After != ""
		if i < openFilmstrips {
			g.Open = append(g.Open, v)
		} else {
			g.More = append(g.More, v)
		}
	}
	return g
}

// galleryRule states which flips are shown.
func galleryRule(shown int, total uint64, everyFirst, everyRest int, format table.Format) string {
	if total == 0 {
		return ""
	}
	if uint64(shown) == total {
		return "Every flip of the run, those that are glitches or unexplained first."
	}
	ordinal := func(n int) string {
		switch n {
		case 1:
			return "every"
		case 2:
			return "every second"
		default:
			return fmt.Sprintf("every %dth", n)
		}
	}
	rule := fmt.Sprintf("%s of %s flips: %s glitch or unexplained flip", groupedInt(int64(shown)), groupedInt(int64(total)), ordinal(everyFirst))
	if everyRest >= 1 {
		rule += fmt.Sprintf(", then %s of the others", ordinal(everyRest))
	}
	rule += "."
	if format != table.None {
		rule += fmt.Sprintf(" The file %s.%s has them all.", table.FlipsName, format)
	}
	return rule
}

func newFlipView(id string, s *stream, f *shownFlip) *flipView {
	fl := &f.flip
	v := &flipView{
		seq: fl.Seq, Stream: id, From: s.cfg.Label(fl.From), To: s.cfg.Label(fl.To),
		Still: fl.Still == stability.True, NearCut: fl.NearCut, Unexplained: fl.Unexplained,
		Before: dataURI(f.prevJPEG), After: dataURI(f.curJPEG),
		Width: 256, Height: 144, CellCount: len(f.cells),
	}
	if fl.Kind != stability.KindPending {
		v.Kind = fl.Kind.String()
	}
	if f.aspect > 0 {
		v.Height = int(math.Round(256 / f.aspect))
	}
	if fl.HasPTS {
		v.At, v.AtUnits = clock(fl.PTS), ms(fl.PTS)
		v.Held = length(fl.HeldBefore) + " before, " + length(fl.HeldAfter) + " after"
	} else {
		v.At, v.AtUnits = "frame "+strconv.FormatUint(fl.Seq, 10), float64(f.number)
	}
	v.TopBefore = ranks(f.prevTop, ranking{{Index: fl.From, Score: fl.FromScore}}, s.cfg.Label, fl.From, fl.To)
	v.TopAfter = ranks(f.top, ranking{{Index: fl.To, Score: fl.ToScore}}, s.cfg.Label, fl.From, fl.To)
	crop := s.cfg.Crop
	if crop.W == 0 || crop.H == 0 {
		crop = Rect{W: 1, H: 1}
	}
	v.Cells = cellPath(f.cells)
	v.CropX, v.CropY, v.CropW, v.CropH = 100*crop.X, 100*crop.Y, 100*crop.W, 100*crop.H
	return v
}

type ranking []stability.Ranked

// ranks shows a ranking, or what is known where there is none.
func ranks(top []stability.Ranked, known ranking, label func(int32) string, from, to int32) []rankView {
	if len(top) == 0 {
		top = known
	}
	var out []rankView
	for _, t := range top {
		r := rankView{Name: label(t.Index), Score: dash, Color: -1}
		if t.Index == from {
			r.Color = 0
		} else if t.Index == to {
			r.Color = 1
		}
		if s := float64(t.Score); !math.IsNaN(s) {
			r.Score, r.Width = strconv.FormatFloat(100*s, 'f', 1, 64), 100*s
		}
		out = append(out, r)
	}
	return out
}

func dataURI(jpeg []byte) template.URL {
	if len(jpeg) == 0 {
		return ""
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(jpeg))
}

// cellPath draws the changed cells, runs of a row as one box, in units of
// cells.
func cellPath(cells []uint16) string {
	sorted := slices.Clone(cells)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	var b strings.Builder
	for i := 0; i < len(sorted); {
		first := sorted[i]
		if first >= changeGrid*changeGrid {
			break // not a cell of the map
		}
		n := 1
		for i+n < len(sorted) && int(sorted[i+n]) == int(first)+n && sorted[i+n]%changeGrid != 0 {
			n++
		}
		fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", first%changeGrid, first/changeGrid, n, n)
		i += n
	}
	return b.String()
}

// stretchView is one of the worst stretches.
type stretchView struct {
	From, To           string
	FromUnits, ToUnits float64
	Flips, Unexplained string
	Kinds, Labels      string
	Ribbon             []sliceView
}

// sliceView is a piece of a small ribbon, in per cent of its length.
type sliceView struct {
	X, W  float64
	Color int
	Name  string
}

func stretchViews(c *Collector, d *timelineData) ([]stretchView, string) {
	if len(c.line.bins) == 0 {
		return nil, ""
	}
	width := stretchLength(time.Duration(d.End * float64(time.Millisecond)))
	rule := "Parts of " + length(width) + " with most flips, none overlapping."
	if !c.hasPTS {
		rule = fmt.Sprintf("Parts of %d frames with most flips, none overlapping.", stretchFrames)
	}
	var out []stretchView
	for _, s := range c.worstStretches(width) {
		end := d.End
		if s.to < len(c.line.bins) {
			end = float64(d.Start[s.to])
		}
		from := float64(d.Start[s.from])
		if c.hasPTS {
			// Where the stretch runs into a break, it ends with its last frame.
			end = min(end, ms(c.line.bins[s.to-1].last+c.interval))
		}
		v := stretchView{FromUnits: from, ToUnits: end, From: d.place(from), To: d.place(end),
			Flips: groupedInt(int64(s.flips)), Unexplained: groupedInt(int64(s.unexplained)),
			Kinds: stretchKinds(s)}
		v.Labels, v.Ribbon = c.stretchRibbon(d, s, from, end)
		out = append(out, v)
	}
	return out, rule
}

func stretchKinds(s stretch) string {
	var parts []string
	for _, k := range []struct {
		n    int32
		name string
	}{{s.glitch, "glitch"}, {s.churn, "churn"}, {s.transition, "transition"}, {s.censored, "censored"}} {
		if k.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", k.n, k.name))
		}
	}
	return strings.Join(parts, ", ")
}

// stretchRibbon is a small picture of the stretch's labels, and their names.
func (c *Collector) stretchRibbon(d *timelineData, s stretch, from, end float64) (string, []sliceView) {
	span := max(end-from, 1e-9)
	var ribbon []sliceView
	counts := make(map[int]int32)
	var order []int
	step := max(1, (s.to-s.from+maxRibbonSlices-1)/maxRibbonSlices)
	for i := s.from; i < s.to; i += step {
		for k := i; k < min(i+step, s.to); k++ {
			if counts[d.Label[k]] == 0 {
				order = append(order, d.Label[k])
			}
			counts[d.Label[k]] += c.line.bins[k].n
		}
		next := end
		if i+step < s.to {
			next = float64(d.Start[i+step])
		}
		x, w := 100*(float64(d.Start[i])-from)/span, 100*(next-float64(d.Start[i]))/span
		name, color := d.Names[d.Label[i]], d.Colors[d.Label[i]]
		if n := len(ribbon); n > 0 && ribbon[n-1].Name == name {
			ribbon[n-1].W += w
		} else {
			ribbon = append(ribbon, sliceView{x, w, color, name})
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(counts[b] - counts[a]) })
	var names []string
	for _, i := range order[:min(3, len(order))] {
		names = append(names, d.Names[i])
	}
	text := strings.Join(names, ", ")
	if len(order) > 3 {
		text += fmt.Sprintf(" and %d more", len(order)-3)
	}
	return text, ribbon
}

// place is a place on the axis in words.
func (d *timelineData) place(at float64) string {
	if d.Unit == "frame" {
		return strconv.Itoa(int(at))
	}
	return clock(time.Duration(at * float64(time.Millisecond)))
}

// labelPairView is a pair of labels with the flips between them.
type labelPairView struct {
	A, B        string
	There, Back string
	Total       string
	Share       float64
	ColorA      int
	ColorB      int
}

// labelPairs joins the two directions between two labels.
func labelPairs(st *stability.Summary, d *timelineData) ([]labelPairView, string) {
	type key struct{ a, b int32 }
	at := make(map[key]int)
	type sums struct {
		a, b        int32
		there, back int64
	}
	var all []sums
	var total int64
	for _, p := range st.LabelPairs {
		total += p.Count
		if i, ok := at[key{p.To, p.From}]; ok {
			all[i].back += p.Count
			continue
		}
		at[key{p.From, p.To}] = len(all)
		all = append(all, sums{p.From, p.To, p.Count, 0})
	}
	total += st.LabelPairsOther
	slices.SortStableFunc(all, func(x, y sums) int { return int((y.there + y.back) - (x.there + x.back)) })
	var out []labelPairView
	shown := int64(0)
	var most int64 = 1
	for i, s := range all[:min(maxLabelPairs, len(all))] {
		n := s.there + s.back
		if i == 0 {
			most = n
		}
		shown += n
		out = append(out, labelPairView{A: d.nameOf(s.a), B: d.nameOf(s.b),
			There: groupedInt(s.there), Back: groupedInt(s.back), Total: groupedInt(n),
			Share: 100 * float64(n) / float64(most), ColorA: d.colorOf(s.a), ColorB: d.colorOf(s.b)})
	}
	if rest := total - shown; rest > 0 {
		return out, fmt.Sprintf("%s of %s flips are between other labels.", groupedInt(rest), groupedInt(total))
	}
	return out, ""
}
