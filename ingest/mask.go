package ingest

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"  // masks may be GIF,
	_ "image/jpeg" // JPEG
	_ "image/png"  // or PNG files
	"io"
	"io/fs"
	"os"
)

// maxMaskPixels bounds the memory that a mask file can ask for.
const maxMaskPixels = 1 << 26

// Mask blacks out parts of every picture before anything else sees them. It
// is drawn as a picture: what is black there (darker than half, or
// transparent) is blacked out, what is white is kept.
type Mask struct {
	width, height int
	keep          []bool // row by row
}

// LoadMask reads a mask from a PNG, JPEG or GIF file.
func LoadMask(path string) (*Mask, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("mask %s: no such file", path)
		}
		return nil, fmt.Errorf("open mask: %w", err)
	}
	defer f.Close()
	m, err := DecodeMask(f)
	if err != nil {
		return nil, fmt.Errorf("mask %s: %w", path, err)
	}
	return m, nil
}

// DecodeMask reads a mask from the content of a PNG, JPEG or GIF file.
func DecodeMask(r io.ReadSeeker) (*Mask, error) {
	cfg, _, err := image.DecodeConfig(r)
	if err != nil {
		return nil, fmt.Errorf("not a picture that can be read, want PNG, JPEG or GIF: %w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxMaskPixels/cfg.Height {
		return nil, fmt.Errorf("%dx%d pixels is not a size for a mask", cfg.Width, cfg.Height)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read mask again: %w", err)
	}
	img, _, err := image.Decode(r)
	if err != nil {
		return nil, fmt.Errorf("not a picture that can be read: %w", err)
	}
	return NewMask(img), nil
}

// NewMask makes a mask of a picture.
func NewMask(img image.Image) *Mask {
	b := img.Bounds()
	m := &Mask{width: b.Dx(), height: b.Dy(), keep: make([]bool, b.Dx()*b.Dy())}
	for y := range m.height {
		for x := range m.width {
			// Gray of a premultiplied colour: transparent pixels are black.
			g := color.GrayModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.Gray)
			m.keep[y*m.width+x] = g.Y >= 128
		}
	}
	return m
}

// Spans are the parts of a picture of one size that a mask blacks out.
type Spans struct {
	spans []span
}

type span struct{ y, x0, x1 int } // pixels x0 ≤ x < x1 of row y

// For fits the mask to pictures of the given size. A mask of another size is
// scaled (nearest pixel) where its aspect ratio is the same; where it is
// not, the mask was made for other pictures, and blacking out the wrong
// part would show what must not be seen.
func (m *Mask) For(width, height int) (*Spans, error) {
	if width < 1 || height < 1 {
		return nil, fmt.Errorf("fit mask: picture of %dx%d pixels", width, height)
	}
	// Same aspect ratio within a pixel of rounding on either side.
	if d := width*m.height - height*m.width; max(d, -d) > max(m.width, m.height, width, height) {
		return nil, fmt.Errorf("the mask of %dx%d pixels does not fit the picture of %dx%d: draw it at the picture's size",
			m.width, m.height, width, height)
	}
	s := &Spans{}
	for y := range height {
		row := m.keep[y*m.height/height*m.width:][:m.width]
		open := -1
		for x := range width {
			switch keep := row[x*m.width/width]; {
			case !keep && open < 0:
				open = x
			case keep && open >= 0:
				s.spans = append(s.spans, span{y, open, x})
				open = -1
			}
		}
		if open >= 0 {
			s.spans = append(s.spans, span{y, open, width})
		}
	}
	return s, nil
}

// Black blacks out the masked parts of pix: rows stride bytes apart,
// channels bytes a pixel.
func (s *Spans) Black(pix []byte, stride, channels int) {
	for _, sp := range s.spans {
		clear(pix[sp.y*stride+sp.x0*channels : sp.y*stride+sp.x1*channels])
	}
}
