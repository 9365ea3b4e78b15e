package child

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// version of the protocol. Parent and child are the same program, unless it
// was replaced while it ran.
const version = 2

type kind byte

const (
	kindOpen  kind = 'O'
	kindHello kind = 'H'
	kindInfo  kind = 'I'
	kindFrame kind = 'F'
	kindAlive kind = 'A'
	kindEnd   kind = 'E'
)

const (
	headSize = 5
	// maxText bounds JSON, maxPixels what the pictures of a frame take.
	maxText   = 1 << 20
	maxPixels = 64 << 20
	maxSide   = 1 << 14
	// frameHead is the size of what comes before the pixels.
	frameHead = 8 + 8 + 8 + 1 + 1 + 4*4
)

// Request says what to open. It is what package ingest/gocv needs, in a form
// that can be sent.
type Request struct {
	Address     string        `json:"address"` // credentials included
	Stream      string        `json:"stream"`
	Wants       []frame.Want  `json:"wants"`
	ColorMatrix string        `json:"color_matrix"`
	Deinterlace string        `json:"deinterlace"`
	Region      ingest.Region `json:"region"`
	Mask        string        `json:"mask"`
	Stride      int           `json:"stride"`
	FPS         float64       `json:"fps"`
	Transport   string        `json:"transport"`
	Hardware    bool          `json:"hardware"`
	Keyframes   bool          `json:"keyframes"`
	// Capture is for cameras of this machine only.
	Capture     ingest.Capture `json:"capture"`
	OpenTimeout time.Duration  `json:"open_timeout"`
	ReadTimeout time.Duration  `json:"read_timeout"`
}

// ending is why a child ends.
type ending struct {
	End       bool         `json:"end"`       // the source came to its end
	Truncated bool         `json:"truncated"` // before what it promised
	Permanent bool         `json:"permanent"`
	Cause     ingest.Cause `json:"cause"`
	Error     string       `json:"error"`
}

func endingOf(err error) ending {
	return ending{
		End: errors.Is(err, ingest.ErrEndOfStream), Truncated: errors.Is(err, ingest.ErrTruncated),
		Permanent: errors.Is(err, ingest.ErrPermanent), Cause: ingest.CauseOf(err, ingest.CauseLost), Error: err.Error(),
	}
}

// err is what endingOf was made of, as far as it matters.
func (e ending) err() error {
	kinds := []error{}
	if e.End {
		kinds = append(kinds, ingest.ErrEndOfStream)
	}
	if e.Truncated {
		kinds = append(kinds, ingest.ErrTruncated)
	}
	if e.Permanent {
		kinds = append(kinds, ingest.ErrPermanent)
	}
	cause := e.Cause
	if cause == ingest.CauseNone {
		cause = ingest.CauseLost
	}
	return ingest.WithCause(cause, &told{text: e.Error, kinds: kinds})
}

// told is an error that another process told of.
type told struct {
	text  string
	kinds []error
}

func (t *told) Error() string   { return t.text }
func (t *told) Unwrap() []error { return t.kinds }

// breaks are the words of frame.Break by their number in a message.
var breaks = [...]frame.Break{frame.BreakNone, frame.BreakGap, frame.BreakReconnect, frame.BreakSize, frame.BreakTime}

const (
	flagEstimated = 1 << iota
	flagRepeat
	flagBehind
	flagsAll = flagEstimated | flagRepeat | flagBehind
)

// putHead writes the head of a message.
func putHead(b []byte, k kind, length int) {
	b[0] = byte(k)
	binary.LittleEndian.PutUint32(b[1:], uint32(length))
}

func writeJSON(w io.Writer, k kind, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	b := make([]byte, headSize, headSize+len(text))
	putHead(b, k, len(text))
	_, err = w.Write(append(b, text...))
	return err
}

// appendFrame appends the message of a frame up to its pixels. Width and
// height are of what is seen of the picture; age is how long ago it was
// captured.
func appendFrame(b []byte, f *frame.Frame, width, height int, age time.Duration) []byte {
	pixels := 0
	for _, p := range f.Pictures {
		pixels += len(p.Pix)
	}
	at := len(b)
	b = append(b, make([]byte, headSize)...)
	putHead(b[at:], kindFrame, frameHead+pixels)
	le := binary.LittleEndian
	b = le.AppendUint64(b, f.Seq)
	b = le.AppendUint64(b, uint64(f.PTS))
	b = le.AppendUint64(b, uint64(age))
	var flags, brk byte
	if f.PTSEstimated {
		flags |= flagEstimated
	}
	if f.Repeat {
		flags |= flagRepeat
	}
	if f.Behind {
		flags |= flagBehind
	}
	for i, name := range breaks {
		if f.Break == name {
			brk = byte(i)
		}
	}
	b = append(b, flags, brk)
	for _, n := range [...]int{f.Width, f.Height, width, height} {
		b = le.AppendUint32(b, uint32(n))
	}
	return b
}

// readHead reads the head of a message.
func readHead(r io.Reader) (kind, int, error) {
	var b [headSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, 0, err
	}
	k, n := kind(b[0]), binary.LittleEndian.Uint32(b[1:])
	limit := uint32(maxText)
	if k == kindFrame {
		limit = maxPixels + frameHead
	}
	if n > limit {
		return 0, 0, fmt.Errorf("a message %q of %d bytes: %w", b[0], n, errProtocol)
	}
	return k, int(n), nil
}

var errProtocol = errors.New("the decoding process does not keep to the protocol")

func readJSON(r io.Reader, n int, v any) error {
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%w: %w", errProtocol, err)
	}
	return nil
}

// readFrame reads a frame of n bytes into f, whose pictures are those that
// were asked for or it is refused. Age is how long ago it was captured.
func readFrame(r io.Reader, n int, f *frame.Frame, pool *frame.Pool, wants []frame.Want) (age time.Duration, err error) {
	var b [frameHead]byte
	if n < frameHead {
		return 0, fmt.Errorf("a frame of %d bytes: %w", n, errProtocol)
	}
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	seq, pts, ageNS := le.Uint64(b[0:]), int64(le.Uint64(b[8:])), le.Uint64(b[16:])
	flags, brk := b[24], b[25]
	var size [4]int
	for i := range size {
		size[i] = int(le.Uint32(b[26+4*i:]))
		if size[i] < 1 || size[i] > maxSide {
			return 0, fmt.Errorf("a picture of %d pixels: %w", size[i], errProtocol)
		}
	}
	pixels := 0
	for _, w := range wants {
		width, height, channels := w.Dims(size[2], size[3])
		if height > maxPixels/width/channels {
			return 0, fmt.Errorf("a picture of %dx%d pixels: %w", width, height, errProtocol)
		}
		pixels += width * height * channels
	}
	if pixels > maxPixels || n != frameHead+pixels || flags&^flagsAll != 0 || int(brk) >= len(breaks) ||
		seq > math.MaxInt64 || ageNS > uint64(time.Hour) {
		return 0, fmt.Errorf("a frame that was not asked for: %w", errProtocol)
	}
	f.Prepare(pool, wants, size[2], size[3])
	f.Seq, f.PTS = seq, time.Duration(pts)
	f.PTSEstimated, f.Repeat = flags&flagEstimated != 0, flags&flagRepeat != 0
	f.Behind = flags&flagBehind != 0
	f.Break = breaks[brk]
	f.Width, f.Height = size[0], size[1]
	for _, p := range f.Pictures {
		if _, err := io.ReadFull(r, p.Pix); err != nil {
			f.Release()
			return 0, err
		}
	}
	return time.Duration(ageNS), nil
}
