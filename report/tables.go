package report

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// maxHeld bounds the rows that wait for the kind of a flip before them. A
// kind is known within about a second of video; more waiting rows than this
// mean that the sender forgot a flip.
const maxHeld = 1 << 16

// tables are the two tables of a run; both nil without tables.
type tables struct {
	frames *ordered[table.Frame]
	flips  *ordered[table.Flip]
}

func newTables(dir string, format table.Format) (*tables, error) {
	t := &tables{}
	if format == table.None {
		return t, nil
	}
	var err error
	if t.frames, err = newOrdered[table.Frame](dir, table.FramesName, format); err != nil {
		return t, err
	}
	t.flips, err = newOrdered[table.Flip](dir, table.FlipsName, format)
	return t, err
}

// stream registers a stream; nil without tables.
func (t *tables) stream(name string, label func(int32) string) *streamRows {
	if t.frames == nil {
		return nil
	}
	return &streamRows{
		name: name, label: label, frames: t.frames.lane(), flips: t.flips.lane(),
		waitingFrames: make(map[flipKey]*heldFrame), waitingFlips: make(map[flipKey]*heldFlip),
	}
}

// close finishes the tables and gives their file names.
func (t *tables) close() ([]string, error) {
	if t.frames == nil {
		return nil, nil
	}
	err := errors.Join(t.frames.close(), t.flips.close())
	return []string{t.frames.name, t.flips.name}, err
}

func (t *tables) abort() {
	t.frames.abort()
	t.flips.abort()
}

type flipKey struct{ epoch, seq uint64 }

type heldFrame struct {
	row     table.Frame
	waiting bool // for the kind of its flip
}

type heldFlip struct {
	flip  stability.Flip
	final bool
}

// streamRows makes rows of one stream's events. Rows are held back, in
// order, until the kinds of their flips are known, so that the bytes of the
// tables do not depend on when that happens.
type streamRows struct {
	name          string
	label         func(int32) string
	frames        *lane[table.Frame]
	flips         *lane[table.Flip]
	heldFrames    []*heldFrame
	heldFlips     []*heldFlip
	waitingFrames map[flipKey]*heldFrame
	waitingFlips  map[flipKey]*heldFlip
	closed        bool
}

// Record takes the stream's next event.
func (s *streamRows) Record(_ context.Context, ev *event.Event) error {
	if s.closed {
		return fmt.Errorf("BUG: stream %q recorded an event after its end", s.name)
	}
	for i := range ev.Late {
		s.late(&ev.Late[i])
	}
	if len(s.heldFrames)+len(s.heldFlips) > 0 {
		if err := s.flush(false); err != nil {
			return err
		}
	}
	if ev.Observation != nil && len(s.heldFrames) == 0 && !(ev.Pair && ev.Flip) {
		if err := s.frames.write(s.frameRow(ev)); err != nil {
			return fmt.Errorf("write frames table: %w", err)
		}
		return nil
	}
	if ev.Observation != nil {
		h := &heldFrame{row: s.frameRow(ev)}
		if ev.Pair && ev.Flip {
			s.flip(&ev.FlipAt, h)
		}
		s.heldFrames = append(s.heldFrames, h)
	}
	return s.flush(false)
}

func (s *streamRows) flip(f *stability.Flip, h *heldFrame) {
	key := flipKey{f.Epoch, f.Seq}
	h.row.Kind = kindName(f.Kind)
	// Without times no kind is ever known.
	if f.Kind == stability.KindPending && f.HasPTS {
		h.waiting = true
		s.waitingFrames[key] = h
	}
	hf := &heldFlip{flip: *f, final: f.Final}
	s.heldFlips = append(s.heldFlips, hf)
	if !hf.final {
		s.waitingFlips[key] = hf
	}
}

func (s *streamRows) late(f *stability.Flip) {
	key := flipKey{f.Epoch, f.Seq}
	if h, ok := s.waitingFrames[key]; ok && f.Kind != stability.KindPending {
		h.row.Kind, h.waiting = kindName(f.Kind), false
		delete(s.waitingFrames, key)
	}
	if h, ok := s.waitingFlips[key]; ok {
		h.flip, h.final = *f, f.Final
		if f.Final {
			delete(s.waitingFlips, key)
		}
	}
}

