package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/web/access"
)

// maxBody bounds what a request may say.
const maxBody = 64 << 10

// readBody reads a JSON body into v, or answers what is wrong with it:
// unknown keys, something behind it, too much of it.
func readBody(w http.ResponseWriter, r *http.Request, v any) bool {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		access.Problem(w, http.StatusUnsupportedMediaType, "the body must be application/json")
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is something behind it")
		}
	}
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return true
	case errors.As(err, &large):
		access.Problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body must have at most %d bytes", maxBody))
	default:
		access.Problem(w, http.StatusBadRequest, "the body can't be read", bodyError(err))
	}
	return false
}

// bodyError says what is wrong with a body, without quoting it.
func bodyError(err error) string {
	var kind *json.UnmarshalTypeError
	switch text := err.Error(); {
	case errors.As(err, &kind):
		return kind.Field + ": must be a " + kind.Type.String()
	case strings.HasPrefix(text, "json: unknown field "):
		return strings.TrimPrefix(text, "json: ")
	case strings.HasPrefix(text, "there is"):
		return text
	}
	return "it is not the JSON that is described"
}

func (s *server) control(w http.ResponseWriter, r *http.Request, f func(Controls, context.Context, string) error) {
	if s.cfg.Controls == nil {
		noCamera(w)
		return
	}
	if !s.failed(w, r, f(s.cfg.Controls, r.Context(), r.PathValue("camera"))) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// query reads a request's query and collects what is wrong with it.
type query struct {
	values url.Values
	seen   []string
	wrong  []string
}

func newQuery(r *http.Request) *query { return &query{values: r.URL.Query()} }

func (q *query) text(name string) string {
	q.seen = append(q.seen, name)
	return q.values.Get(name)
}

func (q *query) bad(name, what string) { q.wrong = append(q.wrong, name+": "+what) }

func (q *query) oneOf(name string, values ...string) string {
	v := q.text(name)
	if !slices.Contains(values, v) {
		q.bad(name, "must be one of "+strings.Join(values[1:], ", "))
	}
	return v
}

func (q *query) time(name string) time.Time {
	v := q.text(name)
	if v == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		q.bad(name, "must be a time as 2026-05-01T12:00:00Z")
	}
	return t
}

func (q *query) limit() int {
	v := q.text("limit")
	if v == "" {
		return 100
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1000 {
		q.bad("limit", "must be a number from 1 to 1000")
	}
	return n
}

func (q *query) duration(name string) time.Duration {
	v := q.text(name)
	if v == "" {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		q.bad(name, "must be a duration as 5m")
	}
	return d
}

// ok answers what is wrong, a parameter that does not exist included.
func (q *query) ok(w http.ResponseWriter) bool {
	for name := range q.values {
		if !slices.Contains(q.seen, name) {
			q.bad("query", "has a parameter that does not exist")
		}
	}
	if q.wrong == nil {
		return true
	}
	slices.Sort(q.wrong)
	access.Problem(w, http.StatusBadRequest, "the query is not valid", slices.Compact(q.wrong)...)
	return false
}

// longestHistory bounds one question about the past.
const longestHistory = 366 * 24 * time.Hour

func (s *server) historyQuery(w http.ResponseWriter, r *http.Request, past bool) (history.Query, bool) {
	q := newQuery(r)
	h := history.Query{Camera: q.text("camera"), Since: q.time("since"), Until: q.time("until")}
	if past {
		h.Limit = q.limit()
	} else {
		h.Step = q.duration("step")
	}
	toNow := h.Until.IsZero()
	if toNow {
		h.Until = s.cfg.Now()
	}
	if h.Since.IsZero() {
		h.Since = h.Until.Add(-24 * time.Hour)
	}
	if toNow && s.cfg.History != nil {
		var err error
		if h.Until, err = s.cfg.History.Newest(r.Context(), h.Camera, h.Until); s.failed(w, r, err) {
			return h, false
		}
	}
	if span := h.Until.Sub(h.Since); span <= 0 || span > longestHistory {
		q.bad("since", "must lie before until, by at most 366 days")
	} else if h.Step > 0 && (h.Step < time.Minute || span/h.Step > 10_000) {
		q.bad("step", "must be a minute or more, and give at most 10000 steps")
	}
	if !q.ok(w) {
		return h, false
	}
	if s.cfg.History == nil {
		access.Problem(w, http.StatusNotFound, "no history is kept")
		return h, false
	}
	return h, true
}

func (s *server) historyWindows(w http.ResponseWriter, r *http.Request) {
	h, ok := s.historyQuery(w, r, false)
	if !ok {
		return
	}
	list, err := s.cfg.History.Windows(r.Context(), h)
	if !s.failed(w, r, err) {
		s.answer(w, 200, append([]history.Series{}, list...))
	}
}

func (s *server) historyFlips(w http.ResponseWriter, r *http.Request) {
	h, ok := s.historyQuery(w, r, true)
	if !ok {
		return
	}
	list, err := s.cfg.History.Flips(r.Context(), h)
	if !s.failed(w, r, err) {
		s.answer(w, 200, append([]history.Flip{}, list...))
	}
}

func (s *server) historyAlerts(w http.ResponseWriter, r *http.Request) {
	h, ok := s.historyQuery(w, r, true)
	if !ok {
		return
	}
	list, err := s.cfg.History.Alerts(r.Context(), h)
	if !s.failed(w, r, err) {
		s.answer(w, 200, append([]alerts.Notice{}, list...))
	}
}

// reportPolicy lets the page run its own script, which came with it, in an
// origin of its own: it can't reach the API with the reader's credentials.
const reportPolicy = "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (s *server) historyReport(w http.ResponseWriter, r *http.Request) {
	h, ok := s.historyQuery(w, r, false)
	if !ok {
		return
	}
	if s.cfg.Report == nil {
		access.Problem(w, http.StatusNotFound, "no history is kept")
		return
	}
	var page bytes.Buffer // an error must not come after half a page
	if s.failed(w, r, s.cfg.Report(r.Context(), &page, h)) {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", reportPolicy)
	_, _ = w.Write(page.Bytes()) // who left does not want it
}
