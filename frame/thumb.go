package frame

import (
	"bytes"
	"image"
	"image/jpeg"
	"sync"
	"sync/atomic"
	"time"
)

// thumbQuality is the JPEG quality of thumbnails: above 80 the file grows
// without a visible gain at this size.
const thumbQuality = 80

// Thumb is a small RGB picture of a frame that several consumers may hold at
// once. Each holder calls Release when done with it; the last gives the
// buffer back to the pool. Nobody writes to its pixels.
type Thumb struct {
	Picture
	Seq uint64
	PTS time.Duration

	refs atomic.Int32
	pool *Pool

	encode sync.Once
	jpeg   []byte
}

// Retain adds a reference and returns the thumb.
func (t *Thumb) Retain() *Thumb {
	if t != nil {
		t.refs.Add(1)
	}
	return t
}

// Release drops a reference. A nil thumb may be released.
func (t *Thumb) Release() {
	if t == nil {
		return
	}
	switch n := t.refs.Add(-1); {
	case n == 0:
		if t.pool != nil {
			t.pool.put(t.Pix)
		}
		t.Pix = nil
	case n < 0:
		panic("BUG: frame.Thumb released more often than retained")
	}
}

// JPEG is the picture as a JPEG file. It is encoded at the first call and
// kept, so that a thumbnail nobody shows costs nothing. The slice is shared
// and outlives Release.
func (t *Thumb) JPEG() []byte {
	t.encode.Do(func() {
		img := image.NewRGBA(image.Rect(0, 0, t.Width, t.Height))
		for i, j := 0, 0; i+2 < len(t.Pix); i, j = i+3, j+4 {
			img.Pix[j], img.Pix[j+1], img.Pix[j+2], img.Pix[j+3] = t.Pix[i], t.Pix[i+1], t.Pix[i+2], 255
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: thumbQuality}); err != nil {
			panic("BUG: encoding a thumbnail into memory: " + err.Error())
		}
		t.jpeg = b.Bytes()
	})
	return t.jpeg
}
