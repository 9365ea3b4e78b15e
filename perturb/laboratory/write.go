package laboratory

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/page"
	"github.com/flipmeter/flipmeter/report/table"
)

// Names of what probe writes.
const (
	PageName    = "probe.html"
	SummaryName = "probe.json"
	figuresName = "figures"
)

// results are what an experiment has to show.
type results struct {
	sections []page.Section
	tables   []tableOf
	summary  any  // its part of probe.json
	measured bool // false: there is nothing to show
}

// tableOf is a table of any row type.
type tableOf struct {
	name  string
	write func(w io.Writer, format table.Format) error
}

func newTable[T any](name string, rows []T) tableOf {
	return tableOf{name, func(w io.Writer, format table.Format) error {
		t, err := table.NewWriter[T](w, format)
		if err != nil {
			return err
		}
		return errors.Join(t.Write(rows...), t.Close())
	}}
}

// Summary is what probe.json holds.
type Summary struct {
	Schema      int            `json:"schema"`
	Tool        string         `json:"tool"`
	Pictures    int            `json:"pictures"`
	Sources     string         `json:"sources"`
	Decoder     string         `json:"decoder"`
	Models      []ModelSummary `json:"models"`
	Notes       []string       `json:"notes,omitempty"`
	Complete    bool           `json:"complete"`
	Experiments map[string]any `json:"experiments"`
}

// ModelSummary says which network, and how it was run.
type ModelSummary struct {
	Name          string `json:"name"`
	SHA256        string `json:"sha256"`
	Provider      string `json:"provider"`
	Precision     string `json:"precision"`
	Runtime       string `json:"runtime"`
	Preprocessing string `json:"preprocessing"`
	RandomWeights string `json:"random_weights,omitempty"`
}

// finish writes everything.
func (l *Run) finish(experiments []experiment, complete bool) (*Result, error) {
	sum := Summary{
		Schema: 1, Tool: l.o.Tool, Pictures: len(l.pictures.refs), Sources: sources(l.o.Pictures), Decoder: l.pictures.codec.Name,
		Notes: l.notes, Complete: complete, Experiments: make(map[string]any),
	}
	p := page.Page{Title: "How much a pixel matters", Tool: l.o.Tool}
	for _, m := range l.models {
		sum.Models = append(sum.Models, ModelSummary{m.Name, m.SHA256, m.Provider, m.Precision, m.Runtime, m.Preprocessing.Text(), m.RandomWeights})
		if m.RandomWeights != "" {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s has random weights (seed %s): it knows nothing, and its figures say nothing about any trained network.", m.Name, m.RandomWeights))
		}
	}
	if !complete {
		p.Warnings = append(p.Warnings, "This run was interrupted: the page shows what was measured until then.")
	}
	var tables []tableOf
	for _, e := range experiments {
		r := e.results()
		if len(r.sections) == 0 || !r.measured && !complete {
			continue
		}
		if t, ok := e.(*translateExperiment); ok && t.settings.Protocol == perturb.Sweep {
			if f := page.Depth(t.moved, l.depths[:min(len(l.depths), len(t.moved))]); f != nil {
				r.sections[0].Figures = append(r.sections[0].Figures, *f)
			}
		}
		p.Sections = append(p.Sections, r.sections...)
		tables = append(tables, r.tables...)
		sum.Experiments[e.name()] = r.summary
	}
	if len(p.Sections) == 0 {
		return nil, context.Canceled
	}
	p.Facts = l.facts(&sum)
	if err := l.write(&p, &sum, tables); err != nil {
		return nil, fmt.Errorf("write results to %s: %w", l.o.Out, err)
	}
	if complete {
		if err := l.store.remove(); err != nil {
			return nil, err
		}
	}
	return &Result{&p, &sum}, nil
}

func (l *Run) facts(sum *Summary) []page.Fact {
	var facts []page.Fact
	if sum.Pictures > 0 {
		facts = append(facts, page.Fact{Name: "pictures", Value: fmt.Sprintf("%d (%s), decoded by %s", sum.Pictures, sum.Sources, sum.Decoder)})
	}
	if len(l.boxes.Boxes) > 0 {
		facts = append(facts, page.Fact{Name: "boxes", Value: fmt.Sprintf("%d (%s)", len(l.boxes.Boxes), sources(l.o.Boxes))})
	}
	for _, m := range sum.Models {
		facts = append(facts, page.Fact{Name: "model", Value: fmt.Sprintf("%s (sha256 %.12s…), %s, %s on %s; for ordinary pictures: %s",
			m.Name, m.SHA256, m.Precision, m.Runtime, m.Provider, m.Preprocessing)})
	}
	for _, n := range sum.Notes {
		facts = append(facts, page.Fact{Name: "note", Value: n})
	}
	return facts
}

// write writes all files under temporary names and then puts them in place,
// the summary last: where it lies, the rest lies too.
func (l *Run) write(p *page.Page, sum *Summary, tables []tableOf) (err error) {
	partial, err := os.MkdirTemp(l.o.Out, ".partial-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(partial)) }()
	var names []string
	put := func(name string, write func(io.Writer) error) error {
		names = append(names, name)
		return writeFile(filepath.Join(partial, name), write)
	}
	if format := table.Format(l.o.Tables); format != table.None {
		for _, t := range tables {
			if err := put(t.name+"."+l.o.Tables, func(w io.Writer) error { return t.write(w, format) }); err != nil {
				return err
			}
		}
	}
	if err := os.Mkdir(filepath.Join(partial, figuresName), 0o777); err != nil {
		return err
	}
	for _, part := range p.Files() {
		if err := writeFile(filepath.Join(partial, figuresName, part.Name), part.Write); err != nil {
			return err
		}
	}
	names = append(names, figuresName)
	if err := put(PageName, p.Write); err != nil {
		return err
	}
	if err := put(SummaryName, (&Result{p, sum}).WriteJSON); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(l.o.Out, figuresName)); err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(partial, name), filepath.Join(l.o.Out, name)); err != nil {
			return err
		}
	}
	return nil
}

// writeFile creates a file with what write writes, and reports a full disk
// even where only closing the file reveals it.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriterSize(f, 1<<16)
	if err := write(b); err != nil {
		return err
	}
	return b.Flush()
}

// Result is what a run has written.
type Result struct {
	Page    *page.Page
	Summary *Summary
}

// WriteJSON writes what probe.json holds.
func (r *Result) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r.Summary)
}

// WriteText writes the leading sentences of the page.
func (r *Result) WriteText(w io.Writer) error {
	var text strings.Builder
	for _, s := range r.Page.Sections {
		fmt.Fprintf(&text, "%s\n  %s\n", s.Title, s.Lead)
		for _, n := range s.Notes {
			fmt.Fprintf(&text, "  %s\n", n)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}
