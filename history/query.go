package history

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// Query chooses a stretch of time. Step 0 chooses one by the stretch; Limit
// 0 is 100.
type Query struct {
	Camera       string // "" is all
	Since, Until time.Time
	Step         time.Duration
	Limit        int
}

// Series is the past of one camera in steps; null where nothing was
// measured.
type Series struct {
	Camera              string     `json:"camera"`
	StepMs              int64      `json:"step_ms"`
	FromMs              int64      `json:"from_ms"` // Unix time of the first step
	Pairs               []int64    `json:"pairs"`
	Flips               []int64    `json:"flips"`
	Unexplained         []int64    `json:"unexplained"`
	UnexplainedFraction []*float64 `json:"unexplained_fraction"`
	FlipFraction        []*float64 `json:"flip_fraction"`
	DecidedFlipFraction []*float64 `json:"decided_flip_fraction"`
	Coverage            []*float64 `json:"coverage"`
	MeanScore           []*float64 `json:"mean_score"`
}

// steps are the widths that Windows chooses from: at most 400 of one.
var steps = [...]time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, day,
}

const maxSteps = 400

func stepFor(span time.Duration) time.Duration {
	for _, s := range steps {
		if span <= maxSteps*s {
			return s
		}
	}
	return steps[len(steps)-1]
}

// sums are what one step adds up.
type sums struct {
	pairs, flips, unexplained, decided, decidedFlips, observed, uncovered int64
	score                                                                 float64 // of pairs
	scored                                                                int64
}

func (s *sums) add(r *record) {
	s.pairs += int64(r.pairs)
	s.flips += int64(r.flips)
	s.unexplained += int64(r.unexplained)
	s.decided += int64(r.decided)
	s.decidedFlips += int64(r.decidedFlips)
	s.observed += int64(r.observed)
	s.uncovered += int64(r.uncovered)
	if r.score == r.score { // known
		n := int64(max(r.pairs, 1))
		s.score += float64(r.score) * float64(n)
		s.scored += n
	}
}

// Windows gives the past of a camera, or of all, by name.
func (s *Store) Windows(ctx context.Context, q Query) ([]Series, error) {
	step := q.Step
	if step <= 0 {
		step = stepFor(q.Until.Sub(q.Since))
	}
	ms := max(step.Milliseconds(), 1)
	from, to := floorTo(q.Since.UnixMilli(), ms), q.Until.UnixMilli()
	n := int((to - from + ms - 1) / ms)
	if n < 1 || n > 100_000 {
		return nil, fmt.Errorf("read the history: %d steps", n)
	}
	cameras, err := s.cameras(windowsDir, q.Camera)
	if err != nil {
		return nil, err
	}
	var out []Series
	sum := make([]sums, n)
	var buf bytes.Buffer
	for _, camera := range cameras {
		clear(sum)
		for _, name := range days(q) {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("read the history: %w", err)
			}
			if err := readInto(&buf, filepath.Join(s.cfg.Dir, windowsDir, folder(camera), name)); err != nil {
				return nil, err
			}
			var r record
			for b := buf.Bytes(); len(b) >= recordSize; b = b[recordSize:] {
				if r.read(b) && r.at >= q.Since.UnixMilli() && r.at < to {
					sum[(r.at-from)/ms].add(&r)
				}
			}
		}
		out = append(out, seriesOf(camera, from, ms, sum))
	}
	return out, nil
}

func floorTo(v, step int64) int64 { return v - ((v%step)+step)%step }

func seriesOf(camera string, from, ms int64, sum []sums) Series {
	n := len(sum)
	x := Series{
		Camera: camera, StepMs: ms, FromMs: from, Pairs: make([]int64, n), Flips: make([]int64, n), Unexplained: make([]int64, n),
		UnexplainedFraction: make([]*float64, n), FlipFraction: make([]*float64, n), DecidedFlipFraction: make([]*float64, n), Coverage: make([]*float64, n), MeanScore: make([]*float64, n),
	}
	for i := range sum {
		v := &sum[i]
		x.Pairs[i], x.Flips[i], x.Unexplained[i] = v.pairs, v.flips, v.unexplained
		x.UnexplainedFraction[i], x.FlipFraction[i] = ratio(v.unexplained, v.pairs), ratio(v.flips, v.pairs)
		x.DecidedFlipFraction[i], x.Coverage[i] = ratio(v.decidedFlips, v.decided), ratio(v.observed, v.observed+v.uncovered)
		if v.scored > 0 {
			mean := v.score / float64(v.scored)
			x.MeanScore[i] = &mean
		}
	}
	return x
}

