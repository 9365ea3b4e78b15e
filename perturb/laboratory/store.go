package laboratory

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/flipmeter/flipmeter/infer"
)

// journal keeps every record as soon as it exists, so that an interrupted
// run can go on: a file with a line for each, the first of which says which
// pictures it is about.
type journal struct {
	path string
	file *os.File
	// removed is set once the file is gone.
	removed bool

	mu      sync.Mutex
	records map[string]json.RawMessage
}

type storedLine struct {
	Run    string          `json:"run,omitempty"`
	Key    string          `json:"key,omitempty"`
	Record json.RawMessage `json:"record,omitempty"`
}

// openJournal begins a journal in the output folder, or goes on with the
// one that is there.
func openJournal(out, run string, resume bool) (*journal, error) {
	dir := filepath.Join(out, ".resume")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("create folder for the journal: %w", err)
	}
	s := &journal{path: filepath.Join(dir, "probe.journal"), records: make(map[string]json.RawMessage)}
	if !resume {
		if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("remove the journal of an earlier run: %w", err)
		}
	}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	s.file = f
	if err := s.read(run); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// read takes over the whole lines that are there; what a killed run left of
// one is cut off.
func (s *journal) read(run string) error {
	r := bufio.NewReader(s.file)
	var good int64
	for n := 0; ; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the journal: %w", err)
		}
		var l storedLine
		if err != nil || json.Unmarshal(line, &l) != nil {
			break
		}
		if n == 0 && l.Run != run {
			return bad("--resume: the unfinished run in %s was on other pictures, or with other classes or boxes: name the same ones, or begin anew without --resume", filepath.Dir(filepath.Dir(s.path)))
		}
		if n > 0 {
			s.records[l.Key] = l.Record
		}
		good += int64(len(line))
	}
	if err := s.file.Truncate(good); err != nil {
		return fmt.Errorf("mend the journal: %w", err)
	}
	if _, err := s.file.Seek(good, io.SeekStart); err != nil {
		return fmt.Errorf("mend the journal: %w", err)
	}
	if good == 0 {
		return s.append(storedLine{Run: run})
	}
	return nil
}

func (s *journal) append(l storedLine) error {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(l); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if _, err := s.file.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// Len is the number of records that are there.
func (s *journal) Len() int { return len(s.records) }

// Close closes the file, which stays where it holds something.
func (s *journal) Close() error {
	if s.removed || s.Len() > 0 {
		return s.file.Close()
	}
	return errors.Join(s.file.Close(), s.remove())
}

// remove ends the possibility to resume: everything is written.
func (s *journal) remove() error {
	if err := os.Remove(s.path); err != nil {
		return fmt.Errorf("remove the journal: %w", err)
	}
	s.removed = true
	_ = os.Remove(filepath.Dir(s.path)) // it stays while it holds others
	return nil
}

// forModel is the store of one model's records; a model is the same if its
// file, and the way it runs, are.
func (s *journal) forModel(m *infer.ModelInfo) *modelStore {
	return &modelStore{s, fmt.Sprintf("%s %s %s %s/", m.SHA256, m.Provider, m.Precision, m.Runtime)}
}

type modelStore struct {
	*journal
	prefix string
}

// Get implements perturb.Store.
func (m *modelStore) Get(key string, into any) (bool, error) {
	m.mu.Lock()
	raw, ok := m.records[m.prefix+key]
	m.mu.Unlock()
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("read the journal: record %s: %w", key, err)
	}
	return true, nil
}

// Put implements perturb.Store.
func (m *modelStore) Put(key string, record any) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records[m.prefix+key] = raw
	return m.append(storedLine{Key: m.prefix + key, Record: raw})
}
