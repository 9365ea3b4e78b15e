package growing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/derive"
	"github.com/flipmeter/flipmeter/ingest/images"
)

// Config says which folder to read, and what to make of its pictures. Dir,
// Wants, Pool, Codec, OpenClip and Taken are required.
type Config struct {
	Dir    string
	Stream string // name in log lines

	Wants  []frame.Want
	Pool   *frame.Pool
	Codec  images.Codec // of pictures
	Region ingest.Region
	Mask   string // picture file; "" for none

	// OpenClip opens a clip, to be read to its end, with the same wants.
	OpenClip func(ctx context.Context, path string) (ingest.Source, error)
	// Taken is where to go on.
	Taken *Taken

	// Settled is for how long a file must not have changed before it is read.
	Settled time.Duration
	// Every is how often the folder is looked into; 0 is half a second. Where
	// looking takes long it is done less often.
	Every  time.Duration
	Now    func() time.Time // nil is time.Now
	Logger *slog.Logger     // nil discards
}

const defaultEvery = 500 * time.Millisecond

// between is how much later a file begins than the one before it ended, where
// the files' own times don't say.
const between = 40 * time.Millisecond

// clockBack is by how much a file's time must lie before that of the file
// before it, so that the clock counts as put back. Less is what writers that
// work side by side do.
const clockBack = 2 * time.Second

// Source is a folder that grows: an ingest.Source that never ends. One
// goroutine uses it. Its frames' time is that at which their file was last
// written, from the first one on. Pictures follow one another as frames do;
// a clip's first frame, and what comes after a clip, has a gap before it. Where
// the clock that files' times are from was put back, there is a break by time,
// and time goes on by as much as it took the file to come, but no more than
// between the two files before.
type Source struct {
	cfg  Config
	log  *slog.Logger
	info ingest.Info
	mask bool

	clip  ingest.Source // that is being read; nil: none
	inner uint64        // Seq of its last frame
	fresh bool          // none of its frames was delivered

	view *derive.View // of pictures
	pix  [2]images.Bitmap
	cur  int
	have bool // the frame before is the picture in pix[cur]

	primed bool // pix[cur] is to be delivered
	begun  bool // a frame was delivered
	gap    bool // the next one is no neighbour of the one before
	lost   int  // pictures that could not be read since then
	seq    uint64
	origin time.Time     // when the first file was written
	base   time.Duration // PTS of the beginning of the file that is read
	last   time.Duration
	at     time.Time // when it was written
	came   time.Time // and when it was found
	usual  time.Duration
	back   bool // the clock was put back before it
	closed bool
}

var errClosed = errors.New("read from a source that is closed")

// Open waits for the first file, and opens it.
func Open(ctx context.Context, cfg Config) (ingest.Source, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Every == 0 {
		cfg.Every = defaultEvery
	}
	var mask *ingest.Mask
	if cfg.Mask != "" {
		var err error
		if mask, err = ingest.LoadMask(cfg.Mask); err != nil {
			return nil, fmt.Errorf("open %s: %w", cfg.Dir, err)
		}
	}
	s := &Source{cfg: cfg, log: cfg.Logger, mask: mask != nil}
	s.view = derive.NewView(derive.ViewConfig{Wants: cfg.Wants, Region: cfg.Region, Mask: mask, BGR: cfg.Codec.BGR, Other: cfg.Codec.Scaler})
	if err := s.advance(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", cfg.Dir, err), s.Close())
	}
	return s, nil
}

// Info describes the folder by its first file.
func (s *Source) Info() ingest.Info { return s.info }

// Read gives the next frame, however long it takes to come. An error other
// than the context's is of one file, which is not read again: whoever opens
// the source anew with the same Taken goes on behind it.
func (s *Source) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	for {
		switch {
		case s.closed:
			return errClosed
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case s.primed:
			s.primed = false
			return s.deliver(into)
		case s.clip == nil:
			if err := s.advance(ctx); err != nil {
				return err
			}
			continue
		}
		err := s.clip.Read(ctx, into)
		switch {
		case err == nil:
			s.stampClip(into)
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ingest.ErrTruncated):
			s.log.Warn("a clip is cut off", "error", err)
		case !errors.Is(err, ingest.ErrEndOfStream):
			s.cfg.Taken.finished()
			return errors.Join(trouble(err), s.leave())
		}
		s.cfg.Taken.finished()
		if err := s.leave(); err != nil {
			return trouble(err)
		}
	}
}

// trouble is what is told of a clip: it asks for a new opening, which goes on
// behind it, even where opening this file again would be of no use.
func trouble(err error) error {
	//nolint:errorlint // an error that says "never again" means the clip only
	return ingest.WithCause(ingest.CauseOf(err, ingest.CauseDecode), fmt.Errorf("%v: %w", err, ingest.ErrNotConnected))
}

