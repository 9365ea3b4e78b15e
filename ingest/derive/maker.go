package derive

import (
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/resample"
)

// Pixels are the bytes of a decoded picture, or of a region of one: three
// interleaved bytes a pixel, rows Stride bytes apart.
type Pixels struct {
	Pix    []byte
	Stride int
	BGR    bool // else RGB
}

// Scaler makes the crop of one plan. One goroutine uses it.
type Scaler interface {
	// Scale writes the crop as RGB, rows without padding.
	Scale(rgb []byte, src Pixels) error
	Close() error
}

// NewScaler makes a Scaler for pictures of width×height pixels, or says
// that it does not know the plan's filter.
type NewScaler func(p Plan, width, height int) (Scaler, error)

// Maker makes the wanted pictures of decoded pictures of one size. One
// goroutine uses it; it must be closed.
type Maker struct {
	correct *Correction
	tasks   []task
}

// task makes one picture.
type task struct {
	plan Plan
	// from is the index of an RGB picture that this luma picture is made
	// of, -1 where it is made of the decoded picture.
	from   int
	area   *resample.Area // or
	scaler Scaler
	crop   []byte // RGB, where the result is something else
}

// NewMaker plans the wants for pictures of width×height pixels. Colours are
// corrected unless correct is nil. Reductions with the area filter, and the
// functions of package resample by their names, are made here; everything
// else is made by what other returns.
func NewMaker(wants []frame.Want, width, height int, correct *Correction, other NewScaler) (*Maker, error) {
	m := &Maker{correct: correct}
	for _, w := range wants {
		t, err := m.plan(w, width, height, other)
		if err != nil {
			return nil, errors.Join(err, m.Close())
		}
		m.tasks = append(m.tasks, t)
	}
	return m, nil
}

func (m *Maker) plan(w frame.Want, width, height int, other NewScaler) (task, error) {
	p, err := NewPlan(w, width, height)
	if err != nil {
		return task{}, err
	}
	t := task{plan: p, from: -1}
	if w.Format == frame.Luma {
		for j := range m.tasks {
			if q := m.tasks[j].plan; q.Want.Format == frame.RGB && q.SameGeometry(p) {
				t.from = j
				return t, nil
			}
		}
	}
	if w.Format == frame.Luma || p.Padded() {
		t.crop = make([]byte, 3*p.Crop.Dx()*p.Crop.Dy())
	}
	// Where it enlarges, OpenCV's area filter is another function.
	if w.Filter == frame.FilterArea && p.Scaled.X <= width && p.Scaled.Y <= height {
		t.area, err = resample.NewArea(width, height, p.Scaled.X, p.Scaled.Y, p.Crop, 3)
		return t, err
	}
	var ok bool
	if t.scaler, ok, err = newLibrary(p, width, height); !ok {
		t.scaler, err = other(p, width, height)
	}
	return t, err
}

// Make fills pictures, one for each want, from a decoded picture.
func (m *Maker) Make(pictures []frame.Picture, src Pixels) error {
	for i := range m.tasks {
		t, dst := &m.tasks[i], pictures[i].Pix
		if t.from >= 0 {
			resample.Luma(dst, pictures[t.from].Pix)
			continue
		}
		if t.area != nil && m.correct == nil && src.BGR && t.plan.Want.Format == frame.Luma && !t.plan.Padded() {
			t.area.ResizeBGRToLuma(dst, src.Pix, src.Stride)
			continue
		}
		rgb := t.crop
		if rgb == nil {
			rgb = dst
		}
		if err := t.scale(rgb, src); err != nil {
			return fmt.Errorf("resize picture to %dx%d: %w", t.plan.Scaled.X, t.plan.Scaled.Y, err)
		}
		m.correct.Apply(rgb)
		t.plan.place(dst, rgb)
	}
	return nil
}

func (t *task) scale(rgb []byte, src Pixels) error {
	switch {
	case t.area == nil:
		return t.scaler.Scale(rgb, src)
	case src.BGR:
		t.area.ResizeBGRToRGB(rgb, src.Pix, src.Stride)
	default:
		t.area.Resize(rgb, src.Pix, src.Stride)
	}
	return nil
}

// Close frees what the scalers hold.
func (m *Maker) Close() error {
	var errs []error
	for _, t := range m.tasks {
		if t.scaler != nil {
			errs = append(errs, t.scaler.Close())
		}
	}
	m.tasks = nil
	return errors.Join(errs...)
}
