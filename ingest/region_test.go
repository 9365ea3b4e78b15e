package ingest

import (
	"image"
	"strings"
	"testing"
)

func TestParseRegion(t *testing.T) {
	r, err := ParseRegion(" 10, 20,300,200")
	if err != nil || r != (Region{10, 20, 300, 200}) || r.String() != "10,20,300,200" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := ParseRegion(""); err != nil || !r.Whole() || r.String() != "" {
		t.Errorf("%+v, %v", r, err)
	}
	for s, want := range map[string]string{
		"1,2,3":            "want four numbers",
		"1,2,3,4,5":        "want four numbers",
		"1,2,x,4":          `"x" is not a whole number`,
		"-1,2,3,4":         "must not be negative",
		"0,0,0,4":          "at least 1",
		"1,2,3,9999999999": "not a whole number",
		"0,0,0,0":          "at least 1",
	} {
		if _, err := ParseRegion(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want something about %q", s, err, want)
		}
	}
	if rect, err := r.In(310, 220); err != nil || rect != image.Rect(10, 20, 310, 220) {
		t.Errorf("%v, %v", rect, err)
	}
	if _, err := r.In(309, 220); err == nil {
		t.Error("a region beyond the picture fits")
	}
}

func FuzzParseRegion(f *testing.F) {
	f.Add("1,2,3,4")
	f.Add("0,0,0,0")
	f.Add("2147483647,2147483647,2147483647,2147483647")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRegion(s)
		if err != nil {
			return
		}
		if again, err := ParseRegion(r.String()); err != nil || again != r {
			t.Errorf("%q is %+v, then %+v, %v", s, r, again, err)
		}
		if rect, err := r.In(640, 480); err == nil && (rect.Empty() || !rect.In(image.Rect(0, 0, 640, 480))) {
			t.Errorf("%q in a picture: %v", s, rect)
		}
	})
}
