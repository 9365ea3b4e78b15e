package page

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/flipmeter/flipmeter/perturb/figure"
)

//go:embed page.html.tmpl page.css
var files embed.FS

// Page is everything that is shown.
type Page struct {
	Title    string
	Tool     string   // program and version
	Warnings []string // shown first of all
	Facts    []Fact   // about pictures and models
	Sections []Section
}

// Fact is a line of what was measured and how.
type Fact struct{ Name, Value string }

// Section is one experiment.
type Section struct {
	ID, Title string
	Lead      string // what was found, in a sentence or two
	Protocol  string // what was done
	Tables    []Table
	Figures   []Figure
	Notes     []string
}

// Table is a table of texts; the first column names the rows. Columns whose
// index is in Grey hold figures from elsewhere.
type Table struct {
	Head []string
	Rows [][]string
	Grey []int
}

// Class is the style of a column.
func (t Table) Class(column int) string {
	if slices.Contains(t.Grey, column) {
		return "grey"
	}
	return ""
}

// roomFor is how many characters of a row stand side by side on a desktop.
const roomFor = 80

// Wraps says that the table is too wide for one line a cell.
func (t Table) Wraps() bool {
	all := 0
	for column := range t.Head {
		most := 0
		for _, row := range t.Rows {
			if column < len(row) {
				most = max(most, utf8.RuneCountInString(row[column]))
			}
		}
		all += most
	}
	return all > roomFor
}

// Figure is a chart with its texts. Draw is called for every width that it is
// shown in.
type Figure struct {
	// File is its name as a file, without extension; unique in a page.
	File    string
	Title   string
	Caption string
	Draw    func(width float64) *figure.Figure
}

// Widths of figures: on a desktop and as files, and on a phone.
const (
	Wide   = 720
	Narrow = 320
)

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	css, err := files.ReadFile("page.css")
	if err != nil {
		return err
	}
	t, err := template.New("page.html.tmpl").Funcs(template.FuncMap{
		"css": func() template.CSS { return template.CSS(css) },
		"draw": func(f Figure, width float64) (template.HTML, error) {
			s, err := f.Draw(width).Inline()
			return template.HTML(s), err // made by package figure, which escapes all texts
		},
		"wide": func() float64 { return Wide }, "narrow": func() float64 { return Narrow },
	}).ParseFS(files, "page.html.tmpl")
	if err != nil {
		return err
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}
