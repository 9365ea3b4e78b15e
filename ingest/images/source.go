package images

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// DefaultFPS is how many pictures a second a folder shows.
const DefaultFPS = 25

// Config says what to open, and what to make of its pictures. Path, Wants,
// Pool and Codec are required.
type Config struct {
	Path   string // of a folder
	Stream string // name of the stream in log lines; "" for none

	Wants []frame.Want
	Pool  *frame.Pool
	Codec Codec

	FPS    float64 // pictures a second; 0 is DefaultFPS
	Region ingest.Region
	Mask   string // picture file; "" for none, see ingest.Mask

	// Start and End bound the PTS of the frames delivered: Start ≤ PTS <
	// End. An End of 0 is the last picture.
	Start, End time.Duration
	// Stride delivers every n-th picture from the first.
	Stride int

	Logger *slog.Logger // nil discards
}

func (c *Config) validate() error {
	if c.FPS == 0 {
		c.FPS = DefaultFPS
	}
	c.Stride = max(c.Stride, 1)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.Pool == nil:
		return errors.New("BUG: no frame.Pool given")
	case c.Codec.Decode == nil:
		return errors.New("BUG: no images.Codec given")
	case !(c.FPS >= 0.001 && c.FPS <= 1000):
		return fmt.Errorf("%v pictures a second: want 0.001 to 1000", c.FPS)
	case c.Start < 0 || c.End < 0:
		return errors.New("start and end must not be negative")
	case c.End > 0 && c.End <= c.Start:
		return fmt.Errorf("end %v is not after start %v", c.End, c.Start)
	}
	return c.Region.Validate()
}

var errClosed = errors.New("read from a source that is closed")

// Source is an opened folder: an ingest.Source, ingest.Skipper and
// ingest.Hasher. One goroutine uses it.
type Source struct {
	cfg    Config
	info   ingest.Info
	log    *slog.Logger
	names  []string // all pictures
	next   int      // index of the next picture to decode
	first  int      // index of the first picture within Start…End
	view   *derive.View
	digest *ingest.Digest

	pix    [2]Bitmap
	cur    int
	have   bool // pix[cur] holds the picture of the frame before
	primed int  // index of the picture in pix[cur] that was not delivered yet, -1 for none

	lost       int // pictures that could not be read since the last frame
	unreadable int // since the source was opened
	firstBad   string
	closed     bool
}

// Open lists a folder and decodes its first picture.
func Open(ctx context.Context, cfg Config) (ingest.Source, error) {
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Path, err)
	}
	return s, nil
}

func open(ctx context.Context, cfg Config) (*Source, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	names, err := list(cfg.Path)
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, log: cfg.Logger.With("component", "ingest", "stream", cfg.Stream), names: names, primed: -1}
	var mask *ingest.Mask
	if cfg.Mask != "" {
		if mask, err = ingest.LoadMask(cfg.Mask); err != nil {
			return nil, err
		}
	}
	if err := s.seek(); err != nil {
		return nil, err
	}
	s.view = derive.NewView(derive.ViewConfig{Wants: cfg.Wants, Region: cfg.Region, Mask: mask, BGR: cfg.Codec.BGR, Other: cfg.Codec.Scaler})
	at, err := s.decode(ctx)
	if errors.Is(err, ingest.ErrEndOfStream) {
		return nil, fmt.Errorf("none of its %d pictures can be decoded: the first is %s", s.unreadable, s.firstBad)
	}
	if err != nil {
		return nil, err
	}
	s.primed = at
	if _, err := s.treat(); err != nil {
		return nil, errors.Join(err, s.view.Close())
	}
	s.describe(mask != nil)
	s.digest = startDigest(context.WithoutCancel(ctx), cfg.Path, names)
	return s, nil
}

// pts is the time of picture i.
func (s *Source) pts(i int) time.Duration {
	return time.Duration(math.Round(float64(i) / s.cfg.FPS * float64(time.Second)))
}

// seek leaves out the pictures outside of Start…End.
func (s *Source) seek() error {
	n := len(s.names)
	for s.first < n && s.pts(s.first) < s.cfg.Start {
		s.first++
	}
	if s.first == n {
		return fmt.Errorf("start %v lies behind its end at %v: choose an earlier start", s.cfg.Start, s.pts(n))
	}
	for s.cfg.End > 0 && n > s.first && s.pts(n-1) >= s.cfg.End {
		n--
	}
	s.names = s.names[:n]
	s.next = s.first
	return nil
}

