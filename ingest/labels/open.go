package labels

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flipmeter/flipmeter/stability"
)

// errEmpty is told of a file that holds nothing.
var errEmpty = errors.New("the file is empty: there are no labels in it")

// Config says what to read, and how.
type Config struct {
	// Path is a file; or with In it is what to call In in messages.
	Path string
	// In, where set, is read in place of a file. It can't be Parquet.
	In     io.Reader
	Format Format // "": Auto
	// Classes are the run's labels, shared by its files.
	Classes *Classes
	// FPS makes times where the table has none; 0: there are then none.
	FPS float64
	// Stride is by how much seq goes on from one frame to the next; 0 is 1.
	Stride int
	// OnStream, where set, is told of every new stream before its first row
	// is read; by "" of the one stream of a file without a column of
	// streams. An error ends the reading.
	OnStream func(name string) error
	// Turn, where set, is for files that are read side by side: it waits until
	// those before this one have been read, and is called before a label gets
	// a number or a name that Classes doesn't know. An error ends the reading.
	Turn func() error
	// alias knows names that a closed list of labels lacks: a label below
	// NoLabel, or 0 where it knows none.
	alias func(name []byte) (int32, error)
	// sets, where set, takes cells with several labels (a|b), as a truth may
	// have: the row's label is then far below NoLabel.
	sets *rowSets
	// Logits says that vectors are logits rather than probabilities.
	Logits bool
}

// Facts say what a file can tell; what it can't, no measure knows.
type Facts struct {
	Format        Format
	Streams       bool // there is a column of streams
	Times         bool // from the table or made of FPS
	Seqs, Epochs  bool
	Scores        bool // of the label
	Rankings      bool // best classes
	Vectors       bool // probabilities of all classes
	Changes       bool // of the picture
	Cuts, Repeats bool
	Breaks        bool // says itself why pairs are missing
	Names         bool // labels have names
}

// File reads the rows of one file. One goroutine uses it.
type File struct {
	name   string
	in     *os.File // nil where it isn't ours
	size   int64    // 0 where unknown
	rows   *rows
	facts  Facts
	reader interface{ read(b *Batch) error }
	lines  *lineReader    // of texts
	pq     *parquetReader // of Parquet
	done   bool
	total  int64
	one    *Batch // of Read
	at     int
	err    error
}

// Open opens a file and finds out what it holds. Close must follow.
func Open(cfg Config) (_ *File, err error) {
	f := &File{name: cfg.Path}
	defer func() {
		if err != nil {
			_ = f.Close()
			err = f.wrap(err)
		}
	}()
	src := cfg.In
	if src == nil {
		if f.in, err = os.Open(cfg.Path); err != nil {
			return nil, fmt.Errorf("open labels: %w", err)
		}
		st, err := f.in.Stat()
		if err != nil {
			return nil, fmt.Errorf("open labels: %w", err)
		}
		if st.IsDir() {
			return nil, errors.New("it is a folder: name the files in it")
		}
		if st.Mode().IsRegular() {
			f.size = st.Size()
		}
		src = f.in
	}
	f.lines = newLineReader(src)
	if err := f.open(&cfg); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) open(cfg *Config) error {
	head := f.lines.peekLine()
	switch {
	case len(head) == 0 && f.lines.err != nil && !errors.Is(f.lines.err, io.EOF):
		return fmt.Errorf("read labels: %w", f.lines.err)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return errors.New("the file is UTF-16: save it as UTF-8")
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		f.lines.skip(3)
		head = head[3:]
	}
	if len(bytes.TrimSpace(head)) == 0 && f.lines.err != nil {
		return errEmpty
	}
	format, comma := cfg.Format, byte(',')
	switch format {
	case "", Auto:
		var err error
		if format, comma, err = sniff(cfg.Path, head); err != nil {
			return err
		}
	case TSV:
		comma = '\t'
	case CSV:
		line, _, _ := bytes.Cut(head, []byte{'\n'})
		if c, ok := separator(trimReturn(line)); ok {
			comma = c
		}
	}
	return f.openAs(format, comma, cfg, head)
}

