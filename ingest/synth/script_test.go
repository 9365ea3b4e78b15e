package synth

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	s, err := Parse("synth:square?frames=2000&fps=29.97&size=640x480&seed=7&noise=1.5&cut=100")
	if err != nil {
		t.Fatal(err)
	}
	want := Script{Pattern: Square, Frames: 2000, FPS: 29.97, Width: 640, Height: 480, Seed: 7,
		Noise: 1.5, Speed: 4, Side: 80, Contrast: 60, Cut: 100}
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestParseErrors(t *testing.T) {
	for address, want := range map[string]string{
		"film.mp4":                         `begins with "synth:"`,
		"synth:":                           `unknown pattern ""`,
		"synth:sqare":                      `unknown pattern "sqare": want still, square or number`,
		"synth:square?frame=2":             `unknown option "frame": want frames`,
		"synth:square?frames=0":            `frames="0": want a whole number from 1`,
		"synth:square?frames=ten":          `frames="ten": want a whole number`,
		"synth:square?frames=1&frames=2":   `"frames" is given 2 times`,
		"synth:square?fps=NaN":             `fps="NaN": want a number`,
		"synth:square?size=320":            `size="320": want width x height`,
		"synth:square?size=99999x99999":    "from 8 to 8192",
		"synth:number?size=40x40":          "at least 48 pixels",
		"synth:number?size=90x90&resize=5": "at least 48 pixels",
		"synth:square?repeat=1":            `repeat="1": want a whole number from 2`,
		"synth:square?a=%zz":               "options after the '?'",
	} {
		if _, err := Parse(address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something about %q", address, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("synth:square?frames=2000&fps=25&size=320x240&seed=1")
	f.Add("synth:number?repeat=3&gap=4&resize=9&noise=0.5")
	f.Add("synth:still?speed=-1&x")
	f.Add("synth:square?%0A")
	f.Fuzz(func(t *testing.T, address string) {
		s, err := Parse(address)
		if err != nil {
			if strings.ContainsRune(err.Error(), '\n') {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		if s.Frames < 1 || !(s.FPS > 0) || s.Width < 8 || s.Height < 8 || s.Side < 1 {
			t.Errorf("%q gives %+v", address, s)
		}
		var before timing
		for i := range min(s.Frames, 50) {
			at := s.at(i)
			if i > 0 && (at.seq <= before.seq || at.pts <= before.pts) {
				t.Errorf("%q: frame %d at %+v after %+v", address, i, at, before)
			}
			before = at
		}
	})
}
