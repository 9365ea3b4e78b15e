//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/container"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// Available says whether this build can decode video.
const Available = true

// maxRetrieveFailures is how many frames in a row may fail to convert
// before the stream counts as broken.
const maxRetrieveFailures = 50

var errClosed = errors.New("read from a source that is closed")

// Source is an opened video file: an ingest.Source, ingest.Skipper,
// ingest.Hasher and ingest.Timed. One goroutine uses it.
type Source struct {
	cfg    Config
	info   ingest.Info
	facts  container.Facts
	log    *slog.Logger
	cap    *capture
	clock  clock
	digest *ingest.Digest
	view   *derive.View
	source original // what the view's scalers work on

	// mats are the last picture and the one before, in turn.
	mats [2]cv.Mat
	cur  int
	have bool // mats[cur] holds the picture of the frame before

	primed  bool // mats[cur] holds a frame that was not delivered yet
	pending stamp
	seq     uint64
	lost    int   // frames that could not be converted since the last one
	decoded int64 // frames that the decoder gave, delivered or not
	ended   error // why no frame follows
	closed  bool
	timing  ingest.Timing
}

// Open opens a video file and decodes its first frame. The context bounds
// opening only.
func Open(ctx context.Context, cfg Config) (ingest.Source, error) {
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func open(ctx context.Context, cfg Config) (_ *Source, err error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("open %s: %w", ingest.RedactURL(cfg.Path), err)
	}
	if clean, live := address(cfg.Path); live {
		return nil, fmt.Errorf("open %s: an address, not a file: live streams are not read yet, save it to a file first", clean)
	}
	abs, err := checkFile(cfg.Path)
	if err != nil {
		return nil, err
	}
	facts, err := container.ReadFile(abs)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Path, err)
	}
	s := &Source{cfg: cfg, facts: facts, log: cfg.Logger.With("component", "ingest", "stream", cfg.Stream)}
	s.mats = [2]cv.Mat{cv.NewMat(), cv.NewMat()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	var mask *ingest.Mask
	if cfg.Mask != "" {
		if mask, err = ingest.LoadMask(cfg.Mask); err != nil {
			return nil, fmt.Errorf("open %s: %w", cfg.Path, err)
		}
	}
	if s.cap, err = openCapture(abs); err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Path, explainFailure(facts, err))
	}
	s.clock = newClock(s.cap.fps())
	if err := s.first(ctx); err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Path, err)
	}
	if err := s.prepare(ctx, abs, mask); err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Path, err)
	}
	s.digest = ingest.StartFileDigest(context.WithoutCancel(ctx), abs)
	return s, nil
}

// Info describes the source. SHA256 is filled in once it is computed, see
// ingest.Hasher.
func (s *Source) Info() ingest.Info {
	info := s.info
	if s.digest != nil {
		info.SHA256 = s.digest.Sum()
	}
	return info
}

// SHA256 waits for the hash of the file.
func (s *Source) SHA256(ctx context.Context) (string, error) { return s.digest.Wait(ctx) }

// Timing says what reading took; skipped frames don't count.
func (s *Source) Timing() ingest.Timing { return s.timing }

// Read decodes the next frame and derives the wanted pictures.
func (s *Source) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	start := time.Now()
	st, err := s.next(ctx, true)
	if err != nil {
		return err
	}
	decoded := time.Now()
	pix, changed, err := s.treat()
	if err != nil {
		return s.fail(err)
	}
	if err := s.view.Fill(into, s.cfg.Pool, pix); err != nil {
		return s.fail(err)
	}
	s.timing.Frames++
	s.timing.Decode += decoded.Sub(start)
	s.timing.Derive += time.Since(decoded)
	s.seq += uint64(s.lost)
	into.Seq, into.PTS, into.PTSEstimated = s.seq, st.pts, st.estimated
	switch {
	case s.lost > 0:
		into.Break = frame.BreakGap
	case s.have && changed:
		into.Break = frame.BreakSize
	case st.back && s.seq > 0:
		into.Break = frame.BreakTime
	default:
		before, err := s.mats[1-s.cur].DataPtrUint8()
		into.Repeat = s.have && err == nil && s.view.Same(pix, before)
	}
	s.delivered()
	return nil
}

// treat prepares the picture at hand to be seen, and returns its bytes.
func (s *Source) treat() (bgr []byte, changed bool, err error) {
	m := &s.mats[s.cur]
	if bgr, err = m.DataPtrUint8(); err != nil {
		return nil, false, err
	}
	changed, err = s.view.Treat(bgr, m.Cols(), m.Rows())
	s.source = original{mat: m, rect: s.view.Rect()}
	return bgr, changed, err
}

