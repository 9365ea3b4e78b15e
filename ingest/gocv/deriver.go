//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"fmt"
	"image"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest/derive"
	"github.com/flipmeter/flipmeter/resample"
)

// interpolation are OpenCV's own filters.
var interpolation = map[frame.Filter]cv.InterpolationFlags{
	frame.FilterNearest: cv.InterpolationNearestNeighbor,
	frame.FilterLinear:  cv.InterpolationLinear,
	frame.FilterArea:    cv.InterpolationArea,
	frame.FilterCubic:   cv.InterpolationCubic,
	frame.FilterLanczos: cv.InterpolationLanczos4,
}

// deriver makes the wanted pictures of decoded pictures of one size. One
// goroutine uses it; it must be closed.
type deriver struct {
	wants   []frame.Want
	correct *derive.Correction
	tasks   []task
}

// task makes one picture.
type task struct {
	plan derive.Plan
	// from is the index of an RGB picture that this luma picture is made
	// of, -1 where it is made of the decoded picture.
	from    int
	area    *resample.Area // nil: OpenCV resizes into scaled
	interp  cv.InterpolationFlags
	scaled  *cv.Mat
	content []byte // RGB of the crop, where it can't be written in place
}

// newDeriver plans the wants for pictures of width×height pixels (the
// region's size).
func newDeriver(wants []frame.Want, correct *derive.Correction, width, height int) (*deriver, error) {
	d := &deriver{wants: wants, correct: correct}
	for i, w := range wants {
		plan, err := derive.NewPlan(w, width, height)
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		t, err := newTask(plan, width, height)
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		if w.Format == frame.Luma {
			for j, other := range d.tasks[:i] {
				if other.plan.Want.Format == frame.RGB && other.plan.SameGeometry(plan) {
					t.from = j
				}
			}
		}
		if t.from < 0 && t.area == nil {
			m := cv.NewMat()
			t.scaled = &m
		}
		d.tasks = append(d.tasks, t)
	}
	return d, nil
}

func newTask(plan derive.Plan, width, height int) (task, error) {
	t := task{plan: plan, from: -1}
	interp, ok := interpolation[plan.Want.Filter]
	if !ok {
		return task{}, fmt.Errorf("unknown resize filter %q: this source knows nearest, linear, area, cubic and lanczos", plan.Want.Filter)
	}
	t.interp = interp
	// Enlarging, INTER_AREA is another function: OpenCV's own does it.
	if plan.Want.Filter == frame.FilterArea && plan.Scaled.X <= width && plan.Scaled.Y <= height {
		a, err := resample.NewArea(width, height, plan.Scaled.X, plan.Scaled.Y, plan.Crop, 3)
		if err != nil {
			return task{}, err
		}
		t.area = a
	}
	t.content = make([]byte, 3*plan.Crop.Dx()*plan.Crop.Dy())
	return t, nil
}

// derive fills pictures from the region rect of the decoded picture m, whose
// bytes are bgr, stride bytes a row.
func (d *deriver) derive(pictures []frame.Picture, m *cv.Mat, bgr []byte, stride int, rect image.Rectangle) error {
	view := m
	if rect.Dx() != m.Cols() || rect.Dy() != m.Rows() {
		r := m.Region(rect)
		defer r.Close()
		view = &r
	}
	pix := bgr[rect.Min.Y*stride+3*rect.Min.X:]
	for i := range d.tasks {
		if err := d.run(&d.tasks[i], pictures, i, view, pix, stride); err != nil {
			return fmt.Errorf("resize picture to %dx%d: %w", d.tasks[i].plan.Scaled.X, d.tasks[i].plan.Scaled.Y, err)
		}
	}
	return nil
}

func (d *deriver) run(t *task, pictures []frame.Picture, i int, view *cv.Mat, pix []byte, stride int) error {
	dst := pictures[i].Pix
	if t.from >= 0 {
		resample.Luma(dst, pictures[t.from].Pix)
		return nil
	}
	padded, luma := t.plan.Padded(), t.plan.Want.Format == frame.Luma
	if luma && !padded && t.area != nil && d.correct == nil {
		t.area.ResizeBGRToLuma(dst, pix, stride)
		return nil
	}
	rgb := t.content
	if !padded && !luma {
		rgb = dst
	}
	if t.area != nil {
		t.area.ResizeBGRToRGB(rgb, pix, stride)
	} else if err := t.resize(rgb, view); err != nil {
		return err
	}
	d.correct.Apply(rgb)
	t.plan.Place(dst, rgb)
	return nil
}

// resize makes the crop with OpenCV: the whole picture is resized, so that
// the pixels are those of cv::resize.
func (t *task) resize(rgb []byte, view *cv.Mat) error {
	if err := cv.Resize(*view, t.scaled, t.plan.Scaled, 0, 0, t.interp); err != nil {
		return err
	}
	bgr, err := t.scaled.DataPtrUint8()
	if err != nil {
		return err
	}
	derive.CropBGRToRGB(rgb, bgr, 3*t.plan.Scaled.X, t.plan.Crop)
	return nil
}

func (d *deriver) close() error {
	var errs []error
	for _, t := range d.tasks {
		if t.scaled != nil {
			errs = append(errs, t.scaled.Close())
		}
	}
	d.tasks = nil
	return errors.Join(errs...)
}
