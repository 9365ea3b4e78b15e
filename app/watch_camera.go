package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
	panel "github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/metrics"
)

const (
	// liveInFlight is how many frames of a camera are classified at once:
	// one that runs, and one that is ready when it has run.
	liveInFlight = 2
	// noiseOver is how far the change map of a camera looks back.
	noiseOver = time.Minute
	// tryAgain is after how long a camera that failed by itself, and not by
	// its source, is begun anew.
	tryAgain = time.Minute
)

// follower follows one camera, from a model that is there already.
type follower struct {
	*means
	w   *watching
	cam configs.Camera
	log *slog.Logger

	metrics *metrics.Camera
	bus     *bus.Listener // nil: not published
	shown   *panel.Listener
	drops   *drops
	all     []event.Listener
}

func (w *watching) newFollower(cam configs.Camera, ready *means) *follower {
	return &follower{means: ready, w: w, cam: cam, log: w.log.With("camera", cam.Name), metrics: w.counters(cam.Name)}
}

// measures are those of a camera, with the windows that rules and the history
// need besides its own; step is between two of their events, 0 without windows.
func (w *watching) measures(s *configs.CameraSettings) (m stability.Config, step time.Duration) {
	m = s.Measures.Stability()
	for _, width := range w.operate.widths() {
		if !slices.Contains(m.Windows, width) {
			m.Windows = append(slices.Clone(m.Windows), width)
		}
	}
	if len(m.Windows) > 0 {
		step = slices.Min(m.Windows) / windowsPerWidth
	}
	return m, step
}

var _ attendant = (*follower)(nil)

// pause tells that somebody halted it.
func (f *follower) pause(at time.Time) {
	f.log.Info("state", "state", string(ingest.StatePaused))
	f.notify(&event.Event{At: at, State: &event.Health{State: string(ingest.StatePaused), Since: at}})
}

