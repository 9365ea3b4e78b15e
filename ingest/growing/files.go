package growing

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/ingest/images"
)

// clips are the extensions of files that count as clips.
var clips = []string{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".flv", ".3gp", ".wmv"}

// stamp tells one content of a file from another.
type stamp struct {
	size int64
	mod  time.Time
}

func (s stamp) same(o stamp) bool { return s.size == o.size && s.mod.Equal(o.mod) }

// file is one that is whole.
type file struct {
	name    string
	picture bool
	stamp   stamp
}

// Taken remembers which files of a folder were taken, so that a source that is
// opened again goes on behind them. One source at a time uses it. The zero
// value knows none, and forgets with the program; Remember makes one that
// doesn't.
type Taken struct {
	seen    map[mark]struct{}
	growing map[string]watched
	ready   []file
	record  *record // nil: none
	reading mark    // the file that was taken last
}

// watched is a file that may still grow.
type watched struct {
	stamp stamp
	since time.Time // it has been like this
}

// next gives the next file that is whole; false if there is none yet. Files
// come in the natural order of their names, and one that is still being
// written holds up those behind it. A file is whole when it has something in
// it and was not seen to change for as long as settled says; what its own time
// says does not count, since a file server's clock may be another. One that is
// written anew under its old name is taken again.
func (t *Taken) next(dir string, now time.Time, settled time.Duration) (file, bool, error) {
	if len(t.ready) == 0 {
		if err := t.scan(dir, now, settled); err != nil {
			return file{}, false, err
		}
	}
	if len(t.ready) == 0 {
		return file{}, false, nil
	}
	f := t.ready[0]
	t.ready = t.ready[1:]
	m := markOf(f.name, f.stamp)
	t.seen[m] = struct{}{}
	if t.record != nil {
		t.record.took(&f, m, t.seen)
		if f.picture { // else when its name is not needed any more
			t.record.tidy(t.seen)
		}
	}
	t.reading = m
	return f, true, nil
}

// finished tells that nothing more will be read of the clip that was taken
// last.
func (t *Taken) finished() {
	if t.record != nil {
		t.record.finished(t.reading)
		t.record.tidy(t.seen)
	}
}

// scan looks which files are whole by now.
func (t *Taken) scan(dir string, now time.Time, settled time.Duration) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list the folder: %w", err)
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return images.Order(a.Name(), b.Name()) })
	seen, growing := make(map[mark]struct{}, len(entries)), map[string]watched{}
	held := false // by one that is still being written
	for _, e := range entries {
		name := e.Name()
		picture := images.IsPicture(name)
		if strings.HasPrefix(name, ".") || !picture && !slices.Contains(clips, strings.ToLower(filepath.Ext(name))) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, name)) // where a link leads to
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
			continue // it went away, or nobody has begun to write it
		}
		is := stamp{info.Size(), info.ModTime()}
		m := markOf(name, is)
		if _, ok := t.seen[m]; ok {
			seen[m] = struct{}{}
			continue
		}
		w, known := t.growing[name]
		if !known || !w.stamp.same(is) {
			w = watched{stamp: is, since: now}
		}
		if held || now.Sub(w.since) < settled {
			growing[name], held = w, true
			continue
		}
		t.ready = append(t.ready, file{name, picture, is})
	}
	t.growing = growing
	if len(seen)+len(growing)+len(t.ready) == 0 {
		return nil // no file at all: a share may be away, and come back
	}
	// What was taken and is gone is forgotten, so that this does not grow.
	t.seen = seen
	if t.record != nil {
		t.record.tidy(seen)
	}
	return nil
}
