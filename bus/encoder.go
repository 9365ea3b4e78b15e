package bus

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// encoder turns the events of one stream into messages. It remembers what
// later revisions of a flip must repeat. Safe for several goroutines.
type encoder struct {
	stream   Stream
	pictures bool

	mu     sync.Mutex
	flips  map[flipKey]flipMemo // not final yet
	states uint64               // told so far
	alerts uint64               // told so far, reminders not counted
	firing map[string]alertMemo // by rule: the message that it fires
	epoch  uint64               // of the newest observation
	seq    uint64               //
	pts    time.Duration        //
	hasPTS bool
	at     time.Time // of the newest observation
	window map[windowKey]windowMemo
	out    []*message // of the event at hand

	observed *observed
}

type flipKey struct {
	track      string
	epoch, seq uint64
}

// flipMemo is what only the event of the flip itself tells.
type flipMemo struct {
	at            time.Time
	before, after []Label
	cells         []uint16
	pictures      *Pictures
}

type alertMemo struct{ epoch, seq uint64 }

type windowKey struct {
	track string
	width time.Duration
}

type windowMemo struct {
	epoch, seq uint64
	revision   int
	tenth      int64 // of the width, in which it was told
}

// maxOpenFlips bounds the memory for flips that nobody declares final.
const maxOpenFlips = 4096

func newEncoder(s Stream, pictures bool, pool *messagePool) *encoder {
	if s.Site == "" {
		s.Site = DefaultSite
	}
	if s.Label == nil {
		s.Label = func(i int32) string { return strconv.Itoa(int(i)) }
	}
	return &encoder{
		stream: s, pictures: pictures, epoch: s.Epoch,
		flips: map[flipKey]flipMemo{}, window: map[windowKey]windowMemo{},
		firing: map[string]alertMemo{}, observed: newObserved(&s, pool),
	}
}

func (e *encoder) setIdentity(identity string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stream.Identity = identity
}

// encode calls send for each message of an event, in order: the pictures of
// a flip before the flip that names them. The messages are the receiver's,
// pictures hold a reference.
func (e *encoder) encode(ev *event.Event, send func(*message) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.out[:0]
	if o := ev.Observation; o != nil {
		e.epoch, e.seq, e.pts, e.hasPTS = e.stream.Epoch+o.Epoch, o.Seq, o.PTS, o.HasPTS
		e.at = e.atOf(ev)
		if !ev.Held { // nobody said it
			out = append(out, e.observation(ev))
		}
	}
	if ev.Flip {
		out = e.newFlip(ev, out)
	}
	for i := range ev.Late {
		out = append(out, e.lateFlip(ev, &ev.Late[i]))
	}
	if ev.Window != nil && e.windowIsDue(ev) {
		out = append(out, encode(TypeWindow, e.windowed(ev)))
	}
	if ev.State != nil || ev.Drop != nil {
		m := encode(TypeState, e.state(ev))
		out = append(out, m)
		if ev.State != nil {
			out = append(out, &message{route: routeState, subject: StateKey(e.stream.Site, e.stream.Camera), data: m.data})
		}
	}
	var failed error
	for _, m := range out {
		if failed != nil {
			m.release()
			continue
		}
		failed = send(m)
	}
	clear(out)
	e.out = out
	return failed
}

// atOf is the event's own time, or the stream's start plus PTS.
func (e *encoder) atOf(ev *event.Event) time.Time {
	switch {
	case !ev.At.IsZero():
		return ev.At.UTC()
	case ev.Observation != nil && !e.stream.Start.IsZero():
		return e.stream.Start.Add(ev.Observation.PTS).UTC()
	case !e.at.IsZero():
		return e.at
	}
	return e.stream.Start.UTC()
}

func (e *encoder) envelope(t Type, track string, epoch, seq uint64, pts Number, at time.Time, discriminator string, revision int) Envelope {
	return Envelope{
		Schema: SchemaName(t), ID: eventID(e.stream.Site, e.stream.Camera, track, epoch, t, seq, discriminator),
		Revision: revision, Site: e.stream.Site, Camera: e.stream.Camera, Track: track,
		Epoch: epoch, Seq: seq, PTSMs: pts, At: at, Identity: e.stream.Identity,
	}
}

// SchemaName is what Envelope.Schema and ce-type say for a type.
func SchemaName(t Type) string { return Root + "." + string(t) }

