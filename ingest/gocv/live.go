//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// liveSource is an opened stream or camera: an ingest.Source. One goroutine
// uses it. A read that waits for the network can't be interrupted before
// ReadTimeout: it belongs into a process that can be killed (ingest/child).
type liveSource struct {
	cfg     LiveConfig
	info    ingest.Info
	cap     *liveCapture
	clock   liveClock
	sampler *ingest.Sampler
	view    *derive.View
	source  original // what the view's scalers work on

	mats [2]cv.Mat // the last picture and the one before, in turn
	cur  int
	have bool // mats[cur] holds the picture of the frame before

	primed  bool // mats[cur] holds a frame that was not delivered yet
	pending livestamp
	seq     uint64
	lost    int // frames that could not be converted since the last one
	// damages is how many there were so far, and doubtful how many frames to
	// come may have neighbours that are missing, as the decoder held several.
	damages  uint
	doubtful int
	doubts   doubts
	catchUp  catchUp
	// behind says that frames are missing because decoding was too slow.
	behind bool
	// turned pictures are not decoded as they are seen: OpenCV turns them by
	// a quarter, as the container says.
	turned bool
	// waited is how long the last frame took to come. When a read times out,
	// the decoder gives the frame that it held back, and only then none.
	waited time.Duration
	ended  error
	closed bool
}

// livestamp is when a frame was captured, by the stream and by us.
type livestamp struct {
	pts       time.Duration
	estimated bool
	at        time.Time
}

// OpenLive opens a stream or camera and decodes its first frame. OpenCV
// can't be interrupted while it connects: it gives up after OpenTimeout.
func OpenLive(ctx context.Context, cfg LiveConfig) (ingest.Source, error) {
	s, err := openLive(ctx, cfg)
	if err != nil {
		err = fmt.Errorf("open %s: %w", ingest.RedactURL(cfg.Address), ingest.RedactError(err, cfg.Address))
		return nil, err
	}
	return s, nil
}

func openLive(ctx context.Context, cfg LiveConfig) (_ *liveSource, err error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, ingest.ErrPermanent)
	}
	var mask *ingest.Mask
	if cfg.Mask != "" {
		if mask, err = ingest.LoadMask(cfg.Mask); err != nil {
			return nil, err
		}
	}
	s := &liveSource{cfg: cfg, sampler: ingest.NewSampler(cfg.Stride, cfg.FPS), clock: liveClock{unsure: cfg.Keyframes}, catchUp: newCatchUp(cfg.ReadTimeout)}
	s.mats = [2]cv.Mat{cv.NewMat(), cv.NewMat()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	start := time.Now()
	if s.cap, err = openLiveCapture(cfg); err != nil {
		if errors.Is(err, ingest.ErrPermanent) || ingest.IsCamera(cfg.Address) {
			return nil, err
		}
		if time.Since(start) >= cfg.OpenTimeout {
			return nil, ingest.WithCause(ingest.CauseTimeout, fmt.Errorf("no answer within %v", cfg.OpenTimeout))
		}
		return nil, ingest.WithCause(ingest.CauseOpen, diagnose(ctx, cfg.Address, err))
	}
	if s.pending, err = s.advance(ctx); err != nil {
		return nil, fmt.Errorf("it was opened, but gave no picture: %w", err)
	}
	s.primed = true
	s.turned = s.cap.camera == nil && s.cap.sideways()
	if err := s.prepare(mask); err != nil {
		return nil, err
	}
	s.hurry(s.pending.pts, s.pending.at) // only now it is known what kind of stream it is
	return s, nil
}

