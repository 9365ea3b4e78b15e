package messages

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Reading is one observation as a message tells it.
type Reading struct {
	Track string
	// Label is "" where the sender knows none.
	Label  string
	Score  float64 // 0..1, NaN where not told
	Seq    uint64
	HasSeq bool
	// At is when it was observed; zero where the message doesn't tell.
	At time.Time
	// Top are the candidates, best first; nil where not told.
	Top []Candidate
	End bool // the track has ended
}

// Candidate is a label with its score.
type Candidate struct {
	Label string
	Score float64
}

const (
	maxLabel      = 256  // bytes of a label, and of a track's name
	maxCandidates = 1024 // of one observation
)

// Read takes the observations out of a message, and calls take for each, or
// for what is wrong in its place. now is the wall clock.
func (m *Mapper) Read(msg *Message, now time.Time, take func(Outcome, *Reading)) {
	var root any
	if m.json || bytes.HasPrefix(bytes.TrimSpace(msg.Payload), []byte("{")) {
		var ok bool
		if root, ok = parseJSON(msg.Payload); !ok && m.json {
			take(Malformed, nil)
			return
		}
	}
	if m.each.IsZero() {
		take(m.one(msg, root, root, now))
		return
	}
	v, _ := m.each.find(msg, root, root)
	list, ok := v.([]any)
	if !ok {
		take(Malformed, nil)
		return
	}
	for _, element := range list {
		take(m.one(msg, root, element, now))
	}
}

// parseJSON reads one value that is the whole payload.
func parseJSON(payload []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}

// one reads one observation.
func (m *Mapper) one(msg *Message, root, element any, now time.Time) (Outcome, *Reading) {
	find := func(e *Expr) any { // nil also where it is missing
		v, _ := e.find(msg, root, element)
		return v
	}
	if !m.camera.IsZero() {
		name, ok := asText(find(&m.camera))
		if !ok {
			return Malformed, nil
		}
		if name != m.cfg.CameraIs {
			return OtherCamera, nil
		}
	}
	for i := range m.only {
		if !m.only[i].holds(msg, root, element) {
			return Skipped, nil
		}
	}
	r := &Reading{Score: math.NaN()}
	if v := find(&m.track); v != nil {
		var ok bool
		if r.Track, ok = asText(v); !ok || !printable(r.Track) {
			return WrongType, nil
		}
	}
	r.End = m.end != nil && m.end.holds(msg, root, element)
	if v := find(&m.time); v != nil {
		at, ok := timeOf(v)
		if !ok {
			return WrongType, nil
		}
		if at.Before(now.Add(-m.cfg.MaxSkew)) || at.After(now.Add(m.cfg.MaxSkew)) {
			return WrongTime, nil
		}
		r.At = at
	}
	if r.End {
		return Ended, r
	}
	if v := find(&m.seq); v != nil {
		text, ok := asText(v)
		seq, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
		if !ok || err != nil {
			return WrongType, nil
		}
		r.Seq, r.HasSeq = seq, true
	}
	return m.labelled(msg, root, element, r)
}

// labelled reads the label, its score and the candidates.
func (m *Mapper) labelled(msg *Message, root, element any, r *Reading) (Outcome, *Reading) {
	if v, _ := m.top.find(msg, root, element); v != nil {
		var ok bool
		if r.Top, ok = m.candidates(v); !ok {
			return WrongType, nil
		}
	}
	v, told := m.label.find(msg, root, element)
	switch {
	case v != nil:
		text, ok := asText(v)
		if !ok {
			return WrongType, nil
		}
		r.Label = text
	case len(r.Top) > 0:
		r.Label = r.Top[0].Label
	case !told && r.Top == nil:
		return Malformed, nil
	}
	if !printable(r.Label) {
		return WrongType, nil
	}
	if v, _ := m.score.find(msg, root, element); v != nil {
		f, ok := m.scoreOf(v)
		if !ok {
			return WrongType, nil
		}
		r.Score = f
	}
	if m.none[r.Label] {
		r.Label, r.Score, r.Top = "", math.NaN(), nil
		return Accepted, r
	}
	if len(r.Top) > 0 {
		if r.Top[0].Label != r.Label {
			// Of equal scores the sender may have named another one first.
			i := slices.IndexFunc(r.Top, func(c Candidate) bool { return c.Label == r.Label })
			if i < 0 || r.Top[i].Score != r.Top[0].Score {
				return WrongType, nil
			}
			r.Top[0], r.Top[i] = r.Top[i], r.Top[0]
		}
		r.Score = r.Top[0].Score
	}
	return Accepted, r
}

// candidates reads a list of candidates, or an object of scores by label.
// Best first; of equal scores in the order of their names.
func (m *Mapper) candidates(v any) ([]Candidate, bool) {
	var out []Candidate
	add := func(label, score any) bool {
		text, ok := asText(label)
		f, isScore := m.scoreOf(score)
		out = append(out, Candidate{text, f})
		return ok && isScore && text != "" && printable(text)
	}
	switch x := v.(type) {
	case map[string]any:
		if len(x) > maxCandidates {
			return nil, false
		}
		for label, score := range x {
			if !add(label, score) {
				return nil, false
			}
		}
	case []any:
		if len(x) > maxCandidates {
			return nil, false
		}
		for _, c := range x {
			label, _ := m.topLabel.find(&Message{}, c, c)
			score, _ := m.topScore.find(&Message{}, c, c)
			if !add(label, score) {
				return nil, false
			}
		}
	default:
		return nil, false
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return strings.Compare(a.Label, b.Label)
	})
	for i := range out {
		if i > 0 && slices.ContainsFunc(out[:i], func(c Candidate) bool { return c.Label == out[i].Label }) {
			return nil, false
		}
	}
	return out, true
}

// scoreOf is a score between 0 and 1; a rounding error is forgiven.
func (m *Mapper) scoreOf(v any) (float64, bool) {
	f, ok := asNumber(v)
	f /= m.cfg.ScoreMax
	if !ok || f < 0 || f > 1.001 {
		return 0, false
	}
	return min(f, 1), true
}

// timeOf reads a time: RFC 3339, or a number since 1970 whose size tells
// whether it counts seconds, milliseconds, microseconds or nanoseconds.
func timeOf(v any) (time.Time, bool) {
	if text, ok := v.(string); ok {
		if at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(text)); err == nil {
			return at, true
		}
	}
	f, ok := asNumber(v)
	if !ok || f < 0 {
		return time.Time{}, false
	}
	unit := float64(time.Second)
	for limit := 1e11; f >= limit && unit > 1; limit *= 1e3 {
		unit /= 1e3
	}
	if f*unit >= math.MaxInt64 {
		return time.Time{}, false
	}
	// Whole and fraction apart: a float64 of nanoseconds is good for 256 ns.
	whole, fraction := math.Modf(f)
	return time.Unix(0, int64(whole)*int64(unit)+int64(math.Round(fraction*unit))), true
}

// printable says that a name may go on to pages, logs and subjects.
func printable(name string) bool {
	return len(name) <= maxLabel && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}
