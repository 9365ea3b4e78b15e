package app

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseVariant(t *testing.T) {
	f := func(text, name, want string) {
		t.Helper()
		v, err := parseVariant(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			return
		}
		o := DefaultAnalyzeOptions()
		if err := v.change(&o); err != nil {
			t.Errorf("%q: %v", text, err)
			return
		}
		smooth := ""
		if o.show != nil {
			smooth = o.show.String()
		}
		got := fmt.Sprint(o.Model, ";", o.Resize, ";", o.Fit, ";", o.Region, ";", o.Stride, ";", o.Sources, ";", smooth)
		if v.name != name || got != want {
			t.Errorf("%q: %q %s, want %q %s", text, v.name, got, name, want)
		}
	}
	f("", "as it is", ";;;;1;[];")
	f("area:", "area", ";;;;1;[];")
	f("resize=linear", "resize=linear", ";linear;;;1;[];")
	f("mine: model=a/b.onnx , fit=squash,stride=2", "mine", "a/b.onnx;;squash;;2;[];")
	f("left:roi=0,0,320,480,resize=area", "left", ";area;;0,0,320,480;1;[];")
	f("lock:smooth=lock(votes=3,confidence=0.5,lead=1,switch_after=2),resize=area", "lock",
		";area;;;1;[];lock(votes=3,confidence=0.5,lead=1,switch_after=2)")
	f("other:on=synth:square?frames=3", "other", ";;;;1;[synth:square?frames=3];")
	f("on=C:film.mp4", "on=C:film.mp4", ";;;;1;[C:film.mp4];")
	for _, bad := range []string{"resize", "colour=red", "a:b", "stride=two", "smooth=wobble(3)", "x:=3"} {
		v, err := parseVariant(bad)
		if err == nil {
			o := DefaultAnalyzeOptions()
			err = v.change(&o)
		}
		if !errors.Is(err, ErrUsage) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func TestFolderNames(t *testing.T) {
	f := func(place int, name, want string) {
		t.Helper()
		if got := folderName(place, name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	f(0, "area", "1-area")
	f(1, "resize=linear,fit=squash", "2-resize-linear-fit-squash")
	f(2, "../../etc", "3-etc")
	f(3, "ünïcode/..", "4-ncode")
	f(4, strings.Repeat("x", 200), "5-"+strings.Repeat("x", 60))
}

func FuzzParseVariant(f *testing.F) {
	f.Add("a:resize=linear,roi=1,2,3,4")
	f.Add("smooth=lock(votes=3,")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseVariant(text)
		if err != nil {
			return
		}
		o := DefaultAnalyzeOptions()
		_ = v.change(&o)
		if name := folderName(0, v.name); strings.ContainsAny(name, `/\`) || strings.Contains(name, "..") {
			t.Errorf("%q is kept in %q", text, name)
		}
	})
}
