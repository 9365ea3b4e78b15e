package pipeline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
)

// scripted is a source of made-up frames: a grey picture with a bright square
// whose place, and a label that, depends on the frame's number alone.
type scripted struct {
	n      int64 // frames in all
	seed   uint64
	pool   *frame.Pool
	next   int64
	reads  int // with pictures
	failAt int64
	onRead func(seq int64)
}

var fakeWants = []frame.Want{
	{Width: 8, Height: 8, Fit: frame.FitSquash, Filter: frame.FilterArea},
	{Width: 224, Height: 224, Fit: frame.FitSquash, Filter: frame.FilterArea, Format: frame.Luma},
	{Width: 256, Fit: frame.FitSquash, Filter: frame.FilterLinear},
}

func (s *scripted) Info() ingest.Info { return ingest.Info{Name: "scripted", Frames: s.n} }
func (s *scripted) Close() error      { return nil }

func (s *scripted) draw(seq int64) (r *rand.Rand) { return rand.New(rand.NewPCG(s.seed, uint64(seq))) }

// repeats says whether the frame shows the picture of the one before.
func (s *scripted) repeats(seq int64) bool { return seq > 0 && s.draw(seq).IntN(9) == 0 }

func (s *scripted) shown(seq int64) int64 {
	for s.repeats(seq) {
		seq--
	}
	return seq
}

func (s *scripted) Read(ctx context.Context, f *frame.Frame) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.next == s.n {
		return ingest.ErrEndOfStream
	}
	if s.failAt > 0 && s.next == s.failAt {
		return errors.New("the disk is on fire")
	}
	s.reads++
	if s.onRead != nil {
		s.onRead(s.next)
	}
	f.Prepare(s.pool, fakeWants, 256, 144)
	f.Seq, f.PTS = uint64(s.next), time.Duration(s.next)*40*time.Millisecond
	f.Repeat = s.repeats(s.next)
	r := s.draw(s.shown(s.next))
	r.IntN(9)
	label := byte(r.IntN(3))
	place := r.IntN(160)
	level := byte(90)
	if s.shown(s.next)/50%2 == 1 {
		level = 180 // a cut every fifty frames
	}
	for i := range f.Pictures {
		p := f.Pictures[i]
		for j := range p.Pix {
			p.Pix[j] = level
		}
		if p.Width < 100 {
			p.Pix[0] = label
			continue
		}
		for y := 20; y < 60; y++ {
			row := p.Pix[(y*p.Width+place)*p.Channels:]
			for x := range 40 * p.Channels {
				row[x] = 20
			}
		}
	}
	if s.next > 0 && s.next%97 == 0 {
		f.Break = frame.BreakGap
	}
	s.next++
	return nil
}

func (s *scripted) Skip(_ context.Context, n int64) error {
	s.next += n
	if s.next > s.n {
		return ingest.ErrEndOfStream
	}
	return nil
}

// readFirstByte answers with the class that the scripted source wrote into
// the picture's first byte.
func readFirstByte(_ *frame.Frame, p frame.Picture, probs []float32) error {
	for i := range probs {
		probs[i] = 0.02
	}
	probs[p.Pix[0]] = 0.8
	return nil
}

// log is a recorder that writes down everything an event says.
type log struct {
	lines  []string
	closed bool
	failAt int
}

func (l *log) Record(_ context.Context, ev *event.Event) error {
	if l.failAt > 0 && len(l.lines) == l.failAt {
		return errors.New("no space left on device")
	}
	var b strings.Builder
	if o := ev.Observation; o != nil {
		fmt.Fprintf(&b, "%d %v label %d %.3f prev %.3f change %d %.2f repeat %v cut %v break %v traced %v",
			o.Seq, o.PTS, o.Label, o.Score, o.PrevLabelScore, o.Change, o.ChangeMax, o.Repeat, o.Cut, ev.Break, ev.Traced)
	}
	if ev.Flip {
		fmt.Fprintf(&b, " flip %+v cells %v top %v", ev.FlipAt, ev.ChangedCells, ev.PrevTop)
		fmt.Fprintf(&b, " pictures %d %d %x", ev.Prev.Seq, ev.Cur.Seq, sha256.Sum256(append(append([]byte(nil), ev.Prev.JPEG()...), ev.Cur.JPEG()...)))
	}
	for _, f := range ev.Late {
		fmt.Fprintf(&b, " late %+v", f)
	}
	if w := ev.Window; w != nil {
		fmt.Fprintf(&b, "window %v %v %d pairs %d flips", w.Width, w.At, w.Pairs, w.Flips)
	}
	l.lines = append(l.lines, b.String())
	return nil
}

func (l *log) Close() error { l.closed = true; return nil }

// rig runs a stream over the scripted source.
type rig struct {
	src      *scripted
	sessions int
	delay    bool
	journal  *Journal
	rec      *log
	breakAt  uint64 // the classifier fails at this frame
	smooth   stability.SmoothingConfig
	show     bool // the smoothed labels
	tolerant bool
	failed   func(error)
}

func (r *rig) run(t *testing.T, ctx context.Context) (*Result, error) {
	t.Helper()
	cfg := infertest.Config{Sessions: r.sessions, Script: func(f *frame.Frame, p frame.Picture, probs []float32) error {
		if r.breakAt > 0 && f.Seq == r.breakAt {
			return errors.New("the session died")
		}
		return readFirstByte(f, p, probs)
	}}
	if r.delay {
		cfg.Delay = func(f *frame.Frame) time.Duration {
			return time.Duration((f.Seq*7919)%5) * 200 * time.Microsecond
		}
	}
	c := infertest.New(cfg)
	defer c.Close()
	tracker := stability.DefaultConfig()
	tracker.Windows = []time.Duration{2 * time.Second}
	s, err := New(Config{
		Site: "here", Stream: "cam", Tracker: tracker, Cuts: scene.ModeAdaptive,
		Windows: tracker.Windows, WindowStep: 200 * time.Millisecond, Traces: []int32{1},
		Began: time.Unix(1000, 0), Smoothing: r.smooth, ShowSmoothed: r.show, Tolerant: r.tolerant,
	}, Deps{
		Source: r.src, Classifier: c, ModelPicture: 0, LumaPicture: 1, ThumbPicture: 2,
		Journal: r.journal, Recorders: []event.Recorder{r.rec}, Failed: r.failed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.Run(ctx)
}
