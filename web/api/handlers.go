package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/web/access"
	"github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/live"
)

// NewCamera asks for a camera.
type NewCamera struct {
	Name string `json:"name"`
	// Source is an rtsp, rtsps, http or https address.
	Source string `json:"source"`
}

// NewSilence asks for a silence: Until or DurationS says how long.
type NewSilence struct {
	Camera    string    `json:"camera"`
	Rule      string    `json:"rule"`
	From      time.Time `json:"from,omitzero"`
	Until     time.Time `json:"until,omitzero"`
	DurationS int64     `json:"duration_s,omitempty"`
	Comment   string    `json:"comment"`
}

// System is how the program itself is doing.
type System struct {
	Version   string           `json:"version"`
	Started   time.Time        `json:"started"`
	Role      string           `json:"role"` // of who asks
	MayAdd    bool             `json:"may_add"`
	MayPause  bool             `json:"may_pause"`
	Events    live.Stats       `json:"events"`
	Receivers []dispatch.Stats `json:"receivers"`
	// PicturesDropped had nobody with the time to encode them.
	PicturesDropped int64 `json:"pictures_dropped"`
	// Stages are queues, drops, sessions and batches, by name.
	Stages map[string]any `json:"stages"`
}

// Configuration is the configuration in force.
type Configuration struct {
	YAML string `json:"yaml"`
}

func (s *server) cameras(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, 200, s.cfg.Board.Cameras())
}

func (s *server) camera(w http.ResponseWriter, r *http.Request) {
	q := newQuery(r)
	brief := q.oneOf("flips", "", "true", "false") == "false"
	if !q.ok(w) {
		return
	}
	d, ok := s.cfg.Board.Get(r.PathValue("camera"))
	if !ok {
		noCamera(w)
		return
	}
	if brief {
		d.Flips = []board.Flip{}
	}
	s.answer(w, 200, d)
}

func noCamera(w http.ResponseWriter) {
	access.Problem(w, http.StatusNotFound, "there is no camera of that name")
}

var cameraName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (s *server) addCamera(w http.ResponseWriter, r *http.Request) {
	if !s.mayAdd(w) {
		return
	}
	var c NewCamera
	if !readBody(w, r, &c) {
		return
	}
	var wrong []string
	if !cameraName.MatchString(c.Name) {
		wrong = append(wrong, "name: must be 1 to 64 letters, digits, _ or -")
	}
	if err := checkSource(c.Source); err != nil {
		wrong = append(wrong, "source: "+err.Error())
	}
	if wrong != nil {
		access.Problem(w, http.StatusBadRequest, "the camera is not valid", wrong...)
		return
	}
	if !s.failed(w, r, s.cfg.Controls.Add(r.Context(), c.Name, c.Source)) {
		w.WriteHeader(http.StatusCreated)
	}
}

// checkSource lets live cameras in, and nothing that could reach a file of
// this machine: no file, no device, and no playlist, whose entries may name
// one. It never quotes the address, which may hold a password.
func checkSource(source string) error {
	u, err := url.Parse(source)
	if err != nil || len(source) > 2048 || strings.ContainsFunc(source, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return errors.New("is not an address")
	}
	switch u.Scheme {
	case "rtsp", "rtsps", "http", "https":
	default:
		return errors.New("must be an rtsp, rtsps, http or https address; others are for the configuration file only")
	}
	if u.Hostname() == "" || u.Opaque != "" {
		return errors.New("must name a host")
	}
	whole := strings.ToLower(u.Path + "?" + u.RawQuery)
	for _, ext := range [...]string{".m3u", ".mpd", ".pls", ".asx", ".xspf", ".ffconcat", ".concat", ".sdp", ".smil"} {
		if strings.Contains(whole, ext) {
			return errors.New("must not be a playlist: its entries could name files; such sources are for the configuration file only")
		}
	}
	if (u.Scheme == "http" || u.Scheme == "https") && path.Ext(u.Path) == ".txt" {
		return errors.New("must not be a text file")
	}
	return nil
}

func (s *server) mayAdd(w http.ResponseWriter) bool {
	if s.cfg.MayAdd && s.cfg.Controls != nil {
		return true
	}
	access.Problem(w, http.StatusForbidden, "cameras are added in the configuration file; web.may_add_cameras allows it here")
	return false
}

func (s *server) removeCamera(w http.ResponseWriter, r *http.Request) {
	if s.mayAdd(w) && !s.failed(w, r, s.cfg.Controls.Remove(r.Context(), r.PathValue("camera"))) {
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *server) pause(w http.ResponseWriter, r *http.Request)  { s.control(w, r, Controls.Pause) }
func (s *server) resume(w http.ResponseWriter, r *http.Request) { s.control(w, r, Controls.Resume) }

// retryAfter is when to ask again for what was not possible, in seconds.
const retryAfter = "5"

// failed answers with an error, if there is one.
func (s *server) failed(w http.ResponseWriter, r *http.Request, err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, ErrNoCamera):
		noCamera(w)
	case errors.Is(err, ErrConflict):
		access.Problem(w, http.StatusConflict, err.Error())
	case errors.Is(err, ErrInvalid):
		access.Problem(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, ErrUnavailable):
		w.Header().Set("Retry-After", retryAfter)
		access.Problem(w, http.StatusServiceUnavailable, err.Error())
	default:
		s.cfg.Log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		access.Problem(w, http.StatusInternalServerError, "it failed; the log says why")
	}
	return true
}

