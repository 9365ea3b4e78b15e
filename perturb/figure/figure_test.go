package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"
)

func examples() map[string]*Figure {
	nan := math.NaN()
	img := image.NewRGBA(image.Rect(0, 0, 3, 2))
	return map[string]*Figure{
		"lines": Lines(300, 200, `a < b & "c"`, Axis{Name: "x", Min: -10, Max: 10}, Axis{Name: "y", Max: 1, Percent: true},
			Line{Name: "one <b>", X: []float64{-10, 0, 10}, Y: []float64{0, nan, 1}, Low: []float64{0, nan, .9}, High: []float64{.1, nan, 1}, Dots: true},
			Line{Name: "two", X: []float64{-10, 10}, Y: []float64{.5, .5}, Colour: S1, Dashed: true}),
		"empty lines": Lines(300, 200, "", Axis{}, Axis{}),
		"bars":        Bars(300, "", 0, Bar{Name: "a", Value: "1", Size: 1, Low: .5, High: 2, Colour: S0}, Bar{Name: "b", Low: nan, High: nan, Colour: Grey}),
		"no bars":     Bars(300, "", 0),
		"zero bars":   Bars(300, "", 0, Bar{Name: "a", Low: 0, High: 0}),
		"map":         Map(300, "", Axis{Min: 0, Max: 3}, "rows", "share", []Row{{"a", []float64{0, .5, 1}}, {"b", []float64{nan, 2, -1}}, {"c <c>", []float64{1}}}),
		"named map":   Map(600, "", Axis{Min: 0, Max: 3}, "rows", "share", []Row{{"a", []float64{0, .5, 1}}, {"c <c>", []float64{1}}}),
		"no map":      Map(300, "", Axis{}, "", "", nil),
		"histograms":  Histograms(300, "", Histogram{"x", []int{3, 0, 1}}, Histogram{"y <y>", []int{0, 0}}, Histogram{}),
		"scatter":     Scatter(300, 200, "", Axis{Max: 1}, Axis{Max: 1}, Dots{X: []float64{.5, 1}, Y: []float64{.5, 0}, Radius: 3, Labels: []string{"<here>"}, Low: []float64{.2, 0}, High: []float64{.7, 0}}),
		"matrix":      Matrix(300, "", []string{"one <b>", "two"}, [][]float64{{1, .3}, {nan, 1}}),
		"no matrix":   Matrix(300, "", nil, nil),
		"strip":       Strip(300, 90, "", Picture{Image: img, Captions: []string{"a", "a very long caption that can't fit"}, Mark: true}, Picture{Image: img}),
		"no strip":    Strip(300, 90, ""),
	}
}

func TestFiguresAreWellFormed(t *testing.T) {
	for name, f := range examples() {
		for _, g := range []*Figure{f, f.Titled("a title & more")} {
			var b bytes.Buffer
			if err := g.WriteSVG(&b); err != nil {
				t.Fatal(err)
			}
			d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
			for {
				_, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			for _, bad := range []string{"NaN", "Inf", "var(", "http:", "https:"} {
				if strings.Contains(strings.ReplaceAll(b.String(), `xmlns="http://www.w3.org/2000/svg"`, ""), bad) {
					t.Errorf("%s: the file holds %s", name, bad)
				}
			}
			inline, err := g.Inline()
			if err != nil || strings.Contains(inline, "#1b1d22") {
				t.Errorf("%s: on a page its colours are fixed (%v)", name, err)
			}
		}
		if f.Height > 0 && len(f.shapes) > 30 {
			continue // PNG of every kind of chart takes its time under the race detector
		}
		var p, q bytes.Buffer
		if err := errors.Join(f.WritePNG(&p), f.WritePNG(&q)); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(p.Bytes()))
		if err != nil || img.Bounds().Dx() != int(2*f.Width) || img.Bounds().Dy() < 1 || !bytes.Equal(p.Bytes(), q.Bytes()) {
			t.Errorf("%s: %v, or another width, or other bytes the second time", name, err)
		}
	}
}