func ratio(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	v := float64(part) / float64(whole)
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// days are the names of the files that a query touches, oldest first.
func days(q Query) []string {
	var out []string
	for d := q.Since.UTC().Truncate(day); d.Before(q.Until) && len(out) < 400; d = d.Add(day) {
		out = append(out, fileName(d))
	}
	return out
}

// cameras lists those of which there is something, by name.
func (s *Store) cameras(sub, only string) ([]string, error) {
	if only != "" {
		if _, err := os.Stat(filepath.Join(s.cfg.Dir, sub, folder(only))); err != nil {
			return nil, nil //nolint:nilerr // there is nothing of it
		}
		return []string{only}, nil
	}
	list, err := os.ReadDir(filepath.Join(s.cfg.Dir, sub))
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	var out []string
	for _, d := range list {
		if name, ok := cameraOf(d.Name()); ok && d.IsDir() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// readInto reads a whole file; one that is not there is empty.
func readInto(buf *bytes.Buffer, path string) error {
	buf.Reset()
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	defer f.Close()
	if _, err := buf.ReadFrom(f); err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	return nil
}

// Flips gives flips of a camera, or of all, newest first.
func (s *Store) Flips(ctx context.Context, q Query) ([]Flip, error) {
	cameras, err := s.cameras(flipsDir, q.Camera)
	if err != nil {
		return nil, err
	}
	var out []Flip
	for _, camera := range cameras {
		list, err := readLines(ctx, s, filepath.Join(flipsDir, folder(camera)), q, func(f *Flip) (time.Time, bool) { return f.At, true })
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortStableFunc(out, func(a, b Flip) int { return b.At.Compare(a.At) })
	return out[:min(len(out), q.limit())], nil
}

// Alerts gives what receivers were told, newest first.
func (s *Store) Alerts(ctx context.Context, q Query) ([]alerts.Notice, error) {
	var told once
	return readLines(ctx, s, alertsDir, q, func(n *alerts.Notice) (time.Time, bool) {
		return n.At, (q.Camera == "" || q.Camera == n.Camera) && told.first(n)
	})
}

// once passes over messages that stand twice in a day's file, because a kill
// came between their being kept and the note that they were.
type once struct {
	day  int64
	seen map[message]bool
}

type message struct {
	id       string
	revision int
}

func (o *once) first(n *alerts.Notice) bool {
	if day := n.At.Unix() / 86400; day != o.day || o.seen == nil {
		o.day, o.seen = day, map[message]bool{}
	}
	m := message{n.ID, n.Revision}
	was := o.seen[m]
	o.seen[m] = true
	return !was
}

func (q *Query) limit() int {
	if q.Limit <= 0 {
		return 100
	}
	return q.Limit
}

// readLines reads JSON lines of a folder from the newest day back, until
// there are enough; a line that can't be read is passed over.
func readLines[T any](ctx context.Context, s *Store, dir string, q Query, want func(*T) (time.Time, bool)) ([]T, error) {
	var out []T
	names := days(q)
	var buf bytes.Buffer
	for i := len(names) - 1; i >= 0 && len(out) < q.limit(); i-- {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read the history: %w", err)
		}
		if err := readInto(&buf, filepath.Join(s.cfg.Dir, dir, names[i])); err != nil {
			return nil, err
		}
		var day []T
		err := lines(&buf, func(v *T) error {
			if at, ok := want(v); ok && !at.Before(q.Since) && at.Before(q.Until) {
				day = append(day, *v)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		slices.Reverse(day)
		out = append(out, day...)
	}
	return out[:min(len(out), q.limit())], nil
}

// lines decodes JSON lines; one that can't be read is passed over.
func lines[T any](from *bytes.Buffer, do func(*T) error) error {
	scan := bufio.NewScanner(from)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var v T
		if json.Unmarshal(scan.Bytes(), &v) != nil {
			continue
		}
		if err := do(&v); err != nil {
			return err
		}
	}
	return nil
}
