//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"fmt"
	"image"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// viewer is what is seen of a decoded picture: masks, region, pictures.
type viewer struct {
	wants       []frame.Want
	region      ingest.Region
	mask        *ingest.Mask // nil: none
	correct     *derive.Correction
	deinterlace bool

	// For pictures of the size at hand:
	size    image.Point
	rect    image.Rectangle // of the region
	spans   *ingest.Spans   // nil: no mask
	deriver *deriver
}

// look treats a decoded picture in place: what is masked is gone
// afterwards. It says whether the picture's size is another than before.
func (v *viewer) look(m *cv.Mat) (changed bool, err error) {
	if size := image.Pt(m.Cols(), m.Rows()); size != v.size {
		if err := v.resize(size); err != nil {
			return false, err
		}
		changed = true
	}
	if v.spans == nil && !v.deinterlace {
		return changed, nil
	}
	pix, err := m.DataPtrUint8()
	if err != nil {
		return false, fmt.Errorf("mask picture: %w", err)
	}
	if v.spans != nil {
		v.spans.Black(pix, 3*v.size.X, 3)
	}
	if v.deinterlace {
		keepTopField(pix, 3*v.size.X)
	}
	return changed, nil
}

func (v *viewer) resize(size image.Point) (err error) {
	if v.rect, err = v.region.In(size.X, size.Y); err != nil {
		return err
	}
	if v.mask != nil {
		if v.spans, err = v.mask.For(size.X, size.Y); err != nil {
			return err
		}
	}
	if err := v.close(); err != nil {
		return err
	}
	if v.deriver, err = newDeriver(v.wants, v.correct, v.rect.Dx(), v.rect.Dy()); err != nil {
		return err
	}
	v.size = size
	return nil
}

// same says that two pictures of the same size look the same.
func (v *viewer) same(a, b *cv.Mat) bool {
	x, err := a.DataPtrUint8()
	if err != nil {
		return false
	}
	y, err := b.DataPtrUint8()
	if err != nil || len(x) != len(y) {
		return false
	}
	stride, n := 3*v.size.X, 3*v.rect.Dx()
	for row := v.rect.Min.Y; row < v.rect.Max.Y; row++ {
		i := row*stride + 3*v.rect.Min.X
		if !bytes.Equal(x[i:i+n], y[i:i+n]) {
			return false
		}
	}
	return true
}

func (v *viewer) derive(pictures []frame.Picture, m *cv.Mat) error {
	pix, err := m.DataPtrUint8()
	if err != nil {
		return err
	}
	return v.deriver.derive(pictures, m, pix, 3*v.size.X, v.rect)
}

func (v *viewer) close() error {
	if v.deriver == nil {
		return nil
	}
	d := v.deriver
	v.deriver = nil
	return d.close()
}
