package page

import (
	"io"
	"strings"
)

// Part is a figure's file: its name and what writes it.
type Part struct {
	Name  string
	Write func(io.Writer) error
}

// Files are the page's figures as SVG and PNG.
func (p *Page) Files() []Part {
	var parts []Part
	for _, s := range p.Sections {
		for _, f := range s.Figures {
			drawn := f.Draw(Wide).Titled(f.Title)
			parts = append(parts, Part{f.File + ".svg", drawn.WriteSVG}, Part{f.File + ".png", drawn.WritePNG})
		}
	}
	return parts
}

// FileName joins words into a name that is one in every file system.
func FileName(words ...string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-':
			return r
		}
		return '-'
	}, strings.Join(words, "-"))
}