func (s *Source) describe(masked bool) {
	var kinds []string
	for _, name := range s.names[s.first:] {
		if ext := strings.ToLower(filepath.Ext(name)[1:]); !slices.Contains(kinds, ext) {
			kinds = append(kinds, ext)
		}
	}
	p := &s.pix[s.cur]
	s.info = ingest.Info{
		Name: filepath.Base(filepath.Clean(s.cfg.Path)), Kind: "folder", Width: p.Width, Height: p.Height,
		FPS: s.cfg.FPS, Frames: int64((len(s.names) - s.first + s.cfg.Stride - 1) / s.cfg.Stride),
		Codec: strings.Join(kinds, ","), Decoder: s.cfg.Codec.Name,
		ColorMatrix: string(derive.RGBMatrix), ColorMatrixWhy: "codec", Interlaced: "no",
		Region: s.cfg.Region.String(), Masked: masked,
	}
}

// Info describes the source. Notes count the pictures that could not be
// read so far; SHA256 is filled in once it is computed.
func (s *Source) Info() ingest.Info {
	info := s.info
	info.SHA256 = s.digest.Sum()
	if s.unreadable > 0 {
		info.Notes = append(slices.Clone(info.Notes), fmt.Sprintf(
			"%d of %d pictures could not be read and count as gaps; the first is %s.", s.unreadable, len(s.names)-s.first, s.firstBad))
	}
	return info
}

// SHA256 waits for the hash of the folder's files.
func (s *Source) SHA256(ctx context.Context) (string, error) { return s.digest.Wait(ctx) }

// Read decodes the next picture and derives the wanted ones.
func (s *Source) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	at, err := s.advance(ctx)
	if err != nil {
		return err
	}
	changed, err := s.treat()
	if err != nil {
		return fmt.Errorf("read %s: %w", s.names[at], err)
	}
	if err := s.view.Fill(into, s.cfg.Pool, s.pix[s.cur].Pix); err != nil {
		return fmt.Errorf("read %s: %w", s.names[at], err)
	}
	into.Seq, into.PTS = uint64((at-s.first)/s.cfg.Stride), s.pts(at)
	switch {
	case s.have && s.lost > 0:
		into.Break = frame.BreakGap
	case s.have && changed:
		into.Break = frame.BreakSize
	default:
		into.Repeat = s.have && s.view.Same(s.pix[s.cur].Pix, s.pix[1-s.cur].Pix)
	}
	s.have, s.lost = true, 0
	return nil
}

// Skip passes over n frames. They are decoded even so: whether a picture can
// be read is only known then.
func (s *Source) Skip(ctx context.Context, n int64) error {
	for range n {
		at, err := s.advance(ctx)
		if err != nil {
			return err
		}
		if _, err := s.treat(); err != nil {
			return fmt.Errorf("read %s: %w", s.names[at], err)
		}
		s.have, s.lost = true, 0
	}
	return nil
}

// advance makes pix[cur] the next picture and returns its index.
func (s *Source) advance(ctx context.Context) (at int, err error) {
	if s.closed {
		return 0, errClosed
	}
	if s.primed >= 0 && ctx.Err() == nil {
		at, s.primed = s.primed, -1
		return at, nil
	}
	return s.decode(ctx)
}

// decode decodes the next picture that can be read into pix[cur].
func (s *Source) decode(ctx context.Context) (at int, err error) {
	for s.next < len(s.names) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		at = s.next
		s.next += s.cfg.Stride
		err := s.decodeFile(s.names[at], &s.pix[1-s.cur])
		if err == nil {
			s.cur = 1 - s.cur
			return at, nil
		}
		s.log.Warn("picture could not be read", "file", s.names[at], "error", err)
		if s.unreadable++; s.firstBad == "" {
			s.firstBad = fmt.Sprintf("%s (%v)", s.names[at], err)
		}
		s.lost++
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return 0, ingest.ErrEndOfStream
}

func (s *Source) decodeFile(name string, into *Bitmap) error {
	return ReadFile(filepath.Join(s.cfg.Path, name), s.cfg.Codec, into)
}

func (s *Source) treat() (changed bool, err error) {
	p := &s.pix[s.cur]
	return s.view.Treat(p.Pix, p.Width, p.Height)
}

// Close ends the hash and frees what the resize functions hold.
func (s *Source) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.digest.Stop()
	return s.view.Close()
}
