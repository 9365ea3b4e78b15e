package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// ErrNone says that there is no history in a folder.
var ErrNone = errors.New("there is no history")

// OpenToRead opens a history that another process may be writing: it takes
// no lock and changes nothing. Files only grow by whole records; one that is
// being written is not seen, or passed over.
func OpenToRead(dir string) (*Store, error) {
	if _, err := os.Stat(filepath.Join(dir, windowsDir)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", ErrNone, dir)
	} else if err != nil {
		return nil, fmt.Errorf("open the history: %w", err)
	}
	return &Store{cfg: Config{Dir: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)}}, nil
}

// Window are the measures of one window as they are kept; NaN where unknown.
type Window struct {
	At                         time.Time // its end
	Width                      time.Duration
	Pairs, Flips               int64
	Unexplained, Glitches      int64
	DecidedPairs, DecidedFlips int64
	Observed, Uncovered        time.Duration
	MeanScore, MAC             float64
	EntropyBits                float64
	FlappingPercent            float64
}

// Cameras lists those of which there is something, by name.
func (s *Store) Cameras() ([]string, error) { return s.cameras(windowsDir, "") }

// Days are the first and the last day of which there are windows of some
// cameras, in UTC; false if there are none.
func (s *Store) Days(cameras []string) (first, last time.Time, ok bool) {
	for _, camera := range cameras {
		list, err := os.ReadDir(filepath.Join(s.cfg.Dir, windowsDir, folder(camera)))
		if err != nil {
			continue // there is nothing of it
		}
		for _, f := range list {
			d, err := time.Parse(dayForm, f.Name())
			if err != nil {
				continue
			}
			if !ok || d.Before(first) {
				first = d
			}
			if !ok || d.After(last) {
				last = d
			}
			ok = true
		}
	}
	return first, last, ok
}

// ahead is how far behind now Newest looks.
const ahead = day

// Newest is until when there is something of a camera, "" is of all: as a rule
// now, up to a day later where the wall clock was set back meanwhile.
func (s *Store) Newest(ctx context.Context, camera string, now time.Time) (time.Time, error) {
	cameras, err := s.cameras(windowsDir, camera)
	if err != nil {
		return now, err
	}
	newest, q := now, Query{Since: now, Until: now.Add(ahead)}
	for _, q.Camera = range cameras {
		err := s.EachWindow(ctx, q, func(w *Window) error {
			if end := w.At.Add(w.Width); end.After(newest) { // what came after it, too
				newest = end
			}
			return nil
		})
		if err != nil {
			return now, err
		}
	}
	return newest.In(now.Location()), nil
}

// EachWindow gives the windows of q.Camera one by one, oldest first, in
// memory bounded by a day. An error of do ends it.
func (s *Store) EachWindow(ctx context.Context, q Query, do func(*Window) error) error {
	var buf bytes.Buffer
	since, until := q.Since.UnixMilli(), q.Until.UnixMilli()
	for _, name := range days(q) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
		if err := readInto(&buf, filepath.Join(s.cfg.Dir, windowsDir, folder(q.Camera), name)); err != nil {
			return err
		}
		var r record
		for b := buf.Bytes(); len(b) >= recordSize; b = b[recordSize:] {
			if !r.read(b) || r.at < since || r.at >= until {
				continue
			}
			w := r.window()
			if err := do(&w); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *record) window() Window {
	ms := func(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }
	return Window{
		At: time.UnixMilli(r.at).UTC(), Width: r.width, Pairs: int64(r.pairs), Flips: int64(r.flips), Unexplained: int64(r.unexplained), Glitches: int64(r.glitches),
		DecidedPairs: int64(r.decided), DecidedFlips: int64(r.decidedFlips), Observed: ms(r.observed), Uncovered: ms(r.uncovered),
		MeanScore: float64(r.score), MAC: float64(r.mac), EntropyBits: float64(r.entropy), FlappingPercent: float64(r.flapping),
	}
}

// EachFlip gives the flips of q.Camera one by one, in the order in which
// their kinds became known, in memory bounded by a day.
func (s *Store) EachFlip(ctx context.Context, q Query, do func(*Flip) error) error {
	return eachLine(ctx, s, filepath.Join(flipsDir, folder(q.Camera)), q, func(f *Flip) error {
		if f.At.Before(q.Since) || !f.At.Before(q.Until) {
			return nil
		}
		return do(f)
	})
}

// EachAlert gives what receivers were told of q.Camera, or of all, oldest
// first.
func (s *Store) EachAlert(ctx context.Context, q Query, do func(*alerts.Notice) error) error {
	var told once
	return eachLine(ctx, s, alertsDir, q, func(n *alerts.Notice) error {
		if n.At.Before(q.Since) || !n.At.Before(q.Until) || q.Camera != "" && q.Camera != n.Camera || !told.first(n) {
			return nil
		}
		return do(n)
	})
}

// eachLine reads JSON lines of a folder day by day.
func eachLine[T any](ctx context.Context, s *Store, dir string, q Query, do func(*T) error) error {
	var buf bytes.Buffer
	for _, name := range days(q) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
		if err := readInto(&buf, filepath.Join(s.cfg.Dir, dir, name)); err != nil {
			return err
		}
		if err := lines(&buf, do); err != nil {
			return err
		}
	}
	return nil
}