// prepare decides on colours and plans the pictures, now that there is one.
func (s *liveSource) prepare(mask *ingest.Mask) error {
	m := &s.mats[s.cur]
	kind := "stream"
	if s.cap.camera != nil {
		kind = "camera"
	}
	s.info = ingest.Info{
		Name: ingest.RedactURL(s.cfg.Address), Kind: kind, Width: m.Cols(), Height: m.Rows(),
		FPS: s.cap.fps(), Frames: s.cap.frameCount(), Codec: s.cap.fourcc(), Decoder: decoderName(),
		Region: s.cfg.Region.String(), Masked: mask != nil,
		Deinterlaced: s.cfg.Deinterlace == DeinterlaceOn,
	}
	// A stream that knows its length is a recording on demand.
	s.info.Live = s.info.Frames == 0
	s.clock.live = s.info.Live
	matrix, why := s.chooseMatrix()
	s.info.ColorMatrix, s.info.ColorMatrixWhy = string(matrix), why
	var correct *derive.Correction
	if matrix != derive.RGBMatrix {
		var err error
		if correct, err = derive.NewCorrection(derive.Coding{Matrix: derive.BT601}, derive.Coding{Matrix: matrix}); err != nil {
			return err
		}
	}
	s.view = derive.NewView(derive.ViewConfig{
		Wants: s.cfg.Wants, Region: s.cfg.Region, Mask: mask, Deinterlace: s.info.Deinterlaced,
		Correct: correct, BGR: true, Other: newScaler(&s.source),
	})
	if s.cap.camera != nil {
		s.cap.camera.compare(s.info, s.cfg.Logger)
	}
	_, _, err := s.treat()
	return err
}

func (s *liveSource) chooseMatrix() (derive.ColorMatrix, string) {
	switch {
	case s.cap.rgb():
		return derive.RGBMatrix, "codec"
	case s.cfg.ColorMatrix != ColorMatrixAuto:
		return derive.ColorMatrix(s.cfg.ColorMatrix), "given"
	case strings.EqualFold(s.info.Codec, "MJPG"), strings.EqualFold(s.info.Codec, "jpeg"):
		return derive.BT601, "codec"
	case s.cap.camera != nil: // whose size says nothing
		return s.cap.camera.coding()
	case s.info.Height >= hdLines:
		return derive.BT709, "height"
	}
	return derive.BT601, "height"
}

// Info describes the source.
func (s *liveSource) Info() ingest.Info { return s.info }

// Read decodes the next frame that the sampler takes.
func (s *liveSource) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	switch {
	case s.closed:
		return errClosed
	case s.ended != nil:
		return s.ended
	}
	st := s.pending
	if !s.primed {
		var err error
		if st, err = s.advance(ctx); err != nil {
			return s.fail(err)
		}
	}
	s.primed = false
	pix, changed, err := s.treat()
	if err == nil {
		err = s.view.Fill(into, s.cfg.Pool, pix)
	}
	if err != nil {
		return s.fail(ingest.WithCause(ingest.CauseDecode, err))
	}
	s.seq += uint64(s.lost)
	into.Seq, into.PTS, into.PTSEstimated, into.CapturedAt = s.seq, st.pts, st.estimated, st.at
	into.Behind = s.behind
	doubtful := s.doubtful > 0 || s.catchUp.damaged
	s.doubtful = max(s.doubtful-1, 0)
	if s.doubts.add(st.at, doubtful) {
		s.cfg.Logger.Warn("the decoder complains of most frames, so that hardly any can be compared with the one before: see the camera's settings, its network, or another stream of it", "said", lastDamage())
	}
	switch {
	case s.lost > 0, doubtful:
		into.Break = frame.BreakGap
	case s.have && changed:
		into.Break = frame.BreakSize
	default:
		before, err := s.mats[1-s.cur].DataPtrUint8()
		into.Repeat = s.have && err == nil && s.view.Same(pix, before)
	}
	s.seq++
	s.have, s.lost, s.behind = true, 0, false
	return nil
}

func (s *liveSource) treat() (bgr []byte, changed bool, err error) {
	m := &s.mats[s.cur]
	if bgr, err = m.DataPtrUint8(); err != nil {
		return nil, false, err
	}
	changed, err = s.view.Treat(bgr, m.Cols(), m.Rows())
	s.source = original{mat: m, rect: s.view.Rect()}
	return bgr, changed, err
}

