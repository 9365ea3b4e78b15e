package frame

import "time"

// Break says why a frame can't form a pair with the frame before it. The
// words are those of stability.Reason.
type Break string

// The reasons that a source can know. Model changes and cuts are found later.
const (
	BreakNone      Break = ""
	BreakGap       Break = "gap"       // a frame was dropped or could not be decoded
	BreakReconnect Break = "reconnect" // the source was opened anew
	BreakSize      Break = "size"      // the frame size changed
	BreakTime      Break = "time"      // PTS did not increase
)

// Frame is one decoded frame: where it stands in its stream, and the small
// pictures that downstream asked for. A Frame is used again for the next
// frame after Release; nothing in it outlives that.
type Frame struct {
	Stream string // the stream's name, chosen by the user
	Epoch  uint64 // one uninterrupted opening of the source
	Seq    uint64 // counts the frames of an epoch from 0, dropped ones included

	// PTS is the presentation time relative to the stream's first frame.
	PTS time.Duration
	// PTSEstimated is set where the container gave no usable time and the
	// last interval was added instead.
	PTSEstimated bool
	// CapturedAt is the wall clock when the frame was read; zero for files.
	CapturedAt time.Time

	// Break is set where the frame before this one in the stream is missing
	// or not comparable.
	Break Break
	// Behind is set where frames before this one are missing because there was
	// no time for them: they were not decoded, or not taken from a driver.
	Behind bool
	// Repeat is set where the picture is bit-identical to the one before.
	Repeat bool

	// Width and Height are of the decoded picture (after rotation, before
	// any region of interest), in pixels.
	Width, Height int

	// Pictures are the derived pictures, in the order of the Wants that the
	// source was opened with. Their pixels belong to the frame.
	Pictures []Picture

	pool *Pool
}

// Prepare empties the frame and gives it one picture for each want, with a
// buffer from the pool, contents undefined. The caller fills them.
func (f *Frame) Prepare(pool *Pool, wants []Want, frameWidth, frameHeight int) {
	f.Release()
	f.pool = pool
	f.Width, f.Height = frameWidth, frameHeight
	for _, w := range wants {
		width, height, ch := w.Dims(frameWidth, frameHeight)
		f.Pictures = append(f.Pictures, Picture{
			Width: width, Height: height, Channels: ch,
			Pix: pool.get(width * height * ch),
		})
	}
}

// Release gives the pixel buffers back to their pool and empties the frame.
// It may be called more than once.
func (f *Frame) Release() {
	for i := range f.Pictures {
		if f.pool != nil {
			f.pool.put(f.Pictures[i].Pix)
		}
		f.Pictures[i] = Picture{}
	}
	*f = Frame{Pictures: f.Pictures[:0]}
}

// TakeThumb moves picture i out of the frame into a Thumb with one
// reference, so that it outlives Release. The frame's picture i is empty
// afterwards.
func (f *Frame) TakeThumb(i int) *Thumb {
	t := &Thumb{Picture: f.Pictures[i], Seq: f.Seq, PTS: f.PTS, pool: f.pool}
	f.Pictures[i] = Picture{}
	t.refs.Store(1)
	return t
}

// Picture is a small picture, rows without padding, channels interleaved:
// len(Pix) = Width*Height*Channels. Three channels are RGB.
type Picture struct {
	Width, Height, Channels int
	Pix                     []byte
}
