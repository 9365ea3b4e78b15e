package messages

import (
	"math"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// Config says how the messages of one camera are taken.
type Config struct {
	Mapping Mapping
	// Changes says that the sender speaks only when a label changes; see
	// Intake. FPS is then how often it makes up its mind, and required.
	Changes bool
	FPS     float64
	// Stride is by how much seq goes on, 0 is 1. Gap is the largest distance
	// of neighbours where seq isn't told; 0 is one and a half times 1/FPS,
	// and without FPS learned, see adjacency.
	Stride uint64
	Gap    time.Duration
	// Idle ends a track, or a held label, that was not heard of for so long;
	// 0: 10 s, and for Changes 10 min with tracks, never without.
	Idle time.Duration

	MaxTracks, MaxLabels int     // 0: 64, 1000
	MaxRate              float64 // messages a second, 0: 1000
	MaxBytes             int     // of a payload, 0: 64 KiB
}

const (
	defaultTracks   = 64
	defaultLabels   = 1000
	defaultRate     = 1000
	defaultBytes    = 64 << 10
	defaultIdle     = 10 * time.Second
	defaultLongIdle = 10 * time.Minute
	// lateness is how late a change may be told, where messages tell their
	// time, and still count from when it was.
	lateness = 2 * time.Second
	// leastStep is by how much a wall clock must be set for it to count.
	leastStep = time.Second / 2
	// longestNap is for how long a held label goes on while nobody called
	// Tick: longer, and this program was asleep and heard nothing.
	longestNap = time.Minute
)

// Sink takes what an Intake makes of messages.
type Sink interface {
	// Observe takes the next observation of a track; held says that no
	// message told it, but that the label of the last one went on.
	Observe(track string, o *stability.Observation, at time.Time, held bool)
	// End tells that a track has ended: nothing follows on it, until it
	// begins anew with another epoch.
	End(track string)
	// Message counts what became of a message, or of a part of one.
	Message(o Outcome)
}

// Intake puts labels behind one another: each track's observations have times
// that go up, epochs that no other track of the camera has, and a reason to
// break where something is missing. Its times count from base.
//
// Of a sender that speaks only when a label changes, the label of the last
// message holds until the next one: between two messages of a track, and up to
// now, an observation is made for each 1/FPS. So the pairs between two
// messages are their distance times FPS, rounded, at least one. Nothing is
// known of such an observation but its label. A label holds while the
// connection does and the track is not idle.
//
// It has no clock, and is used by one goroutine at a time. Where the times that
// it is given have monotonic readings, a wall clock that is set back or on moves
// nothing: times that messages tell are taken by how far it was set since base.
// Those that are under way then are of another time than this machine's, and
// Mapping.MaxSkew says what becomes of them.
type Intake struct {
	cfg     Config
	mapper  *Mapper
	sink    Sink
	classes *Classes
	base    time.Time
	limit   limiter
	near    adjacency
	tracks  map[string]*track
	epochs  uint64
	clock   time.Time     // newest time of arrival
	now     time.Duration // the same, since base
	set     time.Duration // by how much the wall clock was set since base
	ticked  time.Duration
}

// track is where one object stands.
type track struct {
	place
	epoch uint64
	rows  uint64           // observations of this epoch
	lost  stability.Reason // why the next observation can't pair
	heard time.Duration    // when the last message arrived
	told  time.Duration    // its time
	label int32            // that holds, NoLabel: none
}

// New makes an intake; base is before every message's time less
// Mapping.MaxSkew. The error says what is wrong with the configuration, by
// field.
func New(cfg Config, classes *Classes, base time.Time, sink Sink) (*Intake, error) {
	m, err := NewMapper(cfg.Mapping)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults(m.Tracked())
	i := &Intake{cfg: cfg, mapper: m, sink: sink, classes: classes, base: base, limit: newLimiter(cfg.MaxRate), tracks: map[string]*track{}}
	i.near = adjacency{stride: cfg.Stride, limit: cfg.Gap}
	if cfg.Gap == 0 && cfg.FPS > 0 {
		i.near.limit = time.Duration(1.5 * float64(time.Second) / cfg.FPS)
	}
	return i, nil
}

func (c Config) withDefaults(tracked bool) Config {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&c.MaxTracks, defaultTracks)
	set(&c.MaxLabels, defaultLabels)
	set(&c.MaxBytes, defaultBytes)
	if c.MaxRate == 0 {
		c.MaxRate = defaultRate
	}
	if c.Stride == 0 {
		c.Stride = 1
	}
	if c.Idle == 0 {
		switch {
		case !c.Changes:
			c.Idle = defaultIdle
		case tracked:
			c.Idle = defaultLongIdle
		}
	}
	return c
}

