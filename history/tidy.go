package history

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// keptFile is a file of a day.
type keptFile struct {
	path, day string
	size      int64
}

// files lists those of all days, oldest first.
func (s *Store) files() (list []keptFile, total int64, err error) {
	err = filepath.WalkDir(s.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if _, err := time.Parse(dayForm, d.Name()); err != nil {
			return nil // not ours
		}
		info, err := d.Info()
		if err != nil {
			return nil // gone meanwhile
		}
		list = append(list, keptFile{path, d.Name(), info.Size()})
		total += info.Size()
		return nil
	})
	slices.SortFunc(list, func(a, b keptFile) int { return cmp.Or(strings.Compare(a.day, b.day), strings.Compare(a.path, b.path)) })
	return list, total, err
}

// tidy removes days that are too old, and the oldest while there is too
// much. Today stays. It says how many files it removed.
func (s *Store) tidy() (removed int) {
	files, total, err := s.files()
	if err != nil {
		s.cfg.Log.Error("look through the history", "error", err)
		return 0
	}
	now := s.cfg.Now()
	oldest, today := s.oldest(files, now), fileName(now)
	for _, f := range files {
		if f.day >= oldest && (total <= s.cfg.MaxBytes || f.day == today) {
			continue
		}
		if err := os.Remove(f.path); err != nil {
			s.cfg.Log.Error("remove old history", "error", err)
			continue
		}
		removed++
		total -= f.size
	}
	return removed
}

// oldest is the first day that is kept; "" keeps all. As a rule one day at a
// time becomes too old. Where it is more the wall clock may have jumped ahead,
// and may be set right again: they go once they have been too old for a
// while, by the time that goes by. So do those of a machine that was off.
func (s *Store) oldest(files []keptFile, now time.Time) string {
	oldest := fileName(now.Add(-s.cfg.MaxAge))
	days := slices.CompactFunc(slices.Clone(files), func(a, b keptFile) bool { return a.day == b.day })
	if len(days) < 2 || days[1].day >= oldest {
		s.overdue = time.Time{}
		return oldest
	}
	if s.overdue.IsZero() {
		s.overdue = now
		s.cfg.Log.Warn("several days of the history are too old at once; they go unless the clock is set back", "first", days[0].day, "before", oldest, "in", patience)
	}
	if now.Sub(s.overdue) < patience {
		return ""
	}
	return oldest
}
