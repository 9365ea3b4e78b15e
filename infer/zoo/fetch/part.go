package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// part is the unfinished file and the note beside it.
type part struct {
	note
	path   string // of the unfinished file; the note is path + ".json"
	create func(string) (file, error)
	file   file
	hash   hash.Hash
	size   int64 // bytes that are there
}

// note says what the unfinished file is part of.
type note struct {
	Schema int    `json:"schema"`
	Source string `json:"source"` // SHA-256 of the address, which may hold a secret
	// Validator is the server's name for this version of the file: a strong
	// ETag, or the time of its last change.
	Validator string `json:"validator"`
	Announced string `json:"announced,omitempty"` // SHA-256
	Total     int64  `json:"total"`               // -1: not known
}

const noteSchema = 1

func partPath(dir, name string) string { return filepath.Join(dir, ".partial-"+name) }

// open takes up what an earlier download of the same address left.
func (p *part) open(address string) error {
	var err error
	if p.file, err = p.create(p.path); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(address))
	source := hex.EncodeToString(sum[:])
	b, err := os.ReadFile(p.path + ".json")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var n note
	if json.Unmarshal(b, &n) != nil || n.Schema != noteSchema || n.Source != source || n.Validator == "" {
		p.note = note{Schema: noteSchema, Source: source, Total: -1}
		return p.reset()
	}
	p.note = n
	p.hash = sha256.New()
	if p.size, err = io.Copy(p.hash, p.file); err != nil {
		return err
	}
	if n.Total >= 0 && p.size > n.Total {
		return p.reset()
	}
	return nil
}

// reset throws away what is there; the source stays.
func (p *part) reset() error {
	p.note = note{Schema: noteSchema, Source: p.Source, Total: -1}
	p.hash, p.size = sha256.New(), 0
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return p.file.Truncate(0)
}

// begin notes what the bytes that follow are part of.
func (p *part) begin(validator, announced string, total int64) error {
	p.Validator, p.Announced, p.Total = validator, announced, total
	b, err := json.Marshal(&p.note)
	if err != nil {
		return err
	}
	return os.WriteFile(p.path+".json", b, 0o644)
}

func (p *part) write(b []byte) error {
	n, err := p.file.Write(b)
	p.hash.Write(b[:n]) // never fails
	p.size += int64(n)
	return err
}

func (p *part) sum() string { return hex.EncodeToString(p.hash.Sum(nil)) }

// finish gives the file its name.
func (p *part) finish(path string) error {
	err := p.file.Sync()
	err = errors.Join(err, p.close())
	if err == nil {
		err = os.Rename(p.path, path)
	}
	if err != nil {
		return err
	}
	return removeIfThere(p.path + ".json")
}

// close keeps what is there for another time.
func (p *part) close() error {
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	p.file = nil
	return err
}

func (p *part) remove() error {
	return errors.Join(p.close(), removeIfThere(p.path), removeIfThere(p.path+".json"))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the unfinished download: %w", err)
	}
	return nil
}
