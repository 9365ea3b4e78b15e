package growing

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mark tells one content of a file from all others that its folder may have:
// 64 bits of the SHA-256 of its name, size and time.
type mark uint64

func markOf(name string, s stamp) mark {
	b := make([]byte, 0, 128)
	b = append(b, name...)
	b = append(b, 0)
	b = strconv.AppendInt(b, s.size, 10)
	b = append(b, 0)
	b = strconv.AppendInt(b, s.mod.UnixNano(), 10)
	sum := sha256.Sum256(b)
	return mark(binary.BigEndian.Uint64(sum[:]))
}

// record is the file that holds what was taken of a folder, so that it
// outlives the program. It is text: a line that says what it is, one with the
// folder, then a line for each step: a plus, a mark and a name in quotes where a
// clip is being read, an equals sign and a mark where a file was.
//
// A line is written before the first frame of its file is handed on. So a
// file is read at most once, even if the program is killed, and a flip in it
// is never counted twice; what was left of a clip then is not read any more,
// and the next start says so. Lines are added, and the file is written anew,
// in one step, where most of them are of files that are gone.
type record struct {
	path, dir string
	log       *slog.Logger
	size      int64     // bytes
	synced    time.Time // when the disk was last waited for
	failing   bool      // the last attempt to write failed
	tried     time.Time // when that was
}

const (
	recordHead = "flipmeter folder 1"
	lineBytes  = 2 + 16 + 1 // of a file that was read
	// spareBytes is how much may be of files that are gone, besides as much
	// as is needed.
	spareBytes = 64 << 10
	syncEvery  = time.Second
	// retryEvery is between two attempts to write all of what a full disk
	// refused.
	retryEvery = 10 * time.Second
)

// Remember gives what was taken of the folder dir, kept in the file path from
// now on. Whatever is wrong with that file is logged and costs what it would
// have said, at most: then files are taken from the beginning.
func Remember(path, dir string, log *slog.Logger) *Taken {
	r := &record{path: path, dir: dir, log: log}
	t := &Taken{record: r, seen: map[mark]struct{}{}}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return t // the first time
	}
	var text parsed
	if err == nil {
		text, err = parseRecord(content, dir)
	}
	if err != nil {
		aside := path + ".damaged"
		moved := os.Rename(path, aside)
		log.Warn("what was read of the folder is not known: its files are read from the beginning", "folder", dir, "record", aside, "error", errors.Join(err, moved))
		return t
	}
	t.seen, r.size = text.marks, text.size
	for _, name := range text.begun {
		log.Warn("a clip was not read to its end before the program ended: what was left of it is not read", "folder", dir, "file", name)
	}
	if text.bad > 0 {
		log.Warn("some lines of what was read of the folder are damaged: their files are read again", "folder", dir, "record", path, "lines", text.bad)
	}
	if text.bad > 0 || len(text.begun) > 0 {
		r.rewrite(t.seen)
	}
	return t
}

// parsed is what a record says.
type parsed struct {
	marks map[mark]struct{}
	begun []string // clips that were not read to their end
	bad   int      // lines that can't be read
	size  int64
}

// parseRecord reads a record; an error says that it is none of this folder.
func parseRecord(text []byte, dir string) (parsed, error) {
	p := parsed{marks: map[mark]struct{}{}, size: int64(len(text))}
	next := func() (line string, whole bool) {
		head, rest, whole := bytes.Cut(text, []byte("\n"))
		text = rest
		return string(head), whole
	}
	if line, whole := next(); !whole || line != recordHead {
		return p, fmt.Errorf("it does not begin with %q", recordHead)
	}
	if line, whole := next(); !whole || line != strconv.Quote(dir) {
		return p, errors.New("it is of another folder")
	}
	open := map[mark]string{}
	for len(text) > 0 {
		line, whole := next()
		p.line(line, whole, open)
	}
	for _, name := range open {
		p.begun = append(p.begun, name)
	}
	slices.Sort(p.begun)
	return p, nil
}

func (p *parsed) line(text string, whole bool, open map[mark]string) {
	kind, rest, _ := strings.Cut(text, " ")
	digits, name, _ := strings.Cut(rest, " ")
	v, err := strconv.ParseUint(digits, 16, 64)
	m := mark(v)
	switch {
	case !whole || err != nil || len(digits) != 16:
		p.bad++
	case kind == "=" && name == "":
		p.marks[m] = struct{}{}
		delete(open, m)
	case kind == "+":
		plain, err := strconv.Unquote(name)
		if err != nil {
			p.bad++
			return
		}
		p.marks[m] = struct{}{}
		open[m] = plain
	default:
		p.bad++
	}
}

// took notes a file that is about to be read, and is in seen. Without a line on
// disk it would be read again after a restart: that is logged, monitoring goes
// on, and all of them are written once that is possible.
func (r *record) took(f *file, m mark, seen map[mark]struct{}) {
	line := fmt.Appendf(nil, "= %016x\n", uint64(m))
	if !f.picture {
		line = fmt.Appendf(nil, "+ %016x %s\n", uint64(m), strconv.Quote(f.name))
	}
	if !r.failing {
		r.done(r.add(line))
	} else if time.Since(r.tried) >= retryEvery {
		r.rewrite(seen)
	}
}

// finished notes that a clip was read to where it can be read.
func (r *record) finished(m mark) {
	if !r.failing { // else the next attempt writes it
		r.done(r.add(fmt.Appendf(nil, "= %016x\n", uint64(m))))
	}
}

// tidy writes the file anew where most of it is of files that are gone.
func (r *record) tidy(seen map[mark]struct{}) {
	if !r.failing && r.size > spareBytes+2*lineBytes*int64(len(seen)) {
		r.rewrite(seen)
	}
}

func (r *record) rewrite(seen map[mark]struct{}) { r.done(r.replace(seen)) }

// done logs the first of several failures, and the end of them.
func (r *record) done(err error) {
	switch {
	case err != nil && !r.failing:
		r.log.Error("what was read of the folder could not be written down: it will be read again after a restart", "folder", r.dir, "record", r.path, "error", err)
	case err == nil && r.failing:
		r.log.Info("what is read of the folder is written down again", "folder", r.dir)
	}
	r.failing, r.tried = err != nil, time.Now()
}

func (r *record) head() []byte { return fmt.Appendf(nil, "%s\n%s\n", recordHead, strconv.Quote(r.dir)) }

func (r *record) add(line []byte) (err error) {
	if r.size == 0 {
		if err := os.MkdirAll(filepath.Dir(r.path), 0o700); err != nil {
			return err
		}
		line = append(r.head(), line...)
	}
	f, err := os.OpenFile(r.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := f.Write(line)
	if err != nil && n > 0 { // half a line would take the next one with it
		err = errors.Join(err, f.Truncate(r.size))
		n = 0
	}
	r.size += int64(n)
	// A killed program loses nothing. Waiting for the disk at each picture
	// would take longer than reading it.
	if now := time.Now(); err == nil && now.Sub(r.synced) >= syncEvery {
		r.synced = now
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// replace writes the whole file, in one step.
func (r *record) replace(seen map[mark]struct{}) error {
	var b bytes.Buffer
	b.Grow((len(seen) + 1) * lineBytes)
	b.Write(r.head())
	for m := range seen {
		fmt.Fprintf(&b, "= %016x\n", uint64(m))
	}
	if err := os.MkdirAll(filepath.Dir(r.path), 0o700); err != nil {
		return err
	}
	tmp := r.path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, r.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	r.size, r.synced = int64(b.Len()), time.Now()
	return nil
}
