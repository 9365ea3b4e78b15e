package stability

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Smoother says how a sequence of answers is calmed: one of the functions
// that make one, such as EMA, or what ParseSmoother reads. The zero value is
// no smoothing.
type Smoother struct {
	kind smootherKind
	n    int     // mean, majority, consecutive; lock: votes
	x    float64 // ema: alpha; hysteresis: delta; lock: confidence
	lead int     // lock
	hold int     // lock: switch_after
}

type smootherKind uint8

const (
	smoothNone smootherKind = iota
	smoothEMA
	smoothMean
	smoothMajority
	smoothConsecutive
	smoothHysteresis
	smoothLock
)

// maxSmootherFrames bounds how far a smoother looks back.
const maxSmootherFrames = 1000

// EMA takes the class with the highest exponential moving average of the
// probabilities: s_1 = p_1, s_j = s_{j−1} + alpha·(p_j − s_{j−1}).
func EMA(alpha float64) Smoother { return Smoother{kind: smoothEMA, x: alpha} }

// Mean takes the class with the highest mean of the last n probabilities, or
// of as many as there are. Ties go to the lower index.
func Mean(n int) Smoother { return Smoother{kind: smoothMean, n: n} }

// Majority takes the label that is most frequent among the last n, or among
// as many as there are; where two are, the current one stays.
func Majority(n int) Smoother { return Smoother{kind: smoothMajority, n: n} }

// Consecutive takes a new label once it was on top in n frames in a row.
func Consecutive(n int) Smoother { return Smoother{kind: smoothConsecutive, n: n} }

// Hysteresis takes a new label once its probability is at least delta above
// that of the current one.
func Hysteresis(delta float64) Smoother { return Smoother{kind: smoothHysteresis, x: delta} }

// Lock lets the frames vote whose score is at least confidence. A label locks
// with at least votes and a lead of at least lead over the runner-up; until
// then the label in the lead is shown, ties keep the current one. Once locked,
// it changes only when another label was on top in switchAfter voting frames
// in a row.
func Lock(votes int, confidence float64, lead, switchAfter int) Smoother {
	return Smoother{smoothLock, votes, confidence, lead, switchAfter}
}

// SmootherPreset is a smoother that people run, under a name of its own.
type SmootherPreset struct {
	Name, Text string
	Smoother   Smoother
}

// SmootherPresets lists the presets.
func SmootherPresets() []SmootherPreset {
	return []SmootherPreset{
		{"three-in-a-row", "three identical results in a row", Consecutive(3)},
		{"vote-of-ten", "ten votes with a lead of three, then ten in a row to change", Lock(10, 0, 3, 10)},
		{"moving-average-of-five", "the mean of the last five probability vectors", Mean(5)},
	}
}

// Validate says what is wrong with the parameters.
func (s Smoother) Validate() error {
	frames := func(name string, n int) error {
		if n < 1 || n > maxSmootherFrames {
			return fmt.Errorf("%s: %s must be between 1 and %d, got %d", s.name(), name, maxSmootherFrames, n)
		}
		return nil
	}
	between := func(name string, lowest bool) error {
		if !(s.x >= 0 && s.x <= 1) || s.x == 0 && !lowest {
			return fmt.Errorf("%s: %s must be between 0 and 1, got %v", s.name(), name, s.x)
		}
		return nil
	}
	switch s.kind {
	case smoothEMA:
		return between("alpha", false)
	case smoothMean, smoothMajority, smoothConsecutive:
		return frames("n", s.n)
	case smoothHysteresis:
		return between("delta", true)
	case smoothLock:
		for _, err := range []error{frames("votes", s.n), between("confidence", true), frames("switch_after", s.hold)} {
			if err != nil {
				return err
			}
		}
		if s.lead < 0 || s.lead > maxSmootherFrames {
			return fmt.Errorf("lock: lead must be between 0 and %d, got %d", maxSmootherFrames, s.lead)
		}
	}
	return nil
}

// Preset is the name of the preset that the smoother is; "" if it is none.
func (s Smoother) Preset() string {
	for _, p := range SmootherPresets() {
		if p.Smoother == s {
			return p.Name
		}
	}
	return ""
}

var smootherNames = [...]string{"none", "ema", "mean", "majority", "consecutive", "hysteresis", "lock"}

func (s Smoother) name() string { return smootherNames[s.kind] }

// String is the text that ParseSmoother reads back.
func (s Smoother) String() string {
	x := strconv.FormatFloat(s.x, 'f', -1, 64)
	switch s.kind {
	case smoothNone:
		return s.name()
	case smoothEMA, smoothHysteresis:
		return s.name() + "(" + x + ")"
	case smoothLock:
		return fmt.Sprintf("lock(votes=%d,confidence=%s,lead=%d,switch_after=%d)", s.n, x, s.lead, s.hold)
	default:
		return fmt.Sprintf("%s(%d)", s.name(), s.n)
	}
}