// delivered closes the books of a frame that was read or skipped.
func (s *Source) delivered() {
	s.seq++
	s.have, s.lost = true, 0
}

// Skip passes over n frames.
func (s *Source) Skip(ctx context.Context, n int64) error {
	for i := range n {
		// The picture of the last one is needed: the next frame is
		// compared with it.
		last := i == n-1
		if _, err := s.next(ctx, last); err != nil {
			return err
		}
		if last {
			if _, _, err := s.treat(); err != nil {
				return s.fail(err)
			}
		}
		s.seq += uint64(s.lost)
		s.delivered()
	}
	return nil
}

// next moves to the next frame to deliver; with picture, mats[cur] holds it
// afterwards, undisturbed by OpenCV.
func (s *Source) next(ctx context.Context, picture bool) (stamp, error) {
	switch {
	case s.closed:
		return stamp{}, errClosed
	case s.ended != nil:
		return stamp{}, s.ended
	case ctx.Err() != nil:
		return stamp{}, context.Cause(ctx)
	}
	st := s.pending
	if s.primed {
		s.primed = false
	} else {
		var back, estimated bool
		for left := s.cfg.Stride; left > 0; left-- {
			var err error
			if st, err = s.advance(picture && left == 1); err != nil {
				return stamp{}, err
			}
			back = back || st.back
			estimated = st.estimated
		}
		st.back, st.estimated = back, estimated
	}
	if s.cfg.End > 0 && st.pts >= s.cfg.End {
		s.ended = ingest.ErrEndOfStream
		return stamp{}, s.ended
	}
	return st, nil
}

// advance decodes one frame and stamps it.
func (s *Source) advance(picture bool) (stamp, error) {
	for range maxRetrieveFailures {
		if !s.cap.grab() {
			return stamp{}, s.end()
		}
		s.decoded++
		ms := s.cap.milliseconds()
		// Before the clock looks ahead: that takes the picture away.
		ok := !picture || s.retrieve()
		st := s.clock.next(ms, s.cap.peek)
		if ok {
			return st, nil
		}
		s.lost++
		s.log.Warn("frame could not be converted", "pts", st.pts)
	}
	return stamp{}, s.fail(fmt.Errorf("%d frames in a row could not be converted", maxRetrieveFailures))
}

func (s *Source) retrieve() bool {
	s.cur = 1 - s.cur
	if s.cap.retrieve(&s.mats[s.cur]) && s.mats[s.cur].Type() == cv.MatTypeCV8UC3 {
		return true
	}
	s.cur = 1 - s.cur
	return false
}

// first decodes up to the first frame to deliver.
func (s *Source) first(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !s.cap.grab() {
			if s.decoded == 0 {
				return errors.New("it holds no frame that can be decoded: play it, or check it with ffprobe")
			}
			return fmt.Errorf("start %v lies behind its end at %v: choose an earlier start", s.cfg.Start, s.clock.pts+s.clock.interval)
		}
		s.decoded++
		ms := s.cap.milliseconds()
		// A frame that may be the first is retrieved before the clock looks
		// ahead.
		maybe := !s.clock.started || ms <= s.clock.reported ||
			time.Duration((ms-s.clock.base)*float64(time.Millisecond)) >= s.cfg.Start
		ok := maybe && s.retrieve()
		st := s.clock.next(ms, s.cap.peek)
		if ok && st.pts >= s.cfg.Start {
			st.back = false
			s.primed, s.pending = true, st
			return nil
		}
	}
}

// end says how the stream ended. OpenCV's frame count is an estimate in many
// containers, so what counts is whether the file's structure is complete.
func (s *Source) end() error {
	s.ended = ingest.ErrEndOfStream
	if s.facts.CutOff != "" {
		s.ended = fmt.Errorf("read %s: %w after %d frames (%s): %w",
			s.info.Name, ingest.ErrTruncated, s.decoded, s.facts.CutOff, ingest.ErrEndOfStream)
	}
	return s.ended
}

// fail ends the stream with an error.
func (s *Source) fail(err error) error {
	s.ended = fmt.Errorf("read %s: %w", s.info.Name, err)
	return s.ended
}

// Close frees the decoder and its pictures, and ends the hash. The hash
// stays available if it was complete.
func (s *Source) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if s.digest != nil {
		s.digest.Stop()
	}
	if s.cap != nil {
		s.cap.close()
	}
	var err error
	if s.view != nil {
		err = s.view.Close()
	}
	return errors.Join(err, s.mats[0].Close(), s.mats[1].Close())
}