// TestPNGShowsWhereThingsAre compares pixels: a line, a rectangle with its
// colour, and nothing elsewhere.
func TestPNGShowsWhereThingsAre(t *testing.T) {
	f := New(60, 40, "")
	f.Rect(S0, 1, 10, 10, 10, 10)
	f.Line(S1, 2, false, Point{30, 20}, Point{50, 20})
	f.Line(S2, 2, true, Point{0, 35}, Point{60, 35})
	var b bytes.Buffer
	if err := f.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		x, y int
		want Colour
	}{{15, 15, S0}, {5, 15, Paper}, {40, 20, S1}, {40, 25, Paper}, {2, 35, S2}, {6, 35, Paper}} {
		r, g, bl, _ := img.At(2*c.x, 2*c.y).RGBA()
		wr, wg, wb, _ := rgba(c.want, 1).RGBA()
		if r != wr || g != wg || bl != wb {
			t.Errorf("%d,%d: %x %x %x, want %s", c.x, c.y, r>>8, g>>8, bl>>8, c.want.hex())
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		min, max float64
		n        int
		want     string
	}{{0, 1, 5, "0 0.2 0.4 0.6 0.8 1"}, {-52, 48, 10, "−50 −40 −30 −20 −10 0 10 20 30 40"}, {0, 3, 3, "0 1 2 3"}, {2, 2, 5, "2"}, {0, 0.004, 4, "0 0.001 0.002 0.003 0.004"}} {
		var got []string
		a := Axis{Min: c.min, Max: c.max}
		for _, v := range a.ticks(c.n) {
			got = append(got, a.text(v))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%v to %v: %s, want %s", c.min, c.max, s, c.want)
		}
	}
}

// TestAxisEndsAtATick: what is highest can be read off.
func TestAxisEndsAtATick(t *testing.T) {
	for _, c := range []struct{ min, max, want float64 }{{0, 1, 1}, {0, .741, .8}, {0, .45, .5}, {0, 4.6, 5}, {-1, 3.1, 4}, {2, 2, 2}} {
		got := Axis{Min: c.min, Max: c.max}.rounded(5).Max
		if math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v to %v: ends at %v, want %v", c.min, c.max, got, c.want)
		}
	}
	if a := (Axis{Max: .7, Ticks: []float64{0, .7}}).rounded(5); a.Max != .7 {
		t.Errorf("ticks that are given: ends at %v", a.Max)
	}
}

// TestIntervalsOfDotsAreDrawn compares places: from the lower to the upper end.
func TestIntervalsOfDotsAreDrawn(t *testing.T) {
	f := Scatter(300, 200, "", Axis{Max: 1}, Axis{Max: 1}, Dots{X: []float64{.5, .5}, Y: []float64{.5, .8}, Low: []float64{0, .8}, High: []float64{1, .8}, Radius: 3, Colour: S2})
	var lines []shape
	for _, s := range f.shapes {
		if s.kind == kindLine && s.colour == S2 {
			lines = append(lines, s)
		}
	}
	if len(lines) != 1 || lines[0].points[0].Y != 160 || lines[0].points[1].Y != 22 {
		t.Errorf("%+v", lines)
	}
}

// TestHistogramBars: the highest count ends at the highest tick or below, and
// the grey line is where equal counts would end.
func TestHistogramBars(t *testing.T) {
	f := Histograms(200, "", Histogram{"x", []int{4, 0}})
	var bars, even []shape
	for _, s := range f.shapes {
		switch {
		case s.kind == kindArea && s.colour == S0:
			bars = append(bars, s)
		case s.colour == Grey:
			even = append(even, s)
		}
	}
	if len(bars) != 2 || len(even) != 1 {
		t.Fatalf("%d bars, %d lines", len(bars), len(even))
	}
	height := func(s shape) float64 { return s.points[2].Y - s.points[0].Y }
	if bottom := bars[0].points[2].Y; height(bars[1]) != 0 || math.Abs(height(bars[0])/2-(bottom-even[0].points[0].Y)) > 1e-9 || height(bars[0]) <= 0 {
		t.Errorf("%+v, %+v", bars, even)
	}
}
