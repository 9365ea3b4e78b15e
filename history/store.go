package history

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// Config bounds a Store. Zero values mean the defaults.
type Config struct {
	Dir string
	// MaxAge is how long anything is kept, 0 is 30 days; MaxBytes how much,
	// 0 is 1 GiB: whole days give way, the oldest first.
	MaxAge   time.Duration
	MaxBytes int64
	// Width is the window that is kept, one after the other without
	// overlap; 0 is a minute.
	Width time.Duration
	Now   func() time.Time // nil is time.Now
	Log   *slog.Logger
}

const (
	defaultAge   = 30 * 24 * time.Hour
	defaultBytes = 1 << 30
	maxWaiting   = 8192
	dayForm      = "2006-01-02"
	day          = 24 * time.Hour
	tidyEvery    = 10 * time.Minute
	// patience is how long days that are all too old at once are kept still.
	patience = 6 * time.Hour
)

// The folders of a store.
const (
	windowsDir = "windows"
	flipsDir   = "flips"
	alertsDir  = "alerts"
)

// Store is safe for any goroutine. Run writes.
type Store struct {
	cfg  Config
	lost atomic.Int64
	work chan entry

	overdue time.Time // when the files were first too many to go at once; for tidy only

	mu   sync.Mutex
	last map[string]time.Time // by camera, when a window was last kept
}

// entry is something to be written.
type entry struct {
	dir  string // below the store's
	at   time.Time
	data []byte
}

// Open makes the folder.
func Open(cfg Config) (*Store, error) {
	cfg.MaxAge, cfg.MaxBytes, cfg.Width = cmp.Or(cfg.MaxAge, defaultAge), cmp.Or(cfg.MaxBytes, defaultBytes), cmp.Or(cfg.Width, time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = cfg.Log.With("component", "history")
	for _, sub := range [...]string{windowsDir, flipsDir, alertsDir} {
		if err := os.MkdirAll(filepath.Join(cfg.Dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("open the history: %w", err)
		}
	}
	return &Store{cfg: cfg, work: make(chan entry, maxWaiting), last: map[string]time.Time{}}, nil
}

// folder is the name of a camera's folder: any name may be one, and no two
// share one.
func folder(camera string) string { return "c-" + url.PathEscape(camera) }

func cameraOf(folder string) (string, bool) {
	name, ok := strings.CutPrefix(folder, "c-")
	if !ok {
		return "", false
	}
	name, err := url.PathUnescape(name)
	return name, err == nil
}

// Listener takes the events of one camera.
type Listener struct {
	s      *Store
	camera string
	epoch  uint64
	label  func(int32) string
}

var _ event.Listener = (*Listener)(nil)

// Camera gives the listener of one run of a camera. epoch is added to those
// of the events and differs between runs; label names classes.
func (s *Store) Camera(camera string, epoch uint64, label func(int32) string) *Listener {
	return &Listener{s: s, camera: camera, epoch: epoch, label: label}
}

// Notify keeps windows and flips whose last revision is told. It never
// blocks: what the disk is too slow for is lost, and counted.
func (l *Listener) Notify(ev *event.Event) {
	at := ev.At
	if at.IsZero() {
		at = l.s.cfg.Now()
	}
	if w := ev.Window; w != nil && w.Width == l.s.cfg.Width {
		l.s.window(l.camera, at, w)
	}
	for i := range ev.Late {
		if f := &ev.Late[i]; f.Final {
			l.s.flip(l.camera, l.flipOf(at, ev, f))
		}
	}
}

// Flip is a change of the label, as it was known in the end.
type Flip struct {
	Camera       string    `json:"camera"`
	Track        string    `json:"track,omitempty"`
	ID           string    `json:"id"` // epoch-seq
	At           time.Time `json:"at"`
	From         string    `json:"from"`
	To           string    `json:"to"`
	Kind         string    `json:"kind"`
	Unexplained  bool      `json:"unexplained"`
	Decided      bool      `json:"decided"`
	HeldBeforeMs int64     `json:"held_before_ms"`
	HeldAfterMs  int64     `json:"held_after_ms"`
}

func (l *Listener) flipOf(at time.Time, ev *event.Event, f *stability.Flip) *Flip {
	if o := ev.Observation; o != nil && o.HasPTS && f.HasPTS {
		at = at.Add(f.PTS - o.PTS) // it is told late
	}
	return &Flip{
		Camera: l.camera, Track: ev.Track, ID: fmt.Sprintf("%d-%d", l.epoch+f.Epoch, f.Seq), At: at.UTC(), From: l.label(f.From), To: l.label(f.To), Kind: f.Kind.String(),
		Unexplained: f.Unexplained, Decided: f.Decided, HeldBeforeMs: f.HeldBefore.Milliseconds(), HeldAfterMs: f.HeldAfter.Milliseconds(),
	}
}

// window keeps a window unless it overlaps the one kept last.
func (s *Store) window(camera string, at time.Time, w *stability.Window) {
	s.mu.Lock()
	last, seen := s.last[camera]
	due := !seen || at.Sub(last) >= w.Width || at.Before(last)
	if due {
		s.last[camera] = at
	}
	s.mu.Unlock()
	if due {
		r := recordOf(at, w)
		s.put(entry{dir: filepath.Join(windowsDir, folder(camera)), at: at, data: r.appendTo(nil)})
	}
}

func (s *Store) flip(camera string, f *Flip) {
	s.putJSON(filepath.Join(flipsDir, folder(camera)), f.At, f)
}

// Notices keeps what receivers of alerts were told. It never blocks.
func (s *Store) Notices(list []alerts.Notice) {
	for i := range list {
		s.putJSON(alertsDir, list[i].At, &list[i])
	}
}

func (s *Store) putJSON(dir string, at time.Time, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		s.cfg.Log.Error("what was measured could not be encoded", "error", err)
		return
	}
	s.put(entry{dir: dir, at: at, data: append(data, '\n')})
}

func (s *Store) put(e entry) {
	select {
	case s.work <- e:
	default:
		s.lost.Add(1)
	}
}

// Lost counts what the disk was too slow for, or refused.
func (s *Store) Lost() int64 { return s.lost.Load() }

// Run writes until ctx is done, and what waits then. It is called once.
func (s *Store) Run(ctx context.Context) error {
	w := &writer{s: s, open: map[string]*os.File{}}
	defer w.close()
	w.tidy()
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case e := <-s.work:
			w.write(&e)
		case <-tick.C:
			w.report()
			w.tidy()
		case <-ctx.Done():
			for {
				select {
				case e := <-s.work:
					w.write(&e)
				default:
					w.report()
					return nil
				}
			}
		}
	}
}

