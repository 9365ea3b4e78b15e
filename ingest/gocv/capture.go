//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"strings"

	cv "gocv.io/x/gocv"
)

// fileOptions is what FFmpeg may do with a file: read it, and nothing else,
// as one of the containers that hold their own frames. Playlists, image
// sequences, device inputs and filter graphs are left out on purpose.
const fileOptions = "protocol_whitelist;file" +
	"|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,av1,obu,ivf," +
	"vc1,mjpeg,flv,asf,ogg,nut,mxf,gif,apng,rm,dv,wtv,swf,yuv4mpegpipe,dirac,roq,bink,smk,flic"

// Properties of VideoCapture that gocv does not name.
const (
	propOrientationMeta = cv.VideoCaptureProperties(48) // degrees
)

// capture is an opened cv::VideoCapture. One goroutine uses it.
type capture struct {
	vc *cv.VideoCapture
	// ahead is set where a frame was grabbed before its turn.
	ahead      bool
	aheadFound bool
}

var errNotOpened = errors.New("OpenCV could not open it")

// openCapture opens a file by its absolute path.
func openCapture(absPath string) (*capture, error) {
	opening.Lock()
	defer opening.Unlock()
	prepareLocked()
	setCaptureOptionsLocked(fileOptions)
	vc, err := cv.VideoCaptureFileWithAPI(absPath, cv.VideoCaptureFFmpeg)
	if err != nil {
		vc.Close() // it exists even so
		return nil, errNotOpened
	}
	return &capture{vc: vc}, nil
}

func (c *capture) close() {
	if c.vc != nil {
		c.vc.Close()
		c.vc = nil
	}
}

// grab decodes the next frame, false at the end. gocv hides what cv's grab
// returns; its frame counter tells.
func (c *capture) grab() bool {
	if c.ahead {
		c.ahead = false
		return c.aheadFound
	}
	before := c.vc.Get(cv.VideoCapturePosFrames)
	if err := c.vc.Grab(1); err != nil {
		return false
	}
	return c.vc.Get(cv.VideoCapturePosFrames) > before
}

// peek grabs the next frame before its turn and returns its time in ms. The
// frame that was grabbed before can't be retrieved any more.
func (c *capture) peek() (ms float64, ok bool) {
	if !c.ahead {
		c.aheadFound = c.grab()
		c.ahead = true
	}
	return c.milliseconds(), c.aheadFound
}

// retrieve converts the grabbed frame to BGR in m.
func (c *capture) retrieve(m *cv.Mat) bool { return c.vc.Retrieve(m) && !m.Empty() }

func (c *capture) milliseconds() float64 { return c.vc.Get(cv.VideoCapturePosMsec) }

func (c *capture) fps() float64 {
	if f := c.vc.Get(cv.VideoCaptureFPS); f > 0 && f < 1e5 {
		return f
	}
	return 0
}

// frameCount is what the container promises, or estimates; 0 where unknown.
func (c *capture) frameCount() int64 {
	if n := c.vc.Get(cv.VideoCaptureFrameCount); n > 0 && n < 1e12 {
		return int64(n)
	}
	return 0
}

// sideways says that the container's rotation exchanges width and height.
func (c *capture) sideways() bool {
	deg := int(c.vc.Get(propOrientationMeta))
	return deg%180 != 0
}

// fourcc is the container's name for the codec, "" where it has none.
func (c *capture) fourcc() string {
	return printable(uint32(c.vc.Get(cv.VideoCaptureFOURCC)))
}

// rgb says that the decoder delivers RGB: no matrix was used.
func (c *capture) rgb() bool {
	f := c.vc.Get(cv.VideoCaptureCodecPixelFormat)
	if f <= 0 {
		return false
	}
	// FFmpeg's tags of raw pixel formats (libavcodec/raw.c).
	code := uint32(f)
	tag := string([]byte{byte(code), byte(code >> 8), byte(code >> 16)})
	switch {
	case strings.HasPrefix(tag, "RGB"), strings.HasPrefix(tag, "BGR"), strings.HasPrefix(tag, "ARG"),
		strings.HasPrefix(tag, "ABG"), strings.HasPrefix(tag, "PAL"), strings.HasPrefix(tag, "G3"), strings.HasPrefix(tag, "G4"):
		return true
	}
	return false
}

// eightBitYUV says that the decoder delivers planes of 8 bits.
func (c *capture) eightBitYUV() bool {
	switch printable(uint32(c.vc.Get(cv.VideoCaptureCodecPixelFormat))) {
	case "I420", "Y42B", "444P":
		return true
	}
	return false
}

// printable is a four-character code as text, without padding; "" where it
// is not text.
func printable(code uint32) string {
	b := []byte{byte(code), byte(code >> 8), byte(code >> 16), byte(code >> 24)}
	s := strings.TrimRight(string(b), "\x00 ")
	for _, r := range s {
		if r < 0x21 || r > 0x7e {
			return ""
		}
	}
	return s
}
