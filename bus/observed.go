package bus

import (
	"math"
	"sync"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// observed makes the messages of observations. Every frame has one, so what it
// consists of is used again: with a thousand cameras collecting it as garbage
// delays frames.
type observed struct {
	subject, source, schema string
	prefix                  string // of ids
	payload                 Observation
	still                   bool
	change                  int32
	id                      []byte
	pool                    *messagePool
}

func newObserved(s *Stream, pool *messagePool) *observed {
	return &observed{
		subject: Subject(s.Site, s.Camera, TypeObservation), source: ceSource(s.Site, s.Camera), schema: SchemaName(TypeObservation),
		prefix: idPrefix(s.Site, s.Camera), pool: pool,
	}
}

// observation makes the message of an event's observation.
func (e *encoder) observation(ev *event.Event) *message {
	o, s := ev.Observation, e.observed
	s.id = appendEventID(s.id[:0], s.prefix, ev.Track, e.epoch, TypeObservation, o.Seq, "")
	s.id = append(s.id, ":0"...)
	messageID := string(s.id)
	id := messageID[:len(messageID)-len(":0")]
	p := &s.payload
	*p = Observation{
		Envelope: Envelope{
			Schema: s.schema, ID: id, Site: e.stream.Site, Camera: e.stream.Camera, Track: ev.Track,
			Epoch: e.epoch, Seq: o.Seq, PTSMs: millisIf(o.HasPTS, o.PTS), At: e.at, Identity: e.stream.Identity,
		},
		Label:          e.label(o.Label, o.Score),
		Margin:         Score(margin(o)),
		PrevLabelScore: Score(o.PrevLabelScore),
		Top:            e.appendRanking(p.Top[:0], o.Top[:o.N]),
		PTSEstimated:   o.PTSEstimated,
		Repeat:         ev.Repeat || o.Repeat,
		Cut:            o.Cut,
		Break:          ev.Break.String(),
		Pair:           ev.Pair,
		Decided:        ev.Decided,
		Flip:           ev.Flip,
		ChangeMax:      Number(o.ChangeMax),
		Traced:         p.Traced[:0],
	}
	if ev.Still != stability.Unknown {
		s.still = ev.Still == stability.True
		p.Still = &s.still
	}
	if o.Change < 0 {
		p.ChangeMax = Number(math.NaN())
	} else {
		s.change = o.Change
		p.Change = &s.change
	}
	for i, score := range ev.Traced {
		if i < len(e.stream.Traces) {
			p.Traced = append(p.Traced, TracedClass{Label: e.stream.Traces[i], Score: Score(score)})
		}
	}
	m := s.pool.get()
	m.subject, m.data = s.subject, p.appendJSON(m.data)
	m.describe(messageID, s.schema, s.source, e.at)
	return m
}

// messagePool keeps the messages of observations that were sent, for others. A
// message is of one goroutine at a time, the pool of all.
type messagePool struct{ free sync.Pool }

func (p *messagePool) get() *message {
	if m, ok := p.free.Get().(*message); ok {
		return m
	}
	const usual = 1024 // bytes
	return &message{route: routeCore, header: newHeader(), data: make([]byte, 0, usual), pool: p}
}

// put takes a message back.
func (p *messagePool) put(m *message) {
	const most = 16 << 10 // one of hundreds of traced classes is not kept
	if cap(m.data) > most {
		return
	}
	m.data = m.data[:0]
	p.free.Put(m)
}
