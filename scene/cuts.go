package scene

import (
	"fmt"
	"time"
)

// Mode is how scene cuts are found.
type Mode string

// The modes. Adaptive looks two frames ahead and is for files; content
// decides at once and is for live sources.
const (
	ModeAdaptive Mode = "adaptive"
	ModeContent  Mode = "content"
	ModeOff      Mode = "off"
)

// PySceneDetect's published defaults (AdaptiveDetector, ContentDetector).
const (
	contentThreshold  = 27.0 // score
	adaptiveThreshold = 3.0  // ratio to the neighbours
	adaptiveMinimum   = 15.0 // score
	neighbours        = 2    // on either side
	ratioLimit        = 255.0
	nothing           = 1e-5 // a mean below it is none
)

// MinScene is how far apart two cuts must be to count as two scenes. Every
// cut breaks its pair; only the number of cuts is limited by it.
const MinScene = 600 * time.Millisecond

// ParseMode reads a mode's name.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case ModeAdaptive, ModeContent, ModeOff:
		return m, nil
	}
	return "", fmt.Errorf("unknown way to find cuts %q: give adaptive, content or off", s)
}

// Cuts decides for every frame of a stream whether a scene cut lies before
// it, from the frames' content scores. Frames are counted from 0 as they are
// given; each is decided exactly once, in order, by a call of the decided
// function from within First, Push or Flush.
//
// Content: a cut where the score is at least 27. Adaptive: a cut where the
// score is at least 15 and at least 3 times the mean score of the two frames
// before and the two after (the ratio is capped at 255; where that mean is
// below 1e-5 it is 255). A frame is decided when the second frame after it
// is given; the first two and the last two of a chain, which lack
// neighbours, go by the content rule.
//
// A chain ends at a break. Its first frame has no score, is never a cut (the
// break itself tells that no pair is there), and stands in its neighbours'
// mean as 0, as in PySceneDetect. Repeated pictures are not given at all.
type Cuts struct {
	mode    Mode
	decided func(index int, cut bool)

	next   int // index of the next frame to be given
	length int // frames of this chain
	// recent are the last scores of the chain, the newest last; the
	// undecided ones are the last (length − done).
	recent [2*neighbours + 1]float64
	done   int // frames of this chain that are decided
}

// NewCuts starts a stream.
func NewCuts(mode Mode, decided func(index int, cut bool)) *Cuts {
	return &Cuts{mode: mode, decided: decided}
}

// First gives a frame that has no frame to be compared with: the stream's
// first, and the first after each break. The chain before it is decided to
// its end first.
func (c *Cuts) First() {
	c.Flush()
	c.give(0)
}

// Push gives a frame with its score against the one before.
func (c *Cuts) Push(score float64) {
	if c.length == 0 {
		panic("BUG: scene: a score was given where a chain must begin")
	}
	c.give(score)
}

// Flush decides the frames that still wait for neighbours. The chain is over
// then; the stream may go on with First.
func (c *Cuts) Flush() {
	for c.done < c.length {
		c.decide(c.byScore(c.length - 1 - c.done))
	}
	c.length, c.done = 0, 0
}

// Waiting is the number of frames given and not decided: at most two.
func (c *Cuts) Waiting() int { return c.length - c.done }

func (c *Cuts) give(score float64) {
	copy(c.recent[:], c.recent[1:])
	c.recent[len(c.recent)-1] = score
	c.next++
	c.length++
	switch {
	case c.mode != ModeAdaptive || c.length <= neighbours:
		c.decide(c.byScore(0))
	case c.length > 2*neighbours:
		c.decide(c.byNeighbours())
	}
}

// byScore is the content rule for the frame given back frames ago.
func (c *Cuts) byScore(back int) bool {
	return c.mode != ModeOff && c.recent[len(c.recent)-1-back] >= contentThreshold
}

// byNeighbours is the adaptive rule for the frame in the middle of recent.
func (c *Cuts) byNeighbours() bool {
	score := c.recent[neighbours]
	if score < adaptiveMinimum {
		return false
	}
	var sum float64
	for i, s := range c.recent {
		if i != neighbours {
			sum += s
		}
	}
	mean := sum / (2 * neighbours)
	ratio := ratioLimit
	if mean >= nothing {
		ratio = min(score/mean, ratioLimit)
	}
	return ratio >= adaptiveThreshold
}

func (c *Cuts) decide(cut bool) {
	index := c.next - c.length + c.done
	c.done++
	c.decided(index, cut)
}

// SceneCounter counts scenes' beginnings: of the cuts of a stream those that
// lie at least MinScene after the one counted before, or after the stream's
// first frame.
type SceneCounter struct {
	started bool
	last    time.Duration
	count   int64
}

// Observe takes in a frame's time and whether a cut lies before it, and says
// whether that cut was counted.
func (s *SceneCounter) Observe(at time.Duration, cut bool) bool {
	if !s.started {
		s.started, s.last = true, at
		return false
	}
	if !cut || at-s.last < MinScene {
		return false
	}
	s.last = at
	s.count++
	return true
}

// Count is the number of cuts counted.
func (s *SceneCounter) Count() int64 { return s.count }