// newFlip appends the messages of a flip that is told for the first time.
func (e *encoder) newFlip(ev *event.Event, out []*message) []*message {
	f := &ev.FlipAt
	memo := flipMemo{at: e.at, before: e.ranking(ev.PrevTop), cells: append([]uint16{}, ev.ChangedCells...)}
	if o := ev.Observation; o != nil {
		memo.after = e.ranking(o.Top[:o.N])
	} else {
		memo.at, memo.after = e.flipTime(ev, f), []Label{}
	}
	if e.pictures && ev.Prev != nil && ev.Cur != nil {
		base := Token(e.stream.Site) + "/" + Token(e.stream.Camera) + "/" + optionalToken(ev.Track) + "/" +
			strconv.FormatUint(e.stream.Epoch+f.Epoch, 10) + "/" + strconv.FormatUint(f.Seq, 10)
		memo.pictures = &Pictures{Before: base + "/before.jpg", After: base + "/after.jpg"}
		out = append(out,
			&message{route: routePicture, subject: memo.pictures.Before, thumb: ev.Prev.Retain()},
			&message{route: routePicture, subject: memo.pictures.After, thumb: ev.Cur.Retain()})
	}
	if !f.Final {
		if len(e.flips) >= maxOpenFlips {
			clear(e.flips)
		}
		e.flips[flipKey{ev.Track, f.Epoch, f.Seq}] = memo
	}
	return append(out, encode(TypeFlip, e.flip(ev.Track, f, memo)))
}

// lateFlip is a further revision of a flip.
func (e *encoder) lateFlip(ev *event.Event, f *stability.Flip) *message {
	key := flipKey{ev.Track, f.Epoch, f.Seq}
	memo, known := e.flips[key]
	if !known {
		memo = flipMemo{at: e.flipTime(ev, f), before: []Label{}, after: []Label{}, cells: []uint16{}}
	}
	if f.Final {
		delete(e.flips, key)
	}
	return encode(TypeFlip, e.flip(ev.Track, f, memo))
}

// flipTime reckons the time of a flip whose own event is not at hand.
func (e *encoder) flipTime(ev *event.Event, f *stability.Flip) time.Time {
	switch {
	case f.HasPTS && !e.stream.Start.IsZero():
		return e.stream.Start.Add(f.PTS).UTC()
	case f.HasPTS && e.hasPTS && !e.at.IsZero():
		return e.at.Add(f.PTS - e.pts)
	}
	return e.atOf(ev)
}

func (e *encoder) flip(track string, f *stability.Flip, memo flipMemo) *Flip {
	return &Flip{
		Envelope: e.envelope(TypeFlip, track, e.stream.Epoch+f.Epoch, f.Seq, millisIf(f.HasPTS, f.PTS), memo.at, "", f.Revision),
		From:     e.label(f.From, f.FromScore), To: e.label(f.To, f.ToScore),
		MarginBefore: Score(f.MarginBefore), MarginAfter: Score(f.MarginAfter),
		Kind: f.Kind.String(), GlitchID: f.GlitchID,
		Decided: f.Decided, Still: triPtr(f.Still), NearCut: f.NearCut, Unexplained: f.Unexplained,
		Change:       changePtr(f.Change),
		HeldBeforeMs: millisIf(f.HasPTS, f.HeldBefore), HeldAfterMs: millisIf(f.HasPTS, f.HeldAfter), Final: f.Final,
		TopBefore: memo.before, TopAfter: memo.after, ChangedCells: memo.cells, Pictures: memo.pictures,
	}
}

func (e *encoder) state(ev *event.Event) *State {
	seq := e.states
	e.states++
	p := &State{Envelope: e.envelope(TypeState, ev.Track, e.epoch, seq, millisIf(e.hasPTS, e.pts), e.atOf(ev), "", 0)}
	if s := ev.State; s != nil {
		p.State, p.Error = s.State, s.Error
		if !s.Since.IsZero() {
			since := s.Since.UTC()
			p.Since = &since
		}
	}
	if d := ev.Drop; d != nil {
		p.Drop = &Drop{Reason: d.Reason, Frames: d.Frames}
	}
	return p
}

func (e *encoder) label(index int32, score float32) Label {
	if index < 0 {
		return Label{Index: stability.NoLabel, Score: Score(math.NaN())}
	}
	return Label{Index: index, Label: e.stream.Label(index), Score: Score(score)}
}

func (e *encoder) ranking(top []stability.Ranked) []Label {
	return e.appendRanking(make([]Label, 0, len(top)), top)
}

func (e *encoder) appendRanking(out []Label, top []stability.Ranked) []Label {
	for _, r := range top {
		out = append(out, e.label(r.Index, r.Score))
	}
	return out
}

// margin is p(top1)−p(top2), NaN where unknown.
func margin(o *stability.Observation) float32 {
	if o.N < 2 {
		return float32(math.NaN())
	}
	return o.Top[0].Score - o.Top[1].Score
}

func triPtr(t stability.Tri) *bool {
	if t == stability.Unknown {
		return nil
	}
	b := t == stability.True
	return &b
}

func changePtr(cells int32) *int32 {
	if cells < 0 {
		return nil
	}
	return &cells
}
