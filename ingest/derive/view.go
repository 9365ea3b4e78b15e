package derive

import (
	"bytes"
	"image"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// ViewConfig says what is seen of decoded pictures. The zero value sees
// everything.
type ViewConfig struct {
	Wants       []frame.Want
	Region      ingest.Region
	Mask        *ingest.Mask // nil: none
	Deinterlace bool         // keep the top field only
	Correct     *Correction  // nil: colours are right
	BGR         bool         // the order of the decoded pictures' channels
	Other       NewScaler    // for what is no reduction with the area filter
}

// View is what is seen of decoded pictures: it masks and deinterlaces them,
// cuts out the region of interest, and makes the wanted pictures of that.
// Pictures are three interleaved bytes a pixel, rows without padding. One
// goroutine uses it; it must be closed.
type View struct {
	cfg ViewConfig

	// For pictures of the size at hand:
	size  image.Point
	rect  image.Rectangle // of the region
	spans *ingest.Spans   // nil: no mask
	maker *Maker
}

// NewView makes a view; the first picture decides on its size.
func NewView(cfg ViewConfig) *View { return &View{cfg: cfg} }

// Rect is the region within the pictures at hand.
func (v *View) Rect() image.Rectangle { return v.rect }

// Treat masks and deinterlaces a picture in place; twice does no harm. It
// says whether the picture has another size than the one before, and fails
// where the region, the mask or a want does not fit it.
func (v *View) Treat(pix []byte, width, height int) (changed bool, err error) {
	if size := image.Pt(width, height); size != v.size {
		if err := v.resize(size); err != nil {
			return false, err
		}
		changed = true
	}
	if v.spans != nil {
		v.spans.Black(pix, 3*width, 3)
	}
	if v.cfg.Deinterlace {
		keepTopField(pix, 3*width)
	}
	return changed, nil
}

func (v *View) resize(size image.Point) error {
	if err := v.Close(); err != nil {
		return err
	}
	rect, err := v.cfg.Region.In(size.X, size.Y)
	if err != nil {
		return err
	}
	if v.cfg.Mask != nil {
		if v.spans, err = v.cfg.Mask.For(size.X, size.Y); err != nil {
			return err
		}
	}
	v.maker, err = NewMaker(v.cfg.Wants, rect.Dx(), rect.Dy(), v.cfg.Correct, v.cfg.Other)
	if err != nil {
		return err
	}
	v.size, v.rect = size, rect
	return nil
}

// Same says that two treated pictures of the size at hand look the same
// within the region, bit by bit.
func (v *View) Same(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	stride, n := 3*v.size.X, 3*v.rect.Dx()
	for y := v.rect.Min.Y; y < v.rect.Max.Y; y++ {
		i := y*stride + 3*v.rect.Min.X
		if !bytes.Equal(a[i:i+n], b[i:i+n]) {
			return false
		}
	}
	return true
}

// Fill gives the frame its size and the wanted pictures of a treated
// picture, with buffers of the pool. After an error the frame is empty.
func (v *View) Fill(into *frame.Frame, pool *frame.Pool, pix []byte) error {
	into.Prepare(pool, v.cfg.Wants, v.rect.Dx(), v.rect.Dy())
	into.Width, into.Height = v.size.X, v.size.Y
	stride := 3 * v.size.X
	err := v.maker.Make(into.Pictures, Pixels{
		Pix: pix[v.rect.Min.Y*stride+3*v.rect.Min.X:], Stride: stride, BGR: v.cfg.BGR,
	})
	if err != nil {
		into.Release()
	}
	return err
}

// Close frees what the scalers hold.
func (v *View) Close() error {
	m := v.maker
	v.maker, v.size = nil, image.Point{}
	if m == nil {
		return nil
	}
	return m.Close()
}

// keepTopField makes one progressive picture of two woven fields: it keeps
// the even rows, the top field, and replaces each odd row by the mean of its
// neighbours. Half of the vertical detail is lost, all of the combing is.
func keepTopField(pix []byte, stride int) {
	rows := len(pix) / stride
	for y := 1; y < rows; y += 2 {
		up, row := pix[(y-1)*stride:y*stride], pix[y*stride:(y+1)*stride]
		if y+1 == rows {
			copy(row, up)
			break
		}
		down := pix[(y+1)*stride : (y+2)*stride]
		for i := range row {
			row[i] = byte((uint(up[i]) + uint(down[i]) + 1) >> 1)
		}
	}
}