// advance moves to the next frame to deliver and converts it. Frames that
// the sampler leaves out are decoded, because later ones build on them, but
// not converted.
func (s *liveSource) advance(ctx context.Context) (livestamp, error) {
	for failed := 0; failed < maxRetrieveFailures; {
		if ctx.Err() != nil {
			return livestamp{}, context.Cause(ctx)
		}
		start := time.Now()
		if !s.cap.next(&s.mats[1-s.cur]) {
			return livestamp{}, s.end(time.Since(start) + s.waited)
		}
		if err := s.otherSize(); err != nil {
			return livestamp{}, err
		}
		if n := damages(); n != s.damages {
			if s.damages = n; s.have {
				s.doubtful = 1 + s.cap.held
			}
		}
		now := time.Now()
		s.waited = now.Sub(start)
		pts, estimated := s.clock.next(s.cap.milliseconds(), now)
		s.hurry(pts, now)
		if !s.sampler.Take(pts) {
			continue
		}
		converted := s.cap.convert(&s.mats[1-s.cur])
		if err := s.otherSize(); err != nil { // which may show only now
			return livestamp{}, err
		}
		if converted && s.mats[1-s.cur].Type() == cv.MatTypeCV8UC3 {
			s.cur = 1 - s.cur
			if n := s.catchUp.take(pts); n > 0 {
				s.lost += n
				s.behind = true
			}
			if c := s.cap.camera; c != nil {
				if n := c.gap(pts, s.cfg.Stride, s.cfg.FPS); n > 0 {
					s.lost += n
					s.behind = true
				}
				now = c.capturedAt(now)
			}
			return livestamp{pts: pts, estimated: estimated, at: now}, nil
		}
		failed++
		s.lost++
	}
	return livestamp{}, ingest.WithCause(ingest.CauseDecode, fmt.Errorf("%d frames in a row could not be converted", maxRetrieveFailures))
}

// hurry leaves out frames where decoding falls behind a stream that goes on
// regardless.
func (s *liveSource) hurry(pts time.Duration, now time.Time) {
	if !s.info.Live || s.cap.camera != nil || s.cfg.Keyframes {
		return
	}
	if late := s.catchUp.decoded(s.cap, pts, now); late > 0 {
		s.cfg.Logger.Warn("decoding falls behind: frames up to the next keyframe are left out, now and from time to time; give the camera's substream, fewer cameras, or keyframes: true", "late", late.Round(100*time.Millisecond))
	}
}

// otherSize is the error of a stream whose pictures are of another size now.
func (s *liveSource) otherSize() error {
	m := &s.mats[s.cur]
	w, h := m.Cols(), m.Rows()
	if s.turned {
		w, h = h, w
	}
	if s.cap.camera != nil || !s.have || !otherSize(w, h) {
		return nil
	}
	return ingest.WithCause(ingest.CauseSize,
		fmt.Errorf("its pictures are no longer of %dx%d pixels: %w", m.Cols(), m.Rows(), ingest.ErrNotConnected))
}

// end says why no frame came. OpenCV tells a silent stream, a broken one and
// a finished one alike; time and the promised length tell them apart.
func (s *liveSource) end(waited time.Duration) error {
	const nearly = 9 // tenths of the timeout
	if c := s.cap.camera; c != nil && waited < s.cfg.ReadTimeout/10*nearly {
		if err := c.trouble(); err != nil {
			return ingest.WithCause(ingest.CauseLost, fmt.Errorf("%w: %w", err, ingest.ErrNotConnected))
		}
	}
	switch {
	case waited >= s.cfg.ReadTimeout/10*nearly:
		return ingest.WithCause(ingest.CauseTimeout, fmt.Errorf("no frame within %v: %w", s.cfg.ReadTimeout, ingest.ErrNotConnected))
	case s.have && !s.info.Live:
		return ingest.ErrEndOfStream
	}
	return ingest.WithCause(ingest.CauseLost, fmt.Errorf("the stream broke off: %w", ingest.ErrNotConnected))
}

func (s *liveSource) fail(err error) error {
	s.ended = fmt.Errorf("read %s: %w", s.info.Name, err)
	return s.ended
}

// Close frees the decoder and its pictures, and takes leave of the server.
func (s *liveSource) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if s.cap != nil {
		s.cap.close()
	}
	var err error
	if s.view != nil {
		err = s.view.Close()
	}
	return errors.Join(err, s.mats[0].Close(), s.mats[1].Close())
}
