package arch

import (
	"slices"
	"strings"
	"testing"
)

// layer says what the packages under a folder may import of the project.
type layer struct {
	folder string
	own    []string // folders of the project; "*" is all but cmd and app
	pure   bool     // nothing outside the project but the standard library
	reason string
}

// layers holds every top-level folder of code. The longest folder that fits
// counts; a package may always import what lies under its own layer.
var layers = [...]layer{
	{"frame", nil, true, "a frame is what everything passes on: it must cost nothing to import"},
	{"resample", nil, true, "arithmetic on pixels, checked against other libraries, of use to anyone"},
	{"stability", nil, true, "the measures must be readable, portable and testable without any machinery"},
	{"scene", []string{"frame"}, true, "whether the input changed must not depend on who asks"},
	{"ingest", []string{"frame", "resample"}, false, "a source knows nothing of what becomes of its frames"},
	{"ingest/labels", []string{"stability"}, false, "observations come in without any picture"},
	{"ingest/messages", []string{"stability"}, false, "labels come in without any picture, and whoever sends them knows nothing of what becomes of them"},
	{"infer", []string{"frame", "resample"}, false, "a classifier knows nothing of streams, measures or outputs"},
	{"infer/sidecar", []string{"infer", "frame", "internal/strictyaml"}, false, "what a model does not say itself, read from the file beside it"},
	{"infer/labelmap", []string{"infer", "frame", "internal/strictyaml"}, false, "labels are merged before anybody counts them"},
	{"alerts", []string{"stability"}, false, "rules judge windows and know nothing of outputs"},
	{"alerts/ruletest", []string{"alerts", "stability", "internal/strictyaml"}, false, "rules tried out on label sequences; the only part of alerts that reads a file"},
	{"event", []string{"alerts", "stability", "frame"}, true, "what travels to the outputs must not drag one of them in"},
	{"pipeline", []string{"ingest", "infer", "scene", "event", "stability", "frame", "alerts"}, false, "it moves frames along interfaces, and never names an output or a library"},
	{"bus", []string{"event", "alerts", "stability", "frame"}, false, "an output sees events only"},
	{"report", []string{"event", "alerts", "stability", "frame"}, false, "an output sees events only"},
	{"history", []string{"event", "alerts", "stability"}, false, "what is kept of the past comes from events only"},
	{"history/tables", []string{"history", "alerts", "report/table"}, false, "what is kept of the past, for other programs"},
	{"web", []string{"event", "alerts", "history", "stability", "frame"}, false, "it shows events and the past, and changes nothing by itself"},
	{"perturb", []string{"infer", "resample", "frame"}, false, "experiments need a classifier and pictures, no streams"},
	{"perturb/laboratory", []string{"perturb", "infer", "ingest", "report/table", "resample", "frame"}, false, "experiments on files; which decoder and which runtime is app's choice"},
	{"perturb/explain", []string{"perturb", "infer", "ingest", "event", "stability", "frame"}, false, "a second look at a stream's frames; which source and which page is app's choice"},
	{"suite", []string{"alerts", "stability", "internal/strictyaml"}, false, "expectations and verdicts know nothing of how a clip is measured"},
	{"configs", []string{"*"}, false, "it assembles the packages' own settings"},
	{"app", []string{"*"}, false, "the only package that knows everything"},
	{"cmd", []string{"app", "alerts/ruletest", "configs"}, false, "a command turns flags into app's options and errors into exit codes; trying rules out or checking a configuration needs no running program"},
	{"bench", []string{"*", "app"}, false, "measures the stages one by one"},
	{"internal", nil, false, "what nobody outside should see knows nothing of the project"},
}

func layerOf(dir string) *layer {
	var best *layer
	for i := range layers {
		if under(dir, layers[i].folder) && (best == nil || len(layers[i].folder) > len(best.folder)) {
			best = &layers[i]
		}
	}
	return best
}

func (l *layer) allows(dir string) bool {
	if under(dir, l.folder) {
		return true
	}
	return slices.ContainsFunc(l.own, func(folder string) bool {
		if folder == "*" {
			return !under(dir, "cmd") && !under(dir, "app")
		}
		return under(dir, folder)
	})
}

func TestImportsPointOneWay(t *testing.T) {
	for _, f := range theTree(t).gos {
		l := layerOf(f.dir)
		if l == nil {
			t.Errorf("%s: no layer has this folder: give it a line in layers, with a reason", f.path)
			continue
		}
		if f.test {
			continue // a test may bring whatever it needs; see below for what not
		}
		for _, imp := range f.imports {
			own, isOwn := strings.CutPrefix(imp, module+"/")
			switch {
			case isOwn && !l.allows(own):
				t.Errorf("%s imports %s, which %s must not: %s", f.path, own, l.folder, l.reason)
			case !isOwn && l.pure && strings.Contains(imp, "."):
				t.Errorf("%s imports %s; %s keeps to the standard library: %s", f.path, imp, l.folder, l.reason)
			}
		}
	}
}

// Native code is let in through two doors only.
var native = map[string]string{
	"ingest/gocv": "gocv.io/x/gocv",
	"infer/onnx":  "github.com/yalue/onnxruntime_go",
}

func TestNativeCodeStaysBehindTwoDoors(t *testing.T) {
	const reason = "so that a crash, a leak or a data race in C has two places to look, and every other package builds without a compiler"
	for _, f := range theTree(t).gos {
		for _, imp := range f.imports {
			if imp == "C" {
				if _, ok := native[f.dir]; !ok {
					t.Errorf("%s uses cgo; only ingest/gocv and infer/onnx may: %s", f.path, reason)
				}
			}
			for dir, lib := range native {
				if under(imp, lib) && f.dir != dir && !under(f.dir, "bench") {
					t.Errorf("%s imports %s; only %s may: %s", f.path, lib, dir, reason)
				}
			}
		}
	}
}

func TestOnlyAppKnowsTheNativePackages(t *testing.T) {
	for _, f := range theTree(t).gos {
		for dir := range native {
			if f.test || f.dir == dir || under(f.dir, "app") || under(f.dir, "bench") || under(f.dir, dir) {
				continue
			}
			if slices.Contains(f.imports, module+"/"+dir) {
				t.Errorf("%s imports %s: only app chooses the implementation of an interface", f.path, dir)
			}
		}
	}
}

func TestNothingBelowImportsAppOrCommands(t *testing.T) {
	for _, f := range theTree(t).gos {
		if under(f.dir, "app") || under(f.dir, "cmd") || under(f.dir, "bench") {
			continue
		}
		for _, imp := range f.imports {
			own := strings.TrimPrefix(imp, module+"/")
			if under(own, "app") || under(own, "cmd") {
				t.Errorf("%s imports %s: tests included, nothing below app may know it", f.path, own)
			}
		}
	}
}

func TestHelpersOfTestsStayInTests(t *testing.T) {
	for _, f := range theTree(t).gos {
		if f.test || helpsTests(f.dir) {
			continue
		}
		for _, imp := range f.imports {
			own, isOwn := strings.CutPrefix(imp, module+"/")
			if imp == "testing" || isOwn && helpsTests(own) {
				t.Errorf("%s imports %s: what only tests need must not reach the program", f.path, imp)
			}
		}
	}
}

// helpsTests says whether a package exists for the project's tests, by its
// name.
func helpsTests(dir string) bool {
	return strings.HasSuffix(dir, "test") && dir != "alerts/ruletest" // which tests people's rules
}