// leave closes the clip.
func (s *Source) leave() error {
	if s.clip == nil {
		return nil
	}
	clip := s.clip
	s.clip, s.have, s.gap = nil, false, true
	return clip.Close()
}

// advance waits for the next file and opens it: pix[cur] is primed, or clip
// is set.
func (s *Source) advance(ctx context.Context) error {
	for {
		f, err := s.wait(ctx)
		if err != nil {
			return err
		}
		path := filepath.Join(s.cfg.Dir, f.name)
		if f.picture {
			if err := images.ReadFile(path, s.cfg.Codec, &s.pix[1-s.cur]); err != nil {
				s.log.Warn("a picture could not be read, and is left out", "file", f.name, "error", err)
				s.gap = true
				s.lost++
				continue
			}
			s.begin(f)
			s.cur, s.primed = 1-s.cur, true
			s.describe(ingest.Info{
				Width: s.pix[s.cur].Width, Height: s.pix[s.cur].Height, Codec: filepath.Ext(f.name)[1:], Decoder: s.cfg.Codec.Name,
				ColorMatrix: string(derive.RGBMatrix), ColorMatrixWhy: "codec", Interlaced: "no", Region: s.cfg.Region.String(), Masked: s.mask,
			})
			return nil
		}
		clip, err := s.cfg.OpenClip(ctx, path)
		if ctx.Err() != nil {
			if err == nil {
				err = clip.Close()
			}
			return errors.Join(context.Cause(ctx), err)
		}
		if err != nil {
			s.cfg.Taken.finished()
			return trouble(err)
		}
		s.clip, s.fresh, s.gap = clip, true, s.begun
		s.begin(f)
		s.describe(clip.Info())
		return nil
	}
}

// wait waits until a file is whole.
func (s *Source) wait(ctx context.Context) (file, error) {
	for {
		began := time.Now()
		f, ok, err := s.cfg.Taken.next(s.cfg.Dir, began, s.cfg.Settled)
		if err != nil || ok {
			return f, err
		}
		const share = 10 // of the time is for looking, at most
		t := time.NewTimer(max(s.cfg.Every, share*time.Since(began)))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return file{}, context.Cause(ctx)
		}
	}
}

// begin sets the time of a file's frames.
func (s *Source) begin(f file) {
	before, came := s.at, s.came
	s.at, s.came = f.stamp.mod, s.cfg.Now()
	switch {
	case s.origin.IsZero():
		s.origin = s.at
	case before.Sub(s.at) > clockBack:
		s.base, s.back = s.last+max(between, min(s.came.Sub(came), s.usual)), true
		s.origin = s.at.Add(-s.base)
	default:
		s.usual = s.at.Sub(before)
		s.base = max(s.at.Sub(s.origin), s.last+between)
	}
}

// describe notes what the folder is like, by its first file.
func (s *Source) describe(info ingest.Info) {
	if s.info.Name != "" {
		return
	}
	info.Name, info.Kind, info.Frames, info.Live, info.SHA256 = filepath.Base(filepath.Clean(s.cfg.Dir)), "folder", 0, false, ""
	s.info = info
}

// deliver makes a frame of the picture.
func (s *Source) deliver(into *frame.Frame) error {
	p := &s.pix[s.cur]
	changed, err := s.view.Treat(p.Pix, p.Width, p.Height)
	if err == nil {
		err = s.view.Fill(into, s.cfg.Pool, p.Pix)
	}
	if err != nil {
		s.have, s.gap = false, true
		return trouble(err)
	}
	into.PTS, into.CapturedAt = s.base, s.at
	switch {
	case s.gap:
		into.Break = frame.BreakGap
	case s.back:
		into.Break = frame.BreakTime
	case s.have && changed:
		into.Break = frame.BreakSize
	default:
		into.Repeat = s.have && s.view.Same(p.Pix, s.pix[1-s.cur].Pix)
	}
	s.have = true
	s.number(into, 1)
	return nil
}

// stampClip makes a frame of a clip one of the folder.
func (s *Source) stampClip(into *frame.Frame) {
	step := uint64(1)
	switch {
	case s.fresh && s.gap:
		into.Break = frame.BreakGap
	case !s.fresh:
		step = into.Seq - s.inner
	}
	s.inner, s.fresh = into.Seq, false
	into.PTS += s.base
	s.number(into, step)
}

// number gives a frame its place; those that were lost have theirs.
func (s *Source) number(into *frame.Frame, step uint64) {
	if s.begun {
		s.seq += step + uint64(s.lost)
	}
	into.Seq = s.seq
	s.last, s.begun, s.gap, s.back, s.lost = into.PTS, true, false, false, 0
}

// Close closes what is open. It may be called again.
func (s *Source) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return errors.Join(s.leave(), s.view.Close())
}
