package boxes

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"math"
	"path"
	"strings"

	"github.com/flipmeter/flipmeter/perturb"
)

// Set is the boxes of many pictures, in the order in which they were read.
type Set struct {
	Boxes   []perturb.Box
	LeftOut []perturb.LeftOut
	index   map[string][]int
}

// Of is the boxes of a picture. A name with folders is looked for as it is,
// then without them, then without its extension.
func (s *Set) Of(picture string) []perturb.Box {
	if s.index == nil {
		s.index = make(map[string][]int)
		for i, b := range s.Boxes {
			for _, key := range keys(b.Picture) {
				s.index[key] = append(s.index[key], i)
			}
		}
	}
	for _, key := range keys(picture) {
		if at := s.index[key]; at != nil {
			out := make([]perturb.Box, len(at))
			for i, k := range at {
				out[i] = s.Boxes[k]
			}
			return out
		}
	}
	return nil
}

// keys are the names that a picture goes by, the most exact first.
func keys(name string) []string {
	name = strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "./")
	base := path.Base(name)
	out := []string{name}
	for _, other := range []string{base, strings.TrimSuffix(base, path.Ext(base))} {
		if other != "" && other != out[len(out)-1] {
			out = append(out, other)
		}
	}
	return out
}

// Read adds a file's boxes. What it is decides its content: XML, JSON or CSV.
func (s *Set) Read(name string, data []byte) error {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var err error
	switch trimmed := bytes.TrimSpace(data); {
	case len(trimmed) == 0:
		err = errors.New("it is empty")
	case trimmed[0] == '<':
		err = s.voc(name, trimmed)
	case trimmed[0] == '{':
		err = s.coco(name, trimmed)
	default:
		err = s.csv(name, data)
	}
	s.index = nil
	if err != nil {
		return fmt.Errorf("read boxes %s: %w", name, err)
	}
	return nil
}

// add takes a box, or says why not. The corners may be fractions; a box keeps
// every pixel that it touches.
func (s *Set) add(b perturb.Box, left, top, right, bottom float64, where string) {
	drop := func(format string, args ...any) {
		s.LeftOut = append(s.LeftOut, perturb.LeftOut{Name: where, Why: fmt.Sprintf(format, args...)})
	}
	const far = 1 << 24
	for _, v := range []float64{left, top, right, bottom} {
		if !(math.Abs(v) <= far) {
			drop("its corners are no numbers of pixels")
			return
		}
	}
	if b.Class == "" {
		drop("it has no class")
		return
	}
	r := image.Rect(int(math.Floor(left)), int(math.Floor(top)), int(math.Ceil(right)), int(math.Ceil(bottom)))
	if !(right > left && bottom > top) {
		drop("it has no area: %g,%g to %g,%g", left, top, right, bottom)
		return
	}
	if b.Width > 0 && b.Height > 0 {
		inside := r.Intersect(image.Rect(0, 0, b.Width, b.Height))
		if inside.Empty() {
			drop("it lies outside of its picture of %d×%d pixels", b.Width, b.Height)
			return
		}
		r = inside
	}
	b.Rect = r
	s.Boxes = append(s.Boxes, b)
}
