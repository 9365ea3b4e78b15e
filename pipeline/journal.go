package pipeline

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

const journalMagic = "flipmeter journal 1\n"

// maxRecord bounds a record's length, so that a damaged length can't ask for
// gigabytes: the probabilities of 250,000 classes fit.
const maxRecord = 1 << 20

// journalBuffer is what a crash may lose: about sixty frames.
const journalBuffer = 1 << 13

// OtherRunError means that a journal was written by a run with other options,
// another model or another source.
type OtherRunError struct {
	Path string
	// Run is what that run described itself as.
	Run string
}

func (e *OtherRunError) Error() string {
	return e.Path + ": the journal belongs to another run: remove it, or leave out --resume, to start anew"
}

// Journal keeps what a run has found out, frame by frame, so that an
// interrupted run can go on where it stopped with the same result as one go.
// One goroutine writes it. A tail that a crash left half-written is cut off
// when it is opened again.
type Journal struct {
	file    *os.File
	w       *bufio.Writer
	buf     []byte
	records int64 // found when it was opened
	lastNew int64 // index of the last of them that is no repeated picture
	path    string
}

// journalHeader is the first line after the magic.
type journalHeader struct {
	// Run describes everything that the result depends on; a journal is
	// continued only by a run that gives the same text.
	Run   string `json:"run"`
	Epoch uint64 `json:"epoch"`
}

// OpenJournal opens or creates the journal at path for a run that run
// describes (options, model, source: any text). An existing one with another
// description is refused with an *OtherRunError. epoch is what a new journal
// records; Epoch returns the one in force.
func OpenJournal(path, run string, epoch uint64) (j *Journal, inForce uint64, err error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("opening the journal: %s is not a file: remove it", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, 0, fmt.Errorf("opening the journal: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	j = &Journal{file: f, path: path, lastNew: -1}
	end, head, err := j.scan()
	if err != nil {
		return nil, 0, err
	}
	if head == nil {
		head = &journalHeader{Run: run, Epoch: epoch}
		if end, err = j.begin(head); err != nil {
			return nil, 0, err
		}
	}
	if head.Run != run {
		return nil, 0, &OtherRunError{Path: path, Run: head.Run}
	}
	if err := f.Truncate(end); err != nil {
		return nil, 0, fmt.Errorf("cutting the journal's half-written tail: %w", err)
	}
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		return nil, 0, fmt.Errorf("opening the journal: %w", err)
	}
	j.w = bufio.NewWriterSize(f, journalBuffer)
	return j, head.Epoch, nil
}

func (j *Journal) begin(h *journalHeader) (end int64, err error) {
	line, err := json.Marshal(h)
	if err != nil {
		return 0, fmt.Errorf("writing the journal's header: %w", err)
	}
	b := append(append([]byte(journalMagic), line...), '\n')
	if _, err := j.file.WriteAt(b, 0); err != nil {
		return 0, fmt.Errorf("writing the journal's header: %w", err)
	}
	return int64(len(b)), nil
}

// scan counts the whole records and finds where they end. A file that does
// not begin with a whole header counts as empty, unless it is something else.
func (j *Journal) scan() (end int64, h *journalHeader, err error) {
	it, h, err := openRecords(j.path)
	if err != nil || h == nil {
		return 0, nil, err
	}
	defer it.close()
	var r record
	for it.next(&r) {
		if !r.obs.Repeat {
			j.lastNew = j.records
		}
		j.records++
	}
	return it.offset, h, nil
}

// write appends a record. It is on disk after the next flush.
func (j *Journal) write(r *record) error {
	j.buf = r.append(j.buf[:0])
	if len(j.buf) > maxRecord {
		return fmt.Errorf("writing the journal: frame %d takes %d bytes, more than %d: leave out the smoothers that need probabilities", r.obs.Seq, len(j.buf), maxRecord)
	}
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:4], uint32(len(j.buf)))
	binary.LittleEndian.PutUint32(head[4:], crc32.ChecksumIEEE(j.buf))
	if _, err := j.w.Write(head[:]); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	if _, err := j.w.Write(j.buf); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// Close writes what is buffered and closes the file; Remove deletes it as
// well, after a run that is complete.
func (j *Journal) Close() error {
	err := errors.Join(j.w.Flush(), j.file.Close())
	if err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	return nil
}

// Remove deletes a closed journal.
func (j *Journal) Remove() error { return os.Remove(j.path) }

// Path is the journal's file.
func (j *Journal) Path() string { return j.path }

// Records is how many frames the journal held when it was opened.
func (j *Journal) Records() int64 { return j.records }

// recordIter reads a journal's records one by one.
type recordIter struct {
	file   *os.File
	r      *bufio.Reader
	buf    []byte
	offset int64 // end of the last whole record
}

// openRecords opens a journal for reading; h is nil if it has no header yet.
func openRecords(path string) (it *recordIter, h *journalHeader, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the journal: %w", err)
	}
	it = &recordIter{file: f, r: bufio.NewReaderSize(f, 1<<16)}
	magic := make([]byte, len(journalMagic))
	n, _ := io.ReadFull(it.r, magic)
	if n > 0 && string(magic[:n]) != journalMagic[:n] {
		it.close()
		return nil, nil, fmt.Errorf("%s is not a journal of flipmeter: remove it to start anew", path)
	}
	line, err := it.r.ReadBytes('\n')
	h = new(journalHeader)
	if n < len(journalMagic) || err != nil || json.Unmarshal(line, h) != nil {
		it.close()
		return nil, nil, nil // a crash before the header was whole
	}
	it.offset = int64(n + len(line))
	return it, h, nil
}

// next decodes the next record into r; false at the end or at the first
// record that is not whole.
func (it *recordIter) next(r *record) bool {
	var head [8]byte
	if _, err := io.ReadFull(it.r, head[:]); err != nil {
		return false
	}
	n := binary.LittleEndian.Uint32(head[:4])
	if n > maxRecord {
		return false
	}
	if cap(it.buf) < int(n) {
		it.buf = make([]byte, n)
	}
	it.buf = it.buf[:n]
	if _, err := io.ReadFull(it.r, it.buf); err != nil {
		return false
	}
	if crc32.ChecksumIEEE(it.buf) != binary.LittleEndian.Uint32(head[4:]) || r.decode(it.buf) != nil {
		return false
	}
	it.offset += int64(len(head)) + int64(n)
	return true
}

func (it *recordIter) close() { it.file.Close() }
