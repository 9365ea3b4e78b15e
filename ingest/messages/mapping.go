package messages

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Mapping says where in a message what is. The fields are expressions, see
// Expr; "" is nowhere.
type Mapping struct {
	Each string // a list whose elements are observations

	Camera   string // who the message is about
	CameraIs string // what Camera must be
	Track    string
	Label    string
	Score    string
	Seq      string
	Time     string

	Top      string // a list of candidates, or an object of label: score
	TopLabel string // of a candidate
	TopScore string // of a candidate

	Only []string // conditions: EXPR=VALUE, EXPR!=VALUE, or EXPR: it is there
	End  string   // the condition that a track has ended; "" never

	None     []string // labels that stand for none
	ScoreMax float64  // the score of certainty; 0 is 1
	// MaxSkew is how far a message's time may be from now.
	MaxSkew time.Duration
}

// Mapper reads messages by a Mapping. Safe for concurrent use.
type Mapper struct {
	cfg                                          Mapping
	each, camera, track, label, score, seq, time Expr
	top, topLabel, topScore                      Expr
	only                                         []condition
	end                                          *condition
	json                                         bool // payloads must be JSON
	none                                         map[string]bool
}

// condition compares a value with a text, or asks whether it is there.
type condition struct {
	expr   Expr
	exists bool
	not    bool
	value  string
}

func parseCondition(text string) (condition, error) {
	left, value, ok := strings.Cut(text, "=")
	left, not := strings.CutSuffix(left, "!")
	e, err := ParseExpr(strings.TrimSpace(left))
	if err == nil && e.IsZero() {
		err = fmt.Errorf("must name a value, as type=end, got %q", text)
	}
	return condition{expr: e, exists: !ok, not: not, value: strings.TrimSpace(value)}, err
}

func (c *condition) holds(m *Message, root, element any) bool {
	v, _ := c.expr.find(m, root, element)
	if c.exists {
		return v != nil
	}
	text, ok := asText(v)
	return (ok && text == c.value) != c.not
}

// NewMapper checks a mapping. The errors begin with the name of their field.
func NewMapper(cfg Mapping) (*Mapper, error) {
	m := &Mapper{cfg: cfg, none: map[string]bool{"": true}}
	var errs []error
	for _, f := range []struct {
		name, text string
		into       *Expr
	}{
		{"each", cfg.Each, &m.each}, {"camera", cfg.Camera, &m.camera}, {"track", cfg.Track, &m.track}, {"label", cfg.Label, &m.label},
		{"score", cfg.Score, &m.score}, {"seq", cfg.Seq, &m.seq}, {"time", cfg.Time, &m.time},
		{"top", cfg.Top, &m.top}, {"top_label", cfg.TopLabel, &m.topLabel}, {"top_score", cfg.TopScore, &m.topScore},
	} {
		var err error
		if *f.into, err = ParseExpr(f.text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.name, err))
		}
		m.json = m.json || f.into.needsJSON() && (f.name == "each" || f.name == "camera" || f.name == "label")
	}
	for i, text := range cfg.Only {
		c, err := parseCondition(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("only[%d]: %w", i, err))
		}
		m.only = append(m.only, c)
		m.json = m.json || c.expr.needsJSON()
	}
	if cfg.End != "" {
		c, err := parseCondition(cfg.End)
		if err != nil {
			errs = append(errs, fmt.Errorf("end: %w", err))
		}
		m.end = &c
		m.json = m.json || c.expr.needsJSON()
	}
	if m.label.IsZero() && m.top.IsZero() {
		errs = append(errs, errors.New("label: must say where the label is, as payload, label or topic:3"))
	}
	if m.label.IsZero() {
		m.json = true // the candidates are
	}
	for _, name := range cfg.None {
		m.none[name] = true
	}
	if m.cfg.ScoreMax == 0 {
		m.cfg.ScoreMax = 1
	}
	return m, errors.Join(errs...)
}

// Tracked says whether the mapping tells tracks apart.
func (m *Mapper) Tracked() bool { return !m.track.IsZero() }

// Timed says whether messages may tell their time.
func (m *Mapper) Timed() bool { return !m.time.IsZero() }
