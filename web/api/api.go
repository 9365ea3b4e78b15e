package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/web/access"
	"github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/live"
)

// Alerting is what the API needs of package alerts/desk.
type Alerting interface {
	Alerts() []alerts.Alert
	Silences() []alerts.Silence
	Silence(s alerts.Silence) (alerts.Silence, error)
	EndSilence(id string) bool
	Receivers() []dispatch.Stats
}

// Controls changes cameras. An error that wraps ErrNoCamera, ErrConflict or
// ErrInvalid is the client's, and one that wraps ErrUnavailable passes.
type Controls interface {
	Pause(ctx context.Context, camera string) error
	Resume(ctx context.Context, camera string) error
	// Add and Remove are only called if Config.MayAdd is set.
	Add(ctx context.Context, name, source string) error
	Remove(ctx context.Context, camera string) error
}

// What Controls says of a client's mistakes.
var (
	ErrNoCamera = errors.New("there is no such camera")
	ErrConflict = errors.New("that is so already")
	ErrInvalid  = errors.New("not valid")
)

// ErrUnavailable is what Controls says where it can't do it now.
var ErrUnavailable = errors.New("not possible now")

// History is what the API needs of package history.
type History interface {
	Windows(ctx context.Context, q history.Query) ([]history.Series, error)
	Flips(ctx context.Context, q history.Query) ([]history.Flip, error)
	Alerts(ctx context.Context, q history.Query) ([]alerts.Notice, error)
	// Newest is until when there is something of a camera, "" is of all: now,
	// or later where the wall clock was set back.
	Newest(ctx context.Context, camera string, now time.Time) (time.Time, error)
}

// Config is what the API shows. Board, Hub and Guard are needed; without the
// others, what they would tell is not there.
type Config struct {
	Board    *board.Board
	Hub      *live.Hub
	Guard    *access.Guard
	Alerting Alerting
	Controls Controls
	// MayAdd lets admins add cameras and remove them.
	MayAdd  bool
	History History
	// Report draws a page of the past; it is only called with History set.
	Report func(ctx context.Context, w io.Writer, q history.Query) error
	// System tells of queues, drops, sessions and batches, as name and
	// value; nil is nothing.
	System func() map[string]any
	// Configuration is the configuration file as it is in force, secrets
	// masked.
	Configuration func() string
	Version       string
	Started       time.Time
	Now           func() time.Time // nil is time.Now
	Log           *slog.Logger
}

// Handler is the API. It belongs inside Guard.Wrap.
func Handler(cfg Config) http.Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := newServer(cfg)
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, r := range s.routes() {
		mux.Handle(r.method+" "+prefix+r.path, cfg.Guard.Require(r.role, noStore(r.handler)))
		methods[r.path] = append(methods[r.path], r.method)
	}
	// What is there, but not by that method, and what is not there at all.
	for path, allowed := range methods {
		mux.Handle(prefix+path, cfg.Guard.Require(access.Viewer, notAllowed(allowed)))
	}
	mux.Handle(prefix+"/", cfg.Guard.Require(access.Viewer, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		access.Problem(w, http.StatusNotFound, "there is nothing here: "+prefix+"/openapi.json says what there is")
	})))
	return mux
}

const prefix = "/api/v1"

func noStore(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next(w, r)
	})
}

func notAllowed(methods []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, m := range methods {
			w.Header().Add("Allow", m)
		}
		access.Problem(w, http.StatusMethodNotAllowed, "this takes another method")
	})
}

type server struct {
	cfg  Config
	past chan struct{} // holds one for each question about the past that is being answered
}

// atOnce is how many questions about the past are answered at a time: each
// may read a year of files.
const atOnce = 2

func newServer(cfg Config) *server {
	return &server{cfg: cfg, past: make(chan struct{}, atOnce)}
}

// inTurn lets questions about the past wait for each other.
func (s *server) inTurn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		patience := time.NewTimer(10 * time.Second)
		defer patience.Stop()
		select {
		case s.past <- struct{}{}:
			defer func() { <-s.past }()
			next(w, r)
			return
		case <-patience.C:
		case <-r.Context().Done():
		}
		w.Header().Set("Retry-After", "10")
		access.Problem(w, http.StatusServiceUnavailable, "others are asking about the past")
	}
}

// route is one operation: how it is served, and how it is described.
type route struct {
	method, path string
	role         access.Role
	handler      http.HandlerFunc
	id, summary  string
	query        []param
	body         any // of the request; nil is none
	status       int // of success
	answer       any // of success, as JSON; nil is none, or media
	media        string
	errors       []int
}

// param is a part of the query.
type param struct{ name, kind, doc string }