// flush writes the rows at the front that wait for nothing; all at the end.
func (s *streamRows) flush(all bool) error {
	n := 0
	for ; n < len(s.heldFrames) && (all || !s.heldFrames[n].waiting); n++ {
		if err := s.frames.write(s.heldFrames[n].row); err != nil {
			return fmt.Errorf("write frames table: %w", err)
		}
	}
	s.heldFrames = drop(s.heldFrames, n)
	n = 0
	for ; n < len(s.heldFlips) && (all || s.heldFlips[n].final); n++ {
		if err := s.flips.write(s.flipRow(&s.heldFlips[n].flip)); err != nil {
			return fmt.Errorf("write flips table: %w", err)
		}
	}
	s.heldFlips = drop(s.heldFlips, n)
	if len(s.heldFrames) > maxHeld || len(s.heldFlips) > maxHeld {
		return fmt.Errorf("BUG: stream %q: %d frames and %d flips wait for a flip that was never decided",
			s.name, len(s.heldFrames), len(s.heldFlips))
	}
	return nil
}

// drop removes the first n elements, keeping the array.
func drop[T any](s []*T, n int) []*T {
	if n == 0 {
		return s
	}
	m := copy(s, s[n:])
	clear(s[m:])
	return s[:m]
}

// Close writes the rows that are left.
func (s *streamRows) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.flush(true)
	return errors.Join(err, s.frames.close(), s.flips.close())
}

func (s *streamRows) frameRow(ev *event.Event) table.Frame {
	o := ev.Observation
	row := table.Frame{
		Stream: s.name, Epoch: o.Epoch, Seq: o.Seq, PTSEstimated: o.PTSEstimated,
		Score: score(o.Score), PrevLabelScore: score(o.PrevLabelScore),
		Repeat: o.Repeat, Cut: o.Cut, Still: tri(ev.Still),
	}
	if o.HasPTS {
		row.PTSMs = ptr(ms(o.PTS))
	}
	if o.Label != stability.NoLabel {
		row.LabelIndex, row.Label = ptr(o.Label), ptr(s.label(o.Label))
	}
	if o.N >= 2 {
		row.Margin = score(o.Top[0].Score - o.Top[1].Score)
	}
	for _, t := range o.Top[:o.N] {
		// A ranking without scores keeps its order only.
		row.Top5Index = append(row.Top5Index, t.Index)
		if !math.IsNaN(float64(t.Score)) {
			row.Top5Score = append(row.Top5Score, t.Score)
		}
	}
	if o.Change >= 0 {
		row.Change, row.ChangeMax = ptr(o.Change), score(o.ChangeMax)
	}
	if ev.Break != stability.ReasonNone {
		row.Break = ptr(ev.Break.String())
	}
	if ev.Pair {
		row.Flip = ptr(ev.Flip)
		if !math.IsNaN(float64(o.Score)) {
			row.Decided = ptr(ev.Decided)
		}
	}
	return row
}

func (s *streamRows) flipRow(f *stability.Flip) table.Flip {
	row := table.Flip{
		Stream: s.name, Epoch: f.Epoch, Seq: f.Seq,
		FromIndex: f.From, From: s.label(f.From), ToIndex: f.To, To: s.label(f.To),
		FromScore: score(f.FromScore), ToScore: score(f.ToScore),
		MarginBefore: score(f.MarginBefore), MarginAfter: score(f.MarginAfter),
		Kind: kindName(f.Kind), Still: tri(f.Still), NearCut: f.NearCut,
		Unexplained: f.Unexplained, ID: table.FlipID(s.name, f.Epoch, f.Seq),
	}
	if f.GlitchID != 0 {
		row.GlitchID = ptr(f.GlitchID)
	}
	if f.HasPTS {
		row.PTSMs, row.HeldBeforeMs = ptr(ms(f.PTS)), ptr(ms(f.HeldBefore))
		row.HeldAfterMs = ptr(ms(f.HeldAfter))
	}
	return row
}

func ptr[T any](v T) *T { return &v }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// score is null where the value is unknown.
func score(f float32) *float32 {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return nil
	}
	return &f
}

func tri(t stability.Tri) *bool {
	if t == stability.Unknown {
		return nil
	}
	return ptr(t == stability.True)
}

// kindName is null for a kind that is not known.
func kindName(k stability.Kind) *string {
	if k == stability.KindNone || k == stability.KindPending {
		return nil
	}
	return ptr(k.String())
}