// writer holds the files that are written to, by folder.
type writer struct {
	s        *Store
	open     map[string]*os.File
	told     int64
	lastFail error
}

func fileName(at time.Time) string { return at.UTC().Format(dayForm) }

func (w *writer) write(e *entry) {
	path := filepath.Join(w.s.cfg.Dir, e.dir, fileName(e.at))
	f := w.open[e.dir]
	if f == nil || f.Name() != path {
		if f != nil {
			_ = f.Close() // nothing is buffered
			delete(w.open, e.dir)
		}
		var err error
		if f, err = openForAppend(path); err != nil {
			w.failed(err)
			return
		}
		w.open[e.dir] = f
	}
	if _, err := f.Write(e.data); err != nil {
		w.failed(err)
	}
}

// openForAppend opens a file, and cuts a record off that a crash has torn.
func openForAppend(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	size := info.Size()
	if strings.Contains(filepath.ToSlash(path), "/"+windowsDir+"/") {
		if extra := size % recordSize; extra != 0 {
			err = f.Truncate(size - extra)
		}
	} else if size > 0 {
		var last [1]byte
		if _, err = f.ReadAt(last[:], size-1); err == nil && last[0] != '\n' {
			_, err = f.Write([]byte("\n"))
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (w *writer) failed(err error) {
	w.s.lost.Add(1)
	w.lastFail = err
}

// report logs losses now and then instead of one by one.
func (w *writer) report() {
	if lost := w.s.lost.Load(); lost != w.told {
		w.s.cfg.Log.Warn("some of the history could not be kept", "lost", lost-w.told, "error", w.lastFail)
		w.told, w.lastFail = lost, nil
	}
}

// tidy removes what is too old or too much. Whatever was removed may have been
// open: where the clock went back, days of later than today are.
func (w *writer) tidy() {
	if w.s.tidy() > 0 {
		w.close()
		clear(w.open)
	}
}

func (w *writer) close() {
	for _, f := range w.open {
		if err := f.Close(); err != nil {
			w.s.cfg.Log.Error("close the history", "error", err)
		}
	}
}