func (s *server) routes() []route {
	const (
		get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
		viewer, admin  = access.Viewer, access.Admin
		ok, none       = http.StatusOK, http.StatusNoContent
	)
	limit := param{"limit", "integer", "at most so many, 1 to 1000, 100 unless given"}
	since := param{"since", "date-time", "not before then"}
	until := param{"until", "date-time", "before then; now unless given, or up to a day later where the wall clock was set back and there is something"}
	camera := param{"camera", "string", "of this camera only"}
	return []route{
		{get, "/cameras", viewer, s.cameras, "listCameras", "All cameras as they are now", nil, nil, ok, []board.Camera{}, "", nil},
		{post, "/cameras", admin, s.addCamera, "addCamera", "Add a camera, if the configuration allows it", nil, NewCamera{}, http.StatusCreated, nil, "", []int{400, 403, 409, 413, 415, 503}},
		{get, "/cameras/{camera}", viewer, s.camera, "getCamera", "One camera with its recent labels and flips",
			[]param{{"flips", "boolean", "false leaves the flips out"}}, nil, ok, board.Detail{}, "", []int{400, 404}},
		{del, "/cameras/{camera}", admin, s.removeCamera, "removeCamera", "Take a camera out of service, if the configuration allows it", nil, nil, none, nil, "", []int{403, 404, 503}},
		{post, "/cameras/{camera}/pause", admin, s.pause, "pauseCamera", "Stop reading a camera", nil, nil, none, nil, "", []int{404, 409, 503}},
		{post, "/cameras/{camera}/resume", admin, s.resume, "resumeCamera", "Read a paused camera again", nil, nil, none, nil, "", []int{404, 409, 503}},
		{get, "/cameras/{camera}/picture", viewer, s.picture, "getPicture", "The newest picture", nil, nil, ok, nil, "image/jpeg", []int{404}},
		{get, "/cameras/{camera}/flips/{flip}/before", viewer, s.flipPicture, "getPictureBefore", "The picture before a flip", nil, nil, ok, nil, "image/jpeg", []int{404}},
		{get, "/cameras/{camera}/flips/{flip}/after", viewer, s.flipPicture, "getPictureAfter", "The picture after a flip", nil, nil, ok, nil, "image/jpeg", []int{404}},
		{get, "/flips", viewer, s.flips, "listFlips", "Recent flips, newest first",
			[]param{camera, {"kind", "string", "pending, glitch, transition, churn or censored"}, {"unexplained", "boolean", "only those that nothing explains"}, since, limit}, nil, ok, []board.Flip{}, "", []int{400}},
		{get, "/alerts", viewer, s.alerts, "listAlerts", "What fires now", nil, nil, ok, []alerts.Alert{}, "", nil},
		{get, "/silences", viewer, s.silences, "listSilences", "Silences that hold, will hold, or ended within a day", nil, nil, ok, []alerts.Silence{}, "", nil},
		{post, "/silences", admin, s.silence, "addSilence", "Keep alerts from being told for some time", nil, NewSilence{}, http.StatusCreated, alerts.Silence{}, "", []int{400, 413, 415}},
		{del, "/silences/{silence}", admin, s.endSilence, "endSilence", "End a silence now", nil, nil, none, nil, "", []int{404}},
		{get, "/history/windows", viewer, s.inTurn(s.historyWindows), "listHistory", "Measures of past hours and days, in steps",
			[]param{camera, since, until, {"step", "string", "width of a step, as 5m; chosen by the stretch unless given"}}, nil, ok, []history.Series{}, "", []int{400, 404, 503}},
		{get, "/history/flips", viewer, s.inTurn(s.historyFlips), "listPastFlips", "Flips of the past, newest first",
			[]param{camera, since, until, limit}, nil, ok, []history.Flip{}, "", []int{400, 404, 503}},
		{get, "/history/alerts", viewer, s.inTurn(s.historyAlerts), "listPastAlerts", "What receivers were told, newest first",
			[]param{camera, since, until, limit}, nil, ok, []alerts.Notice{}, "", []int{400, 404, 503}},
		{get, "/history/report", viewer, s.inTurn(s.historyReport), "getReport", "The page of flipmeter report for a stretch of time",
			[]param{camera, since, until}, nil, ok, nil, "text/html", []int{400, 404, 503}},
		{get, "/system", viewer, s.system, "getSystem", "How the program itself is doing", nil, nil, ok, System{}, "", nil},
		{get, "/configuration", admin, s.configuration, "getConfiguration", "The configuration in force, secrets masked", nil, nil, ok, Configuration{}, "", []int{404}},
		{get, "/events", viewer, s.events, "streamEvents", "Updates as server-sent events: hello, camera, flip, alerts, removed",
			[]param{camera}, nil, ok, nil, "text/event-stream", []int{503}},
		{get, "/openapi.json", viewer, s.openapi, "getDescription", "This description", nil, nil, ok, map[string]any{}, "", nil},
	}
}
