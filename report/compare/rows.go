package compare

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// rows reads a table one row at a time.
type rows[T table.Frame | table.Flip] struct {
	path   string
	format table.Format
	file   *os.File
	r      *table.Reader[T]
	buf    []T
	at, n  int
	end    bool
}

const rowsAtOnce = 256

func openRows[T table.Frame | table.Flip](path string, format table.Format) (*rows[T], error) {
	r := &rows[T]{path: path, format: format, buf: make([]T, rowsAtOnce)}
	return r, r.rewind()
}

// rewind goes back to the first row.
func (r *rows[T]) rewind() error {
	err := r.close()
	if err != nil {
		return err
	}
	if r.file, err = os.Open(r.path); err != nil {
		return fmt.Errorf("open table: %w", err)
	}
	st, err := r.file.Stat()
	if err != nil {
		return fmt.Errorf("open table: %w", err)
	}
	if r.r, err = table.NewReader[T](r.file, st.Size(), r.format, 0); err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	r.at, r.n, r.end = 0, 0, false
	return nil
}

// peek is the next row, nil at the end. It stays valid until the next one is
// asked for.
func (r *rows[T]) peek() (*T, error) {
	for r.at == r.n {
		if r.end {
			return nil, nil
		}
		n, err := r.r.Read(r.buf)
		switch {
		case errors.Is(err, io.EOF):
			r.end = true
		case err != nil:
			return nil, fmt.Errorf("%s: %w", r.path, err)
		}
		r.at, r.n = 0, n
	}
	return &r.buf[r.at], nil
}

func (r *rows[T]) skip() { r.at++ }

func (r *rows[T]) close() error {
	if r == nil || r.file == nil {
		return nil
	}
	var err error
	if r.r != nil {
		err = r.r.Close()
	}
	err = errors.Join(err, r.file.Close())
	r.file, r.r = nil, nil
	return err
}

// observed is what a run says of one frame.
type observed struct {
	epoch  int // counts the openings of the source from 0
	seq    uint64
	at     time.Duration
	timed  bool
	repeat bool
	cut    bool

	index int32 // stability.NoLabel without a label
	label string
	named bool // label is a name

	fact   stability.PairFact
	kind   stability.Kind
	score  float64 // NaN where unknown
	change int32   // -1 where unknown
}

// reader reads what a run says of a stream, frame by frame.
type reader struct {
	side   *Side
	frames *rows[table.Frame]
	flips  *rows[table.Flip] // nil without the table

	stream    string
	epochs    int
	epoch     uint64
	lastScore float64 // of the last frame that is no repeated picture
}

func (s *Side) open() (*reader, error) {
	frames, err := openRows[table.Frame](s.frames, s.format)
	if err != nil {
		return nil, errors.Join(err, frames.close())
	}
	r := &reader{side: s, frames: frames}
	if s.flips != "" {
		if r.flips, err = openRows[table.Flip](s.flips, s.format); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	return r, nil
}

func (r *reader) close() error { return errors.Join(r.frames.close(), r.flips.close()) }

// seek goes to the first row of a stream. Streams lie one after another, so
// that reading them in their order reads the table once.
func (r *reader) seek(stream string) error {
	r.stream, r.epochs, r.lastScore = stream, 0, math.NaN()
	row, err := r.frames.peek()
	if err != nil {
		return err
	}
	if row == nil || row.Stream != stream {
		if err := r.frames.rewind(); err != nil {
			return err
		}
		for {
			if row, err = r.frames.peek(); err != nil || row == nil || row.Stream == stream {
				break
			}
			r.frames.skip()
		}
		if err != nil {
			return err
		}
	}
	if r.flips == nil {
		return nil
	}
	flip, err := r.flips.peek()
	if err != nil || flip != nil && flip.Stream == stream {
		return err
	}
	if err := r.flips.rewind(); err != nil {
		return err
	}
	for {
		flip, err := r.flips.peek()
		if err != nil || flip == nil || flip.Stream == stream {
			return err
		}
		r.flips.skip()
	}
}

// next fills o with the stream's next frame; false at its end.
func (r *reader) next(o *observed) (bool, error) {
	row, err := r.frames.peek()
	if err != nil || row == nil || row.Stream != r.stream {
		return false, err
	}
	defer r.frames.skip()
	if r.epochs == 0 || row.Epoch != r.epoch {
		r.epoch = row.Epoch
		r.epochs++
	}
	*o = observed{
		epoch: r.epochs - 1, seq: row.Seq, repeat: row.Repeat, cut: row.Cut,
		index: stability.NoLabel, score: math.NaN(), change: -1,
		fact: stability.PairFact{Pair: row.Flip != nil, Change: math.NaN()},
	}
	if row.PTSMs != nil {
		o.at, o.timed = time.Duration(math.Round(*row.PTSMs*float64(time.Millisecond))), true
	}
	if row.LabelIndex != nil {
		o.index = *row.LabelIndex
	}
	if row.Label != nil {
		o.label, o.named = *row.Label, true
	}
	if row.Change != nil {
		o.change = *row.Change
	}
	if row.Score != nil {
		o.score = float64(*row.Score)
	}
	if o.fact.Pair {
		if err := r.pair(row, o); err != nil {
			return false, err
		}
	}
	if !row.Repeat {
		r.lastScore = o.score
	}
	return true, nil
}

// pair fills in what is known of the pair that ends at the row.
func (r *reader) pair(row *table.Frame, o *observed) error {
	o.fact.Flip = *row.Flip
	o.fact.Decided = row.Decided != nil && *row.Decided
	if row.PrevLabelScore != nil && !math.IsNaN(r.lastScore) {
		o.fact.Change = math.Abs(float64(*row.PrevLabelScore) - r.lastScore)
	}
	if row.Kind != nil {
		o.kind, _ = stability.ParseKind(*row.Kind)
	}
	// Without times or without the flips table nobody knows.
	if r.flips == nil || !o.timed {
		return nil
	}
	o.fact.Unexplained = stability.False
	if !o.fact.Flip {
		return nil
	}
	flip, err := r.flips.peek()
	if err != nil {
		return err
	}
	if flip == nil || flip.Stream != row.Stream || flip.Epoch != row.Epoch || flip.Seq != row.Seq {
		return fmt.Errorf("%s and %s are not of the same run: the flip at frame %d of %s is missing in the latter: repeat the run",
			r.frames.path, r.flips.path, row.Seq, row.Stream)
	}
	o.fact.Unexplained = stability.TriOf(flip.Unexplained)
	r.flips.skip()
	return nil
}