// openAs reads what comes before the first row.
func (f *File) openAs(format Format, comma byte, cfg *Config, head []byte) error {
	var layout *layout
	var err error
	read := func(names []string, e error) {
		if err = e; err == nil {
			layout, err = newLayout(names)
		}
	}
	var text *textReader
	var jsonl *jsonReader
	switch format {
	case Parquet:
		if f.in == nil || f.size == 0 {
			return errors.New("Parquet is read from a file only, not from a pipe") //nolint:staticcheck // a name
		}
		f.lines = nil
		f.pq, err = openParquet(f.in, f.size, cfg.sets != nil)
		if err == nil {
			layout = f.pq.layout
		}
	case JSONL:
		jsonl = &jsonReader{lines: f.lines}
		read(jsonl.header())
	case CSV, TSV:
		text = &textReader{lines: f.lines, comma: comma}
		read(text.header())
	case List:
		text = &textReader{lines: f.lines, list: true}
		read([]string{listColumn(head, cfg.sets != nil).String()}, nil)
	default:
		return fmt.Errorf("no file can be read as %q: use one of %v", format, Formats())
	}
	if err != nil {
		return err
	}
	if err := cfg.Classes.take(layout.set.indexed(), f.name); err != nil {
		return err
	}
	if f.rows, err = newRows(layout.set, cfg); err != nil {
		return err
	}
	switch {
	case text != nil:
		text.rows, text.layout = f.rows, layout
		f.reader = text
	case jsonl != nil:
		jsonl.rows = f.rows
		f.reader = jsonl
	default:
		f.pq.rows, f.rows.unit = f.rows, "row"
		f.reader = f.pq
	}
	f.facts = factsOf(format, layout.set, cfg)
	return nil
}

// listColumn says whether a list is one of names or one of numbers: its
// first label decides.
func listColumn(head []byte, sets bool) column {
	word, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte{'\n'})
	if sets {
		word, _, _ = bytes.Cut(word, []byte{setSeparator})
	}
	if _, err := parseIndex(bytes.TrimSpace(word)); err == nil {
		return colLabelIndex
	}
	return colLabel
}

func factsOf(format Format, s columnSet, cfg *Config) Facts {
	return Facts{
		Format: format, Streams: s.has(colStream), Times: s.timed() || cfg.FPS > 0,
		Seqs: s.has(colSeq), Epochs: s.has(colEpoch),
		Scores:   s.has(colScore) || s.has(colTop5Score) || s.probs(),
		Rankings: s.has(colTop5Index) || s.probs(), Vectors: s.probs(),
		Changes: s.has(colChange), Cuts: s.has(colCut) || s.has(colBreak), Repeats: s.has(colRepeat),
		Breaks: s.has(colBreak), Names: s.has(colLabel) || cfg.Classes.Count() > 0,
	}
}

// Facts say what the file can tell. Whether a column of times holds any is
// known once the first batch was read; nothing changes after that.
func (f *File) Facts() Facts { return f.facts }

// ReadBatch fills b with the next rows: io.EOF, and none, after the last. An
// error names the file and the line; the rows before it are in the batch.
func (f *File) ReadBatch(ctx context.Context, b *Batch) error {
	b.N, b.Merged = 0, 0
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case f.err != nil:
		return f.err
	case f.done:
		return io.EOF
	}
	f.rows.into = b
	err := f.reader.read(b)
	f.total += int64(b.N)
	if f.rows.untimed && f.rows.rules.fps == 0 && f.facts.Times {
		f.facts.Times = false // with the first batch
	}
	b.Names = f.rows.names // only ever made longer
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, io.EOF):
		f.err = f.wrap(err)
		return f.err
	}
	f.done = true
	switch {
	case f.total == 0:
		f.err = f.wrap(errEmpty)
		return f.err
	case b.N == 0:
		return io.EOF
	}
	return nil
}

// wrap puts the file's name and the line before an error.
func (f *File) wrap(err error) error {
	var at atLine
	switch {
	case err == nil:
		return nil
	case errors.As(err, &at) && f.pq != nil:
		return fmt.Errorf("%s: row %d: %w", f.name, at.line, at.err)
	case errors.As(err, &at):
		return fmt.Errorf("%s:%d: %w", f.name, at.line, at.err)
	}
	return fmt.Errorf("%s: %w", f.name, err)
}

// At puts the file's name and a batch's line before an error that somebody
// else found in that row.
func (f *File) At(line int64, err error) error { return f.wrap(atLine{line, err}) }

// Read gives the rows one by one, to whoever wants no batches. It and
// ReadBatch don't mix.
func (f *File) Read(ctx context.Context, into *stability.Observation) error {
	if f.one == nil {
		f.one = NewBatch()
	}
	for f.at >= f.one.N {
		if err := f.ReadBatch(ctx, f.one); err != nil && f.one.N == 0 {
			return err
		}
		f.at = 0
	}
	*into = f.one.Obs[f.at]
	f.at++
	return nil
}

// Progress is how much of the file has been read, from 0 to 1; ok is false
// where its size isn't known.
func (f *File) Progress() (done float64, ok bool) {
	switch {
	case f.pq != nil && f.pq.count > 0:
		return float64(f.total) / float64(f.pq.count), true
	case f.lines != nil && f.size > 0:
		return float64(f.lines.read) / float64(f.size), true
	}
	return 0, false
}

// Close closes the file. It may be called again.
func (f *File) Close() error {
	var err error
	if f.pq != nil {
		err = f.pq.close()
	}
	if f.in != nil {
		err = errors.Join(err, f.in.Close())
		f.in = nil
	}
	return err
}
