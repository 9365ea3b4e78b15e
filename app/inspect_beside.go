package app

import (
	"strings"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/sidecar"
)

// inspectBeside says what the file beside a model says that says nothing
// itself, or what to give where there is none.
func inspectBeside(row func(name, format string, args ...any), path string) {
	beside := sidecar.Path(path)
	f, labels, err := sidecar.Read(path)
	switch {
	case err != nil:
		row("description", "none in the file, and %s can't be used: %v", beside, oneLine{err})
	case f == nil:
		row("description", "none: give --preprocess %s, or write %s", strings.Join(infer.PresetNames(), "|"), beside)
	default:
		row("description", "by %s", beside)
		if f.Preprocess != "" {
			row("preprocessing", "%s", f.Preprocess)
		}
		if n := len(labels.Names); n > 0 {
			row("classes", "%d, from %q to %q", n, labels.Names[0], labels.Names[n-1])
		}
	}
}