func (s *server) picture(w http.ResponseWriter, r *http.Request) {
	jpeg, _ := s.cfg.Board.Picture(r.PathValue("camera"))
	writeJPEG(w, jpeg)
}

func (s *server) flipPicture(w http.ResponseWriter, r *http.Request) {
	before, after := s.cfg.Board.FlipPictures(r.PathValue("camera"), r.PathValue("flip"))
	if strings.HasSuffix(r.URL.Path, "/before") {
		after = before
	}
	if after != nil {
		// A flip's pictures never change; they are personal data, so only
		// the browser itself may keep them.
		w.Header().Set("Cache-Control", "private, max-age=3600, immutable")
	}
	writeJPEG(w, after)
}

func writeJPEG(w http.ResponseWriter, data []byte) {
	if data == nil {
		access.Problem(w, http.StatusNotFound, "there is no such picture, or not any more")
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // who left does not want it
}

func (s *server) flips(w http.ResponseWriter, r *http.Request) {
	q := newQuery(r)
	f := board.Filter{Camera: q.text("camera"), Kind: q.oneOf("kind", "", "pending", "glitch", "transition", "churn", "censored"),
		Unexplained: q.oneOf("unexplained", "", "true", "false") == "true", Since: q.time("since"), Limit: q.limit()}
	if q.ok(w) {
		s.answer(w, 200, s.cfg.Board.Flips(f))
	}
}

func (s *server) alerts(w http.ResponseWriter, _ *http.Request) {
	list := []alerts.Alert{}
	if s.cfg.Alerting != nil {
		list = append(list, s.cfg.Alerting.Alerts()...)
	}
	s.answer(w, 200, list)
}

func (s *server) silences(w http.ResponseWriter, _ *http.Request) {
	list := []alerts.Silence{}
	if s.cfg.Alerting != nil {
		list = append(list, s.cfg.Alerting.Silences()...)
	}
	s.answer(w, 200, list)
}

func (s *server) silence(w http.ResponseWriter, r *http.Request) {
	var n NewSilence
	if !readBody(w, r, &n) {
		return
	}
	const longest = int64(alerts.MaxSilence / time.Second)
	if (n.DurationS != 0) == !n.Until.IsZero() || n.DurationS < 0 || n.DurationS > longest {
		access.Problem(w, http.StatusBadRequest, "the silence is not valid", "until: either this or duration_s (1 to "+strconv.FormatInt(longest, 10)+") must be given")
		return
	}
	if s.cfg.Alerting == nil {
		access.Problem(w, http.StatusBadRequest, "there are no alert rules to silence")
		return
	}
	v := alerts.Silence{Camera: n.Camera, Rule: n.Rule, From: n.From, Until: n.Until, Comment: n.Comment, By: access.From(r.Context()).Name}
	if n.DurationS > 0 {
		v.Lasting = true
		if v.From.IsZero() {
			v.From = s.cfg.Now()
		}
		v.Until = v.From.Add(time.Duration(n.DurationS) * time.Second)
	}
	made, err := s.cfg.Alerting.Silence(v)
	if err != nil {
		access.Problem(w, http.StatusBadRequest, "the silence is not valid", strings.Split(err.Error(), "\n")...)
		return
	}
	s.answer(w, http.StatusCreated, made)
}

func (s *server) endSilence(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Alerting == nil || !s.cfg.Alerting.EndSilence(r.PathValue("silence")) {
		access.Problem(w, http.StatusNotFound, "there is no such silence, or it has ended")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) system(w http.ResponseWriter, r *http.Request) {
	v := System{
		Version: s.cfg.Version, Started: s.cfg.Started.UTC(), Role: access.From(r.Context()).Role.String(), MayAdd: s.cfg.MayAdd && s.cfg.Controls != nil, MayPause: s.cfg.Controls != nil,
		Events: s.cfg.Hub.Stats(), Receivers: []dispatch.Stats{}, PicturesDropped: s.cfg.Board.PicturesDropped(), Stages: map[string]any{},
	}
	if s.cfg.Alerting != nil {
		v.Receivers = append(v.Receivers, s.cfg.Alerting.Receivers()...)
	}
	if s.cfg.System != nil {
		v.Stages = s.cfg.System()
	}
	s.answer(w, 200, v)
}

func (s *server) configuration(w http.ResponseWriter, _ *http.Request) {
	if s.cfg.Configuration == nil {
		access.Problem(w, http.StatusNotFound, "there is no configuration file")
		return
	}
	s.answer(w, 200, Configuration{YAML: s.cfg.Configuration()})
}

// events streams updates. Everybody hears of all cameras in short, and of
// the one that is asked for at length.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	camera := r.URL.Query().Get("camera")
	err := s.cfg.Hub.Serve(w, r, func(topic string) bool { return topic == "" || camera != "" && topic == camera })
	if err != nil {
		w.Header().Set("Retry-After", "10")
		access.Problem(w, http.StatusServiceUnavailable, err.Error())
	}
}

// answer writes JSON.
func (s *server) answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		s.cfg.Log.Error("an answer could not be encoded", "error", err)
		access.Problem(w, http.StatusInternalServerError, "the answer could not be encoded")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // who left does not want it
}
