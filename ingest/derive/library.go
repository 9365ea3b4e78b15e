package derive

import (
	"github.com/flipmeter/flipmeter/resample"
)

// library resizes as another library does.
type library struct{ s *resample.Separable }

// newLibrary makes a scaler of a function of package resample. Ok is false
// where the plan's filter names none.
func newLibrary(p Plan, width, height int) (_ Scaler, ok bool, err error) {
	plan, ok := resample.Lookup(string(p.Want.Filter))
	if !ok {
		return nil, false, nil
	}
	s, err := plan(width, height, p.Scaled.X, p.Scaled.Y, p.Crop, 3)
	if err != nil {
		return nil, true, err
	}
	return library{s}, true, nil
}

// Scale writes the crop as RGB.
func (l library) Scale(rgb []byte, src Pixels) error {
	l.s.ResizeBytes(rgb, src.Pix, src.Stride)
	if src.BGR {
		for i := 0; i+3 <= len(rgb); i += 3 {
			rgb[i], rgb[i+2] = rgb[i+2], rgb[i]
		}
	}
	return nil
}

// Close has nothing to free.
func (l library) Close() error { return nil }
