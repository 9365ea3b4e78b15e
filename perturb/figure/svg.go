package figure

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"strconv"
	"strings"
)

// WriteSVG writes a file of its own: on white, in fixed colours.
func (f *Figure) WriteSVG(w io.Writer) error {
	return f.svg(w, true)
}

// Inline is the figure as part of a page that defines the colours as CSS
// variables.
func (f *Figure) Inline() (string, error) {
	var b strings.Builder
	err := f.svg(&b, false)
	return b.String(), err
}

func (f *Figure) svg(w io.Writer, alone bool) error {
	var b bytes.Buffer
	ns := ""
	if alone {
		ns = ` xmlns="http://www.w3.org/2000/svg"`
	}
	fmt.Fprintf(&b, `<svg%s viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="%s" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif">`,
		ns, num(f.Width), num(f.Height), num(f.Width), num(f.Height), escape(f.Alt))
	if alone {
		fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#ffffff"/>`)
	}
	for i := range f.shapes {
		if err := f.shapes[i].svg(&b, alone); err != nil {
			return err
		}
	}
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

func (s *shape) svg(b *bytes.Buffer, alone bool) error {
	paint := s.colour.hex()
	if !alone && s.colour != White && s.colour != Black {
		paint = "var(--" + string(s.colour) + ")"
	}
	at := s.points[0]
	switch s.kind {
	case kindLine:
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke-width="%s" stroke-linejoin="round" stroke-linecap="round" style="stroke:%s"`, coordinates(s.points), num(s.size), paint)
		if s.dashed {
			b.WriteString(` stroke-dasharray="4 4"`)
		}
		b.WriteString("/>")
	case kindArea:
		fmt.Fprintf(b, `<polygon points="%s" style="fill:%s"%s/>`, coordinates(s.points), paint, opacity(s.opacity))
	case kindCircle:
		fmt.Fprintf(b, `<circle cx="%s" cy="%s" r="%s" style="fill:%s"%s/>`, num(at.X), num(at.Y), num(s.size), paint, opacity(s.opacity))
	case kindText:
		weight := ""
		if s.bold {
			weight = ` font-weight="600"`
		}
		fmt.Fprintf(b, `<text x="%s" y="%s" font-size="%s" text-anchor="%s"%s style="fill:%s">%s</text>`,
			num(at.X), num(at.Y), num(s.size), s.anchor, weight, paint, escape(s.text))
	case kindImage:
		var data bytes.Buffer
		if err := png.Encode(&data, s.img); err != nil {
			return fmt.Errorf("draw figure: %w", err)
		}
		how := "pixelated"
		if s.smooth {
			how = "auto"
		}
		fmt.Fprintf(b, `<image x="%s" y="%s" width="%s" height="%s" preserveAspectRatio="none" style="image-rendering:%s" href="data:image/png;base64,%s"/>`,
			num(at.X), num(at.Y), num(s.points[1].X-at.X), num(s.points[1].Y-at.Y), how, base64.StdEncoding.EncodeToString(data.Bytes()))
	}
	return nil
}

func opacity(v float64) string {
	if v >= 1 {
		return ""
	}
	return ` opacity="` + num(v) + `"`
}

func coordinates(points []Point) string {
	var b strings.Builder
	for i, p := range points {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(num(p.X) + "," + num(p.Y))
	}
	return b.String()
}

// num has two decimals at the most.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
