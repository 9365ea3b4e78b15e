package synth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// Config says what to make up, and what pictures to make of it. Address,
// Wants and Pool are required.
type Config struct {
	Address string // synth:…
	Wants   []frame.Want
	Pool    *frame.Pool
	Region  ingest.Region
	Mask    string // picture file; "" for none
	Logger  *slog.Logger
}

var (
	errClosed = errors.New("read from a source that is closed")
	errScript = errors.New("failed as the script says")
)

// Source is made-up footage: an ingest.Source and an ingest.Skipper. One
// goroutine uses it.
type Source struct {
	cfg     Config
	script  Script
	info    ingest.Info
	painter *painter
	view    *derive.View

	next   int64 // number of the next frame
	pix    [2][]byte
	cur    int
	drawn  int64 // number of the frame in pix[cur], -1 for none
	closed bool
}

// Open parses the address and prepares the first frame.
func Open(_ context.Context, cfg Config) (ingest.Source, error) {
	s, err := open(cfg)
	if err != nil {
		return nil, fmt.Errorf("open %w", err)
	}
	return s, nil
}

func open(cfg Config) (*Source, error) {
	script, err := Parse(cfg.Address)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Source, error) { return nil, fmt.Errorf("%s: %w", printable(cfg.Address), err) }
	if cfg.Pool == nil {
		return fail(errors.New("BUG: no frame.Pool given"))
	}
	if err := cfg.Region.Validate(); err != nil {
		return fail(err)
	}
	var mask *ingest.Mask
	if cfg.Mask != "" {
		if mask, err = ingest.LoadMask(cfg.Mask); err != nil {
			return fail(err)
		}
	}
	s := &Source{cfg: cfg, script: script, drawn: -1}
	s.painter = newPainter(&s.script)
	s.view = derive.NewView(derive.ViewConfig{Wants: cfg.Wants, Region: cfg.Region, Mask: mask, Other: derive.Simple})
	if _, _, err := s.draw(0); err != nil {
		return fail(err)
	}
	s.info = ingest.Info{
		Name: printable(cfg.Address), Kind: "synth", Width: script.Width, Height: script.Height,
		FPS: script.FPS, Frames: script.Frames, Codec: "synth", Decoder: "synth 1",
		ColorMatrix: string(derive.RGBMatrix), ColorMatrixWhy: "codec", Interlaced: "no",
		Region: cfg.Region.String(), Masked: mask != nil,
	}
	return s, nil
}

// Info describes the source.
func (s *Source) Info() ingest.Info { return s.info }

// draw makes pix[cur] the treated picture of frame i, and says whether its
// size differs from the picture drawn before.
func (s *Source) draw(i int64) (pix []byte, changed bool, err error) {
	if s.drawn == i {
		return s.pix[s.cur], false, nil
	}
	s.cur = 1 - s.cur
	var w, h int
	s.pix[s.cur], w, h = s.painter.paint(s.pix[s.cur], s.script.at(i))
	s.drawn = i
	changed, err = s.view.Treat(s.pix[s.cur], w, h)
	return s.pix[s.cur], changed, err
}

// Read makes up the next frame.
func (s *Source) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	if err := s.ready(ctx); err != nil {
		return err
	}
	i := s.next
	if i > 0 {
		// After Skip the picture before is not there yet.
		if _, _, err := s.draw(i - 1); err != nil {
			return err
		}
	}
	pix, changed, err := s.draw(i)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.info.Name, err)
	}
	if err := s.view.Fill(into, s.cfg.Pool, pix); err != nil {
		return fmt.Errorf("read %s: %w", s.info.Name, err)
	}
	t := s.script.at(i)
	into.Seq, into.PTS = t.seq, t.pts
	switch {
	case t.gap:
		into.Break = frame.BreakGap
	case i > 0 && changed:
		into.Break = frame.BreakSize
	default:
		into.Repeat = i > 0 && s.view.Same(pix, s.pix[1-s.cur])
	}
	s.next++
	return nil
}

// Skip passes over n frames, without painting them.
func (s *Source) Skip(ctx context.Context, n int64) error {
	for range n {
		if err := s.ready(ctx); err != nil {
			return err
		}
		s.next++
	}
	return nil
}

// ready says why there is no next frame.
func (s *Source) ready(ctx context.Context) error {
	switch {
	case s.closed:
		return errClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case s.script.Fail > 0 && s.next >= s.script.Fail:
		return fmt.Errorf("read %s: %w", s.info.Name, errScript)
	case s.next >= s.script.Frames && s.script.Truncated:
		return fmt.Errorf("read %s: %w: %w", s.info.Name, ingest.ErrTruncated, ingest.ErrEndOfStream)
	case s.next >= s.script.Frames:
		return ingest.ErrEndOfStream
	}
	return nil
}

// Close ends the source.
func (s *Source) Close() error {
	s.closed = true
	return s.view.Close()
}
