package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/desk"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/web/access"
	"github.com/flipmeter/flipmeter/web/api"
	panel "github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/live"
	"github.com/flipmeter/flipmeter/web/pages"
)

// operating is what people see of the cameras and are told of them: alerts,
// the past, the dashboard.
type operating struct {
	cfg     *configs.Watch
	now     func() time.Time
	desk    *desk.Desk
	history *history.Store // nil: nothing is kept
	board   *panel.Board
	hub     *live.Hub
	guard   *access.Guard
	publish api.Publisher

	mu  sync.Mutex
	bus map[string]*bus.Listener // by camera: who publishes its alerts
}

// How often webhooks hear of an alert that goes on, unless they say so.
const defaultWebhookRemind = 4 * time.Hour

// pictureEvery is how often a live camera's newest picture is shown.
const pictureEvery = 2 * time.Second

func newOperating(cfg *configs.Watch, now func() time.Time, log *slog.Logger) (*operating, error) {
	o := &operating{cfg: cfg, now: now, hub: live.NewHub(live.Config{}), bus: map[string]*bus.Listener{}}
	o.publish = api.Publisher{Hub: o.hub, Log: log.With("component", "web")}
	o.board = panel.New(panel.Config{Now: now, PicturesOff: !cfg.Web.Pictures})
	t, err := termsOf(cfg, now, log)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	t.access.Now = now
	if o.guard, err = access.New(t.access); err != nil {
		return nil, fmt.Errorf("%w: watch.web: %w", ErrUsage, err)
	}
	if cfg.History.MaxAge > 0 {
		o.history, err = history.Open(history.Config{
			Dir: filepath.Join(cfg.Data, "history"), MaxAge: cfg.History.MaxAge, MaxBytes: int64(cfg.History.MaxBytes), Now: now, Log: log,
		})
		if err != nil {
			return nil, err
		}
	}
	o.desk, err = desk.New(desk.Config{
		Rules: t.desk.Rules, RemindEvery: t.desk.RemindEvery, Dir: filepath.Join(cfg.Data, "alerts"), Lanes: t.desk.Lanes,
		Dispatch: dispatch.Config{Drain: cfg.Shutdown / 4}, Transition: o.transition, Notices: o.notices, Now: now, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: watch.alerts: %w", ErrUsage, err)
	}
	return o, nil
}

// firing counts the alerts that fire, those under a silence apart.
func (o *operating) firing() (loud, silenced int) {
	for _, a := range o.desk.Alerts() {
		if a.Silenced {
			silenced++
		} else {
			loud++
		}
	}
	return loud, silenced
}

// widths are those of the windows that every camera must have.
func (o *operating) widths() []time.Duration { return o.withHistory(o.desk.Widths()) }

// withHistory adds the windows that the history keeps.
func (o *operating) withHistory(out []time.Duration) []time.Duration {
	if o.history != nil && !slices.Contains(out, time.Minute) {
		out = append(out, time.Minute)
	}
	return out
}

// listeners are those of one run of a camera.
func (o *operating) listeners(info panel.Info, b *bus.Listener) (shown *panel.Listener, all []event.Listener) {
	o.mu.Lock()
	if b != nil {
		o.bus[info.Name] = b
	}
	o.mu.Unlock()
	shown = o.board.Camera(info)
	all = []event.Listener{shown, judged{o.desk, info.Name}}
	if o.history != nil {
		all = append(all, o.history.Camera(info.Name, info.Epoch, info.Label))
	}
	return shown, all
}

// forget takes a camera out of service that the configuration lists no more.
func (o *operating) forget(camera string) {
	o.mu.Lock()
	publishes := o.bus[camera]
	o.mu.Unlock()
	o.board.Remove(camera)
	o.desk.Remove(camera, func() { // the end of what fires for it is published, too
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.bus[camera] == publishes { // and not of one that came after it
			delete(o.bus, camera)
		}
	})
}

// judged lets the rules see a camera's windows and states.
type judged struct {
	desk   *desk.Desk
	camera string
}

func (j judged) Notify(ev *event.Event) {
	if ev.State != nil && ev.State.State == string(ingest.StatePaused) {
		j.desk.Remove(j.camera, nil) // somebody knows that nothing comes
	} else if ev.State != nil {
		j.desk.Health(j.camera, ev.State.State)
	}
	if ev.Window != nil {
		j.desk.Window(j.camera, ev.Window)
	}
}

// transition publishes a change of a rule's state.
func (o *operating) transition(at time.Time, t *alerts.Transition) {
	o.mu.Lock()
	b := o.bus[t.Stream]
	o.mu.Unlock()
	if b != nil {
		b.NotifyAlert(at, t)
	}
}

// notices are kept, and pages look anew.
func (o *operating) notices(list []alerts.Notice) {
	if o.history != nil {
		o.history.Notices(list)
	}
	o.publish.Alerts(list)
}

// handler is the dashboard with its API.
func (o *operating) handler(cfg api.Config) http.Handler {
	cfg.Board, cfg.Hub, cfg.Guard, cfg.Alerting = o.board, o.hub, o.guard, o.desk
	if o.history != nil {
		cfg.History, cfg.Report = o.history, o.report
	}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api.Handler(cfg))
	mux.Handle("/", pages.Handler(o.guard))
	return mux
}

// run lets the parts run until ctx is done: what people see, then the rules,
// then what is kept.
func (o *operating) run(ctx context.Context) error {
	runs := []func(context.Context) error{
		func(ctx context.Context) error { return o.board.Run(ctx, o.publish) },
		o.desk.Run,
	}
	errs := make([]error, len(runs)+1)
	var wg sync.WaitGroup
	for i, run := range runs {
		wg.Go(func() { errs[i] = run(ctx) })
	}
	if o.history == nil {
		wg.Wait()
		return errors.Join(errs...)
	}
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		errs[len(runs)] = o.history.Run(keeping)
	}()
	wg.Wait()
	stop()
	<-done
	return errors.Join(errs...)
}

// stages is what the system page shows of the program.
func (w *watching) stages() map[string]any {
	i := w.models.inference()
	out := map[string]any{"batches": i.Batches, "classified_frames": i.Frames, "inference_seconds": i.Busy.Seconds()}
	if w.publisher != nil {
		s := w.publisher.Stats()
		out["events_published"], out["events_stored"], out["events_lost"] = s.Published, s.Stored, s.Lost
	}
	if w.operate.history != nil {
		out["history_lost"] = w.operate.history.Lost()
	}
	return out
}

// configurationText is the configuration in force, secrets masked.
func configurationText(cfg *configs.Config) string {
	var b strings.Builder
	if err := configs.Print(&b, cfg, false); err != nil {
		return "# " + err.Error() + "\n"
	}
	return b.String()
}
