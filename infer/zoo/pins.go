package zoo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// pinsFile holds the SHA-256 of every file of weights that was ever pulled,
// by its origin. It outlives the models: a file that has changed at its
// origin is noticed years later.
const pinsFile = ".weights.json"

type pins struct {
	Schema  int               `json:"schema"`
	Weights map[string]string `json:"weights"` // origin: SHA-256
}

const pinsSchema = 1

// Recorded is the SHA-256 that the file of that origin had when it was first
// pulled into this store; empty if it never was.
func (s Store) Recorded(origin string) (string, error) {
	p, err := s.pins()
	return p.Weights[origin], err
}

// RecordHash remembers a file's SHA-256 under its origin.
func (s Store) RecordHash(origin, sha256 string) error {
	p, err := s.pins()
	if err != nil {
		return err
	}
	if p.Weights[origin] == sha256 {
		return nil
	}
	p.Weights[origin] = sha256
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("record hash: %w", err)
	}
	tmp, err := s.temporary(func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(&p)
	})
	if err == nil {
		err = os.Rename(tmp, s.pinsPath())
	}
	if err != nil {
		return fmt.Errorf("record hash: %w", err)
	}
	return nil
}

func (s Store) pinsPath() string { return filepath.Join(s.Dir, pinsFile) }

// pins reads the file. One that is damaged is an error: to take it for empty
// would be to trust whatever comes next.
func (s Store) pins() (pins, error) {
	p := pins{Schema: pinsSchema, Weights: make(map[string]string)}
	b, err := os.ReadFile(s.pinsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("recorded hashes: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil || p.Schema != pinsSchema || p.Weights == nil {
		return p, fmt.Errorf("the recorded hashes in %s are damaged or of another version: move the file away to begin anew", s.pinsPath())
	}
	return p, nil
}
