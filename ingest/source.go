package ingest

import (
	"context"
	"errors"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// Sentinels that a Reader branches on.
var (
	// ErrEndOfStream ends a stream: no frame will follow.
	ErrEndOfStream = errors.New("end of stream")
	// ErrNotConnected asks for a new opening of the source.
	ErrNotConnected = errors.New("not connected")
	// ErrTruncated is wrapped together with ErrEndOfStream where a file
	// ended before what its header promised; the frames read are good.
	ErrTruncated = errors.New("file is cut off")
)

// Source is one opened source of frames. One goroutine uses it.
type Source interface {
	Info() Info
	// Read fills into with the next frame: Epoch and Stream are left to the
	// caller, everything else is set. It returns ErrEndOfStream,
	// ErrNotConnected or another error; into is then empty.
	Read(ctx context.Context, into *frame.Frame) error
	// Close frees what the source holds. It is called after Read has
	// returned, and may be called again.
	Close() error
}

// Info is what is known of a source once it is open.
type Info struct {
	Name          string  // what reports call it; credentials removed
	Kind          string  // "file", "folder", "synth", "stream", "camera"
	Width, Height int     // of the first frame, pixels
	FPS           float64 // nominal, 0 where unknown
	Frames        int64   // expected number, 0 where unknown
	Live          bool
	SHA256        string // of the file or of the folder's files; "" where not known
	Codec         string // fourcc or name, "" where unknown
	// Decoder names the decoding libraries with their versions; part of a
	// result's identity.
	Decoder string
	// ColorMatrix is the matrix that colours were decoded with: "bt601" or
	// "bt709"; ColorMatrixWhy says how it was chosen ("tag", "height",
	// "given").
	ColorMatrix, ColorMatrixWhy string
	// Interlaced is "yes", "no" or "" (unknown); Deinterlaced says that it
	// was treated.
	Interlaced   string
	Deinterlaced bool
	// Region names the region of interest, "" for the whole picture, and
	// Masked says that parts are blacked out.
	Region string
	Masked bool
	// Notes are sentences for the report about how the source was read.
	Notes []string
}

// Timing says what a source spent its time on.
type Timing struct {
	Frames         int64
	Decode, Derive time.Duration
}

// Timed is a Source that measures itself. Timing may be called after Close.
type Timed interface {
	Timing() Timing
}