// Lag is how many frames after a clean step from one label to another, held
// for long on both sides, the smoother changes; the first frame of the new
// label is 0. Where the step makes a tie on its way, which goes to the lower
// index, it may be one less (an even Mean) or more (EMA(0.5)).
func (s Smoother) Lag() int {
	switch s.kind {
	case smoothEMA:
		if s.x >= 0.5 {
			return 0
		}
		return int(math.Ceil(math.Log(0.5)/math.Log1p(-s.x))) - 1
	case smoothMean, smoothMajority:
		return s.n / 2
	case smoothConsecutive:
		return s.n - 1
	case smoothLock:
		return s.hold - 1
	default:
		return 0
	}
}

// waitsForScores says whether scores may delay the smoother without bound.
func (s Smoother) waitsForScores() bool {
	return s.kind == smoothHysteresis || s.kind == smoothLock && s.x > 0
}

// Needs is what a smoother has to know of every frame.
type Needs uint8

// From little to much. NeedsCurrent is the probability of the label that the
// smoother shows: it may be among the five best.
const (
	NeedsLabels Needs = iota
	NeedsScores
	NeedsCurrent
	NeedsProbabilities
)

// Needs says what the smoother has to know of every frame.
func (s Smoother) Needs() Needs {
	switch s.kind {
	case smoothEMA, smoothMean:
		return NeedsProbabilities
	case smoothHysteresis:
		return NeedsCurrent
	case smoothLock:
		if s.x > 0 {
			return NeedsScores
		}
	}
	return NeedsLabels
}

// ParseSmoother reads a smoother: the name of a preset, or ema(0.2), mean(5),
// majority(5), consecutive(3), hysteresis(0.2), lock(votes=10, confidence=0.5,
// lead=3, switch_after=10), none. What lock is not given is as in the preset
// vote-of-ten, switch_after as votes.
func ParseSmoother(text string) (Smoother, error) {
	text = strings.TrimSpace(text)
	for _, p := range SmootherPresets() {
		if text == p.Name {
			return p.Smoother, nil
		}
	}
	name, rest, called := strings.Cut(text, "(")
	var args []string
	if called {
		inner, closed := strings.CutSuffix(rest, ")")
		if !closed {
			return Smoother{}, fmt.Errorf("smoother %q: a bracket is not closed", text)
		}
		if strings.TrimSpace(inner) != "" {
			args = strings.Split(inner, ",")
		}
	}
	s, names, err := smootherNamed(strings.TrimSpace(name), text)
	if err != nil {
		return Smoother{}, err
	}
	if err := s.setAll(names, args, text); err != nil {
		return Smoother{}, err
	}
	return s, s.Validate()
}

// smootherNamed is the smoother of that name with the names of its parameters.
func smootherNamed(name, text string) (Smoother, []string, error) {
	names := map[string][]string{
		"none": {}, "ema": {"alpha"}, "mean": {"n"}, "majority": {"n"}, "consecutive": {"n"}, "hysteresis": {"delta"},
		"lock": {"votes", "confidence", "lead", "switch_after"},
	}
	for k, n := range smootherNames {
		if n == name {
			return Smoother{kind: smootherKind(k)}, names[n], nil
		}
	}
	presets := ""
	for _, p := range SmootherPresets() {
		presets += ", " + p.Name
	}
	return Smoother{}, nil, fmt.Errorf("smoother %q is not known: use ema(ALPHA), mean(N), majority(N), consecutive(N), hysteresis(DELTA), "+
		"lock(votes=10,confidence=0.5,lead=3,switch_after=10)%s", text, presets)
}

func (s *Smoother) setAll(names, args []string, text string) error {
	if len(args) > len(names) {
		return fmt.Errorf("smoother %q: at most %d parameters", text, len(names))
	}
	lock := s.kind == smoothLock
	if len(args) == 0 && len(names) > 0 && !lock {
		return fmt.Errorf("smoother %q: say %s(%s)", text, s.name(), strings.ToUpper(names[0]))
	}
	if lock {
		s.n, s.lead = 10, 3
	}
	given := map[string]bool{}
	for i, arg := range args {
		name, value, named := strings.Cut(arg, "=")
		if !named {
			name, value = names[i], arg
		}
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if given[name] {
			return fmt.Errorf("smoother %q: %s is given twice", text, name)
		}
		given[name] = true
		if err := s.set(name, value, names); err != nil {
			return fmt.Errorf("smoother %q: %w", text, err)
		}
	}
	if lock && !given["switch_after"] {
		s.hold = s.n
	}
	return nil
}

func (s *Smoother) set(name, value string, names []string) error {
	var err error
	known := false
	for _, n := range names {
		known = known || n == name
	}
	switch {
	case !known:
		return fmt.Errorf("it has no parameter %s, but %s", name, strings.Join(names, ", "))
	case name == "alpha", name == "delta", name == "confidence":
		s.x, err = strconv.ParseFloat(value, 64)
	case name == "n", name == "votes":
		s.n, err = strconv.Atoi(value)
	case name == "lead":
		s.lead, err = strconv.Atoi(value)
	default:
		s.hold, err = strconv.Atoi(value)
	}
	if err != nil {
		return fmt.Errorf("%s: %q is no number", name, value)
	}
	return nil
}