// Quiet says whether a camera without tracks was not heard of for Idle.
func (i *Intake) Quiet(now time.Time) bool {
	t := i.tracks[""]
	return !i.cfg.Changes && !i.mapper.Tracked() && t != nil && now.Sub(i.base)-t.heard > i.cfg.Idle
}

// Tracks is how many tracks are open.
func (i *Intake) Tracks() int { return len(i.tracks) }

// Message takes a message.
func (i *Intake) Message(m *Message) {
	i.advance(m.Received)
	switch {
	case !i.limit.allow(i.now):
		i.sink.Message(Flood)
	case len(m.Payload) > i.cfg.MaxBytes:
		i.sink.Message(TooLarge)
	case m.Retained && !i.cfg.Changes:
		i.sink.Message(Stale)
	default:
		i.mapper.Read(m, m.Received, func(o Outcome, r *Reading) {
			if r != nil {
				o = i.take(o, r, m)
			}
			if o == WrongTime && i.cfg.Changes {
				i.doubt()
			}
			i.sink.Message(o)
		})
	}
}

// advance moves the time of arrival, which neither stands still nor goes back.
func (i *Intake) advance(now time.Time) {
	gone := now.Sub(i.base) // by the monotonic readings, if both have one
	i.clock, i.now = now, max(gone, i.now+1)
	// Kept as long as it is about the same: the two readings of a time are not
	// of quite the same moment.
	if set := now.Round(0).Sub(i.base.Round(0)) - gone; (set - i.set).Abs() >= leastStep {
		i.set = set
	}
}

// Tick lets time pass: labels hold, and idle tracks end.
func (i *Intake) Tick(now time.Time) {
	i.advance(now)
	slept := i.ticked > 0 && i.now-i.ticked > longestNap
	i.ticked = i.now
	for key, t := range i.tracks {
		if slept && t.lost == stability.ReasonNone {
			t.lose(stability.ReasonGap)
		}
		until := i.now
		if i.cfg.Changes && i.mapper.Timed() {
			until -= lateness
		}
		idle := i.cfg.Idle > 0 && until-t.heard > i.cfg.Idle
		switch {
		case idle:
			i.holdToEnd(key, t, t.heard+i.cfg.Idle)
		case i.cfg.Changes:
			i.hold(key, t, until)
		}
		if idle && (i.mapper.Tracked() || i.cfg.Changes) {
			i.end(key)
		}
	}
}

// Lost tells that the connection broke: whatever was said meanwhile was not
// heard.
func (i *Intake) Lost(now time.Time) {
	i.advance(now)
	for key, t := range i.tracks {
		i.holdToEnd(key, t, i.now)
		t.lose(stability.ReasonReconnect)
	}
}

// doubt ends what holds: there was a change, and nobody knows when, or of what
// track.
func (i *Intake) doubt() {
	for key, t := range i.tracks {
		i.holdToEnd(key, t, i.now)
		t.lose(stability.ReasonGap)
	}
}

// Close ends all tracks.
func (i *Intake) Close(now time.Time) {
	i.advance(now)
	for key, t := range i.tracks {
		i.holdToEnd(key, t, i.now)
		i.end(key)
	}
}

func (t *track) lose(why stability.Reason) {
	t.lost = why
	t.label = stability.NoLabel
}

