package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page/page.html.tmpl page/page.css page/page.js
var pageFiles embed.FS

// page is report.html: one file, nothing referenced from outside.
type page struct {
	Title   string
	Tool    string
	Created string
	CSS     template.CSS
	JS      template.JS
	Total   *totalView // nil with one stream
	Streams []*streamView
	Data    []*timelineData
}

func newPage(cfg Config, streams []*stream, out Outcome, sum *Summary) *page {
	p := &page{Tool: cfg.Tool}
	if !cfg.Created.IsZero() {
		p.Created = cfg.Created.Format("2 January 2006, 15:04 MST")
	}
	var names []string
	n := max(1, len(streams))
	for i, s := range streams {
		s.page.shrink(max(64, maxPageBins/n), max(4, cfg.MaxPictures/n))
		id := fmt.Sprintf("s%d", i)
		names = append(names, s.cfg.Source.Name)
		data := newTimelineData(id, s, out.Streams[i].Summary)
		p.Data = append(p.Data, data)
		p.Streams = append(p.Streams, newStreamView(id, s, out.Streams[i], &sum.Streams[i], data, cfg))
	}
	p.Title = strings.Join(names[:min(3, len(names))], ", ")
	if len(names) > 3 {
		p.Title = fmt.Sprintf("%s and %d more", p.Title, len(names)-3)
	}
	for i, v := range p.Streams {
		r := sum.Recommendation
		if len(streams) > 1 {
			r = nil // it is that of all together
		}
		v.Smoothing = newSmoothView(v.ID, &sum.Streams[i].Measures, r)
	}
	if len(streams) > 1 {
		p.Total = newTotalView(out, sum, p.Streams)
	}
	return p
}

func (p *page) write(w io.Writer) error {
	css, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return err
	}
	js, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		return err
	}
	p.CSS, p.JS = template.CSS(css), template.JS(js)
	t, err := template.New("page.html.tmpl").Funcs(template.FuncMap{
		"percent": percent, "count": groupedInt, "clock": clock,
	}).ParseFS(pageFiles, "page/page.html.tmpl")
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}