// follow runs until ctx is done. The model is released then.
func (f *follower) follow(ctx context.Context) {
	defer func() {
		if err := f.w.discard(f.means); err != nil {
			f.log.Warn("end of a camera", "error", err)
		}
	}()
	for {
		err := f.run(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !errors.Is(err, ingest.ErrPermanent) {
			f.log.Error("the camera can't be followed", "error", err, "again_after", tryAgain)
			if f.w.o.Wait(ctx, tryAgain) != nil {
				return
			}
			continue
		}
		<-ctx.Done() // it ended, or will never work: its state stays to be seen
	}
}

// run follows the camera over all its reconnects, until its source ends or
// ctx is done.
func (f *follower) run(ctx context.Context) (err error) {
	began := f.w.o.Now()
	f.listen(began)
	defer func() {
		if err != nil && !errors.Is(err, ingest.ErrPermanent) {
			now := f.w.o.Now()
			f.notify(&event.Event{At: now, State: &event.Health{State: string(ingest.StateFailed), Since: now, Error: err.Error()}})
		}
	}()
	want := wantsFor(f.classifier.Model())
	if c := &f.w.cfg.Watch; f.cam.Settings.Cuts == string(scene.ModeOff) && !c.Web.Pictures && (!c.NATS.Pictures || f.bus == nil) {
		want = want.withoutThumb() // nobody would see it
	}
	pool := newPool()
	reader, err := f.reader(want, pool)
	if err != nil {
		return err
	}
	queue := ingest.NewQueue(ingest.QueueConfig{
		Policy: f.policy(), Size: f.cam.Settings.QueueSize, Info: reader.Info, OnDrop: f.dropped,
	})
	measures, step := f.w.measures(&f.cam.Settings)
	cfg := pipeline.Config{
		Site: f.w.cfg.Watch.NATS.Site, Stream: f.cam.Name, Tracker: measures, Cuts: scene.Mode(f.cam.Settings.Cuts),
		Windows: measures.Windows, WindowStep: step, InFlight: liveInFlight, Tolerant: true, NoiseOver: noiseOver, Began: began,
		Traces: f.traces,
	}
	if f.w.cfg.Watch.Web.Pictures {
		cfg.PictureEvery = pictureEvery
	}
	deps := pipeline.Deps{Source: queue, Classifier: f.classifier, Listeners: f.all, Failed: f.classifyFailed}
	want.deps(&deps)
	stream, err := pipeline.New(cfg, deps)
	if err != nil {
		return err
	}

	reading, stop := context.WithCancel(ctx)
	pumped := make(chan error, 1)
	go func() { pumped <- pump(reading, reader, queue) }()
	res, err := stream.Run(ctx)
	stop()
	err = errors.Join(err, <-pumped, queue.Close())
	f.drops.flush()
	if err != nil || ctx.Err() != nil {
		return err
	}
	if errors.Is(res.Ending, ingest.ErrEndOfStream) {
		return nil
	}
	return res.Ending
}

// pump moves frames from the reader to the queue. Why it stopped is what the
// queue says after the last frame.
func pump(ctx context.Context, r *ingest.Reader, q *ingest.Queue) error {
	var f frame.Frame
	for {
		err := r.Read(ctx, &f)
		if err == nil {
			err = q.Push(ctx, &f)
		}
		if err == nil {
			continue
		}
		f.Release()
		if errors.Is(err, ingest.ErrPermanent) {
			// The stream ends in order; its state says why.
			err = fmt.Errorf("%w: %w", err, ingest.ErrEndOfStream)
		}
		q.End(err)
		return r.Close()
	}
}

// listen makes the listeners of one run, which is told from the one before
// by its epoch.
func (f *follower) listen(began time.Time) {
	f.all = []event.Listener{f.metrics, f.w.board}
	if p := f.w.publisher; p != nil {
		f.bus = p.Listener(bus.Stream{
			Site: f.w.cfg.Watch.NATS.Site, Camera: f.cam.Name, Label: f.classifier.Model().Label,
			Epoch: bus.NewEpoch(began), Start: began, Traces: f.traceNames(),
		})
		f.all = append(f.all, f.bus)
	}
	var more []event.Listener
	f.shown, more = f.w.operate.listeners(panel.Info{
		Name: f.cam.Name, Epoch: bus.NewEpoch(began), Site: f.w.cfg.Watch.NATS.Site, Source: ingest.RedactURL(f.cam.URL), Model: f.classifier.Model().Name, Label: f.classifier.Model().Label,
	}, f.bus)
	f.all = append(f.all, more...)
	f.all = append(f.all, f.w.o.Listeners...)
	f.drops = newDrops(func(d event.Drop) {
		// The metrics have counted them one by one.
		ev := event.Event{Site: f.w.cfg.Watch.NATS.Site, Camera: f.cam.Name, At: f.w.o.Now(), Drop: &d}
		for _, l := range f.all[1:] {
			l.Notify(&ev)
		}
	})
}

func (f *follower) traceNames() (names []string) {
	for _, class := range f.traces {
		names = append(names, f.classifier.Model().Label(class))
	}
	return names
}

func (f *follower) notify(ev *event.Event) {
	ev.Site, ev.Camera = f.w.cfg.Watch.NATS.Site, f.cam.Name
	for _, l := range f.all {
		l.Notify(ev)
	}
}

// reader makes what reads the camera, again and again.
func (f *follower) reader(want wants, pool *frame.Pool) (*ingest.Reader, error) {
	open, live, err := f.w.decoding.opener(f.cam, want, pool, f.log)
	if err != nil {
		return nil, err
	}
	s := f.cam.Settings
	cfg := ingest.ReaderConfig{
		Open: func(ctx context.Context) (ingest.Source, error) {
			src, err := open(ctx)
			if err == nil {
				f.opened(src.Info())
			}
			return src, err
		},
		Live: live, Loop: s.AtEnd == "loop", Pace: s.Speed == "real",
		// OpenCV's own timeout tells more, so it goes first.
		OpenTimeout: s.OpenTimeout + s.ReadTimeout + openMargin, ReadTimeout: s.ReadTimeout + readMargin,
		StallAfter: s.StallAfter, FrozenAfter: s.FrozenAfter,
		Now: f.w.o.Now, Wait: f.w.o.Wait, OnStatus: f.status, OnLost: f.lost, OnDrop: f.dropped,
	}
	if !live {
		cfg.Stride, cfg.FPS = s.Stride, s.FPS
	}
	if s.AtEnd == configs.AtEndWait && !live { // the next file comes when it comes
		cfg.Pace, cfg.OpenTimeout, cfg.ReadTimeout = false, 0, 0
	}
	return ingest.NewReader(cfg), nil
}

// Margins over OpenCV's own timeouts: it starts a process, connects, and asks
// the server once more why it does not answer; its reads end a little late.
const (
	openMargin = 8 * time.Second
	readMargin = 2 * time.Second
)

func (f *follower) policy() ingest.Policy {
	s := f.cam.Settings
	switch s.Queue {
	case string(ingest.Block), string(ingest.DropOldest):
		return ingest.Policy(s.Queue)
	}
	if s.Speed == "max" || s.AtEnd == configs.AtEndWait {
		return ingest.Block
	}
	return ingest.DropOldest
}

// opened notes the identity of the results from now on.
func (f *follower) opened(info ingest.Info) {
	f.log.Info("opened", "source", info.Name, "width", info.Width, "height", info.Height, "fps", info.FPS)
	want := wantsFor(f.classifier.Model())
	crop := report.CropOf(want.list[want.model], info.Width, info.Height)
	f.shown.SetCrop([4]float64{crop.X, crop.Y, crop.W, crop.H})
	if f.bus == nil {
		return
	}
	s := f.cam.Settings
	hash := identityOf(f.classifier.Model(), info, &AnalyzeOptions{labelMap: f.labelMap, Stride: s.Stride, Measures: s.Measures.Stability(), Cuts: s.Cuts}).Hash()
	if s.FPS > 0 { // neighbours are further apart
		sum := sha256.Sum256(fmt.Appendf(nil, "%s fps %v", hash, s.FPS))
		hash = hex.EncodeToString(sum[:])
	}
	if s.Keyframes {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s keyframes", hash))
		hash = hex.EncodeToString(sum[:])
	}
	f.bus.SetIdentity(hash)
}

func (f *follower) status(s ingest.Status) {
	h := event.Health{State: string(s.State), Since: s.Since}
	if s.Err != nil {
		h.Error = oneLine{s.Err}.Error()
	}
	level := slog.LevelInfo
	if s.State == ingest.StateFailed {
		level = slog.LevelError
	}
	f.log.Log(context.Background(), level, "state", "state", h.State, "error", h.Error)
	f.notify(&event.Event{At: s.Since, State: &h})
}

func (f *follower) lost(cause ingest.Cause, _ error) {
	f.metrics.Lost(string(cause), slices.Contains(childCauses(), cause))
}

func (f *follower) dropped(reason ingest.DropReason, n int) {
	f.metrics.Notify(&event.Event{Camera: f.cam.Name, Drop: &event.Drop{Reason: string(reason), Frames: n}})
	f.drops.add(string(reason), n)
}

func (f *follower) classifyFailed(err error) {
	f.dropped(ingest.DropClassify, 1)
	f.log.Debug("a frame could not be classified", "error", err)
}