// take puts a reading behind those of its track.
func (i *Intake) take(o Outcome, r *Reading, m *Message) Outcome {
	at := m.Received
	when := i.now
	if !r.At.IsZero() && !m.Retained {
		at, when = r.At, r.At.Sub(i.base)-i.set
	}
	t := i.tracks[r.Track]
	if o == Ended {
		if t == nil {
			return Order // it ended before, or never began
		}
		i.holdToEnd(r.Track, t, when)
		i.end(r.Track)
		return Ended
	}
	label := stability.NoLabel
	var top [stability.TopK]stability.Ranked
	if r.Label != "" {
		var ok bool
		if label, ok = i.classes.Add(r.Label); !ok {
			return NewLabel
		}
		for k := range min(len(r.Top), len(top)) {
			index, ok := i.classes.Add(r.Top[k].Label)
			if !ok {
				return NewLabel
			}
			top[k] = stability.Ranked{Index: index, Score: float32(r.Top[k].Score)}
		}
	}
	if t == nil {
		if len(i.tracks) >= i.cfg.MaxTracks {
			return TooMany
		}
		t = &track{epoch: i.epoch(), label: stability.NoLabel}
		i.tracks[r.Track] = t
	}
	reason, ok := i.follow(t, r, &when, r.Track)
	if !ok {
		return Order
	}
	t.heard, t.label, t.lost = i.now, label, stability.ReasonNone
	obs := i.observation(t, reason, when, label)
	if r.HasSeq && !i.cfg.Changes {
		obs.Seq = r.Seq
	}
	if label != stability.NoLabel {
		obs.Score = float32(r.Score)
		obs.Top, obs.N = top, min(len(r.Top), len(top))
	}
	i.sink.Observe(r.Track, obs, at, false)
	return Accepted
}

// follow moves a track to a reading at the time when, and says why the two
// can't pair. It is false for one that was overtaken.
func (i *Intake) follow(t *track, r *Reading, when *time.Duration, key string) (stability.Reason, bool) {
	reason := t.lost
	if i.cfg.Changes {
		if t.begun && *when <= t.told {
			return 0, false
		}
		t.told = *when
		i.hold(key, t, *when)
		if t.begun && *when <= t.at { // told too late: it counts from the next that was due
			*when = t.at + i.period()
		}
		t.begun, t.at = true, *when
	} else {
		switch i.near.next(&t.place, place{seq: r.Seq, hasSeq: r.HasSeq, at: *when}) {
		case overtaken:
			return 0, false
		case anew:
			reason = stability.ReasonReconnect
		case apart:
			if reason == stability.ReasonNone {
				reason = stability.ReasonGap
			}
		}
	}
	if reason == stability.ReasonReconnect {
		t.epoch, t.rows = i.epoch(), 0
	}
	return reason, true
}

func (i *Intake) period() time.Duration {
	return time.Duration(float64(time.Second) / i.cfg.FPS)
}

// hold makes the observations of a label that goes on until a time, one a
// period, and none nearer to that time than half a period.
func (i *Intake) hold(key string, t *track, until time.Duration) {
	if t.label == stability.NoLabel || t.lost != stability.ReasonNone {
		return
	}
	p := i.period()
	for next := t.at + p; next <= until-p/2; next += p {
		t.at = next
		i.sink.Observe(key, i.observation(t, stability.ReasonNone, next, t.label), i.clock.Add(next-i.now), true)
	}
}

// holdToEnd is hold up to a time after which no message follows.
func (i *Intake) holdToEnd(key string, t *track, until time.Duration) {
	if i.cfg.Changes {
		i.hold(key, t, until+i.period()/2)
	}
}

// observation is one of which only the label is known.
func (i *Intake) observation(t *track, reason stability.Reason, at time.Duration, label int32) *stability.Observation {
	nan := float32(math.NaN())
	o := &stability.Observation{
		Epoch: t.epoch, Seq: t.rows, PTS: at, HasPTS: true, Break: reason,
		Label: label, Score: nan, PrevLabelScore: nan, Change: -1, ChangeMax: nan,
	}
	t.rows++
	return o
}

// epoch is one that nothing of the camera had before.
func (i *Intake) epoch() uint64 {
	i.epochs++
	return i.epochs - 1
}

func (i *Intake) end(key string) {
	delete(i.tracks, key)
	i.sink.End(key)
}
