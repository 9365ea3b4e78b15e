package resample

import "slices"

// functions are the resize functions by name: the library, the filter, and
// "antialias" where it smooths before it takes pixels away.
var functions = map[string]Func{
	"tf1-bilinear":             newSeparable(interpolated(tf1Legacy), false),
	"tf1-align-corners":        newSeparable(interpolated(tf1AlignCorners), false),
	"tf2-nearest":              newSeparable(tf2Nearest, false),
	"tf2-bilinear":             newSeparable(interpolated(halfPixel), false),
	"tf2-bilinear-antialias":   newSeparable(tf2Antialias(triangle), false),
	"tf2-area":                 newSeparable(tf2Area, false),
	"tf2-bicubic":              newSeparable(tf2Bicubic, false),
	"torch-bilinear":           newSeparable(interpolated(halfPixel), false),
	"torch-bilinear-antialias": newSeparable(antialiased(triangle), false),
	"pillow-nearest":           newSeparable(pillowNearest, true),
	"pillow-box":               newSeparable(antialiased(box), true),
	"pillow-bilinear":          newSeparable(antialiased(triangle), true),
	"pillow-bicubic":           newSeparable(antialiased(keys), true),
	"pillow-lanczos":           newSeparable(antialiased(lanczos), true),
}

// Lookup finds a resize function of another library by its name.
func Lookup(name string) (Func, bool) {
	f, ok := functions[name]
	return f, ok
}

// Names are the names that Lookup knows, sorted.
func Names() []string {
	names := make([]string, 0, len(functions))
	for n := range functions {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
