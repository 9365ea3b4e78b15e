package gocv

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// LiveConfig says which stream or camera to open, and what to make of its
// frames. Address, Wants and Pool are required.
type LiveConfig struct {
	// Address is rtsp://, rtsps://, http:// or https://, with credentials
	// where it needs them; camera:N, /dev/videoN or a link to it under
	// /dev/v4l for a camera of this machine.
	Address string
	Stream  string // name in log lines

	Wants []frame.Want
	Pool  *frame.Pool

	ColorMatrix ColorMatrix // "" is auto
	Deinterlace Deinterlace // auto is off: a live stream's tags can't be read
	Region      ingest.Region
	Mask        string // picture file; "" for none

	// Stride and FPS choose frames before their pictures are made, see
	// ingest.NewSampler.
	Stride int
	FPS    float64

	Transport string         // of RTSP: "tcp" ("" too) or "udp"
	Hardware  bool           // let OpenCV decode on the graphics card where it can
	Keyframes bool           // decode nothing but keyframes; of streams only
	Capture   ingest.Capture // what to ask a camera for; of cameras of this machine only
	// OpenTimeout and ReadTimeout bound what OpenCV waits for; 0 is 10 s.
	OpenTimeout, ReadTimeout time.Duration

	Logger *slog.Logger // nil discards
}

const defaultTimeout = 10 * time.Second

// IsLive says whether an address is one that OpenLive opens.
func IsLive(address string) bool {
	return ingest.IsCamera(address) || schemeOf(address) != ""
}

// schemeOf is the scheme of a live stream's address, "" of any other.
func schemeOf(address string) string {
	scheme, _, ok := strings.Cut(address, "://")
	if scheme = strings.ToLower(scheme); ok {
		switch scheme {
		case "rtsp", "rtsps", "http", "https":
			return scheme
		}
	}
	return ""
}

func (c *LiveConfig) validate() error {
	if c.ColorMatrix == "" {
		c.ColorMatrix = ColorMatrixAuto
	}
	if c.Deinterlace == "" {
		c.Deinterlace = DeinterlaceOff
	}
	if c.OpenTimeout <= 0 {
		c.OpenTimeout = defaultTimeout
	}
	if c.ReadTimeout <= 0 {
		c.ReadTimeout = defaultTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if !IsLive(c.Address) {
		return errors.New("not the address of a stream or camera: want rtsp://, rtsps://, http://, https:// or camera:0")
	}
	camera := ingest.IsCamera(c.Address)
	if camera && c.Keyframes {
		return errors.New("a camera of this machine sends whole pictures only: leave out keyframes")
	}
	if !camera && c.Capture != (ingest.Capture{}) {
		return errors.New("a stream can't be asked for a size, a rate or a format: leave out capture, which is for cameras of this machine")
	}
	if err := c.Capture.Validate(); err != nil {
		return err
	}
	if !camera {
		// The error of url.Parse quotes the address.
		if u, err := url.Parse(c.Address); err != nil || u.Host == "" {
			return errors.New("the address is no URL: escape what is special in its user and password (@ as %40, / as %2F)")
		}
	}
	switch {
	case c.Pool == nil:
		return errors.New("BUG: no frame.Pool given")
	case c.ColorMatrix != ColorMatrixAuto && c.ColorMatrix != ColorMatrixBT601 && c.ColorMatrix != ColorMatrixBT709:
		return fmt.Errorf("unknown colour matrix %q: want auto, bt601 or bt709", c.ColorMatrix)
	case c.Deinterlace != DeinterlaceOff && c.Deinterlace != DeinterlaceAuto && c.Deinterlace != DeinterlaceOn:
		return fmt.Errorf("unknown way to deinterlace %q: want off, auto or on", c.Deinterlace)
	case c.Transport != "" && c.Transport != "tcp" && c.Transport != "udp":
		return fmt.Errorf("unknown transport %q: want tcp or udp", c.Transport)
	}
	for _, w := range c.Wants {
		if err := w.Validate(); err != nil {
			return err
		}
	}
	return c.Region.Validate()
}

// options are FFmpeg's options for a stream: what it may open, and how. No
// playlist can reach a file of this machine, because the file protocol is
// not among what is allowed.
func (c *LiveConfig) options() string {
	switch schemeOf(c.Address) {
	case "rtsp", "rtsps":
		transport := c.Transport
		if transport == "" {
			transport = "tcp"
		}
		return "protocol_whitelist;rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto|rtsp_transport;" + transport
	default:
		return "protocol_whitelist;http,https,tcp,tls,crypto,httpproxy"
	}
}
