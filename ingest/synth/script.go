package synth

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Prefix is what addresses of made-up footage begin with.
const Prefix = "synth:"

// The largest script: sizes that no test needs would only exhaust memory.
const (
	maxFrames = 1_000_000_000
	maxSide   = 8192
	minNumber = 48 // pixels of the shorter side that a block code needs
)

// Pattern is what a scene shows.
type Pattern string

// The patterns.
const (
	Still  Pattern = "still"
	Square Pattern = "square"
	Number Pattern = "number"
)

// Script says what footage to make up.
type Script struct {
	Pattern       Pattern
	Frames        int64
	FPS           float64
	Width, Height int
	Seed          uint64
	Noise         float64 // standard deviation, grey levels
	Speed         float64 // pixels a frame
	Side          int     // pixels
	Contrast      int     // grey levels

	// Every so many frames; 0 is never.
	Cut, Repeat, Gap, Resize int64
	// Fail is the number of frames after which reading fails; 0 is never.
	Fail      int64
	Truncated bool
}

// Parse reads an address like "synth:square?frames=100&noise=2".
func Parse(address string) (Script, error) {
	s, err := parse(address)
	if err != nil {
		return Script{}, fmt.Errorf("%s: %w", printable(address), err)
	}
	return s, nil
}

// printable is an address as it is typed, quoted where it could break a
// line.
func printable(address string) string {
	if q := strconv.Quote(address); len(q) != len(address)+2 {
		return q
	}
	return address
}

func parse(address string) (Script, error) {
	rest, ok := strings.CutPrefix(address, Prefix)
	if !ok {
		return Script{}, fmt.Errorf("not an address of made-up footage, which begins with %q", Prefix)
	}
	pattern, query, _ := strings.Cut(rest, "?")
	s := Script{Pattern: Pattern(pattern), Frames: 250, FPS: 25, Width: 320, Height: 240, Seed: 1, Speed: 4, Contrast: 60}
	if s.Pattern != Still && s.Pattern != Square && s.Pattern != Number {
		return Script{}, fmt.Errorf("unknown pattern %q: want still, square or number", pattern)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return Script{}, fmt.Errorf("options after the '?': %w", err)
	}
	// In a fixed order, so that the same mistake gets the same message.
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if len(values[k]) > 1 {
			return Script{}, fmt.Errorf("option %q is given %d times", k, len(values[k]))
		}
		if err := s.set(k, values[k][0]); err != nil {
			return Script{}, err
		}
	}
	if s.Side == 0 {
		s.Side = max(1, s.Height/6)
	}
	if short := min(s.Width, s.Height); s.Pattern == Number && (short < minNumber || s.Resize > 0 && short/2 < minNumber) {
		return Script{}, fmt.Errorf("the pattern number needs pictures of at least %d pixels either way", minNumber)
	}
	return s, nil
}

func (s *Script) set(key, value string) (err error) {
	whole := func(lo, hi int64) int64 {
		n, perr := strconv.ParseInt(value, 10, 64)
		if perr != nil || n < lo || n > hi {
			err = fmt.Errorf("option %s=%.40q: want a whole number from %d to %d", key, value, lo, hi)
		}
		return n
	}
	number := func(lo, hi float64) float64 {
		n, perr := strconv.ParseFloat(value, 64)
		if perr != nil || math.IsNaN(n) || n < lo || n > hi {
			err = fmt.Errorf("option %s=%.40q: want a number from %v to %v", key, value, lo, hi)
		}
		return n
	}
	switch key {
	case "frames":
		s.Frames = whole(1, maxFrames)
	case "fps":
		s.FPS = number(0.001, 1000)
	case "size":
		s.Width, s.Height, err = parseSize(value)
	case "seed":
		s.Seed = uint64(whole(0, math.MaxInt64))
	case "noise":
		s.Noise = number(0, 64)
	case "speed":
		s.Speed = number(0, maxSide)
	case "side":
		s.Side = int(whole(1, maxSide))
	case "contrast":
		s.Contrast = int(whole(-255, 255))
	case "cut":
		s.Cut = whole(1, maxFrames)
	case "repeat":
		s.Repeat = whole(2, maxFrames)
	case "gap":
		s.Gap = whole(1, maxFrames)
	case "resize":
		s.Resize = whole(1, maxFrames)
	case "fail":
		s.Fail = whole(1, maxFrames)
	case "truncated":
		s.Truncated = whole(0, 1) == 1
	default:
		return fmt.Errorf("unknown option %q: want frames, fps, size, seed, noise, speed, side, contrast, cut, repeat, gap, resize, fail or truncated", key)
	}
	return err
}

func parseSize(value string) (width, height int, err error) {
	w, h, _ := strings.Cut(value, "x")
	x, err1 := strconv.Atoi(w)
	y, err2 := strconv.Atoi(h)
	if err1 != nil || err2 != nil || x < 8 || y < 8 || x > maxSide || y > maxSide {
		return 0, 0, fmt.Errorf("option size=%.40q: want width x height in pixels, like 320x240, each from 8 to %d", value, maxSide)
	}
	return x, y, nil
}

// timing is where delivered frame i stands.
type timing struct {
	seq     uint64
	pts     time.Duration
	gap     bool  // a frame was lost before it
	content int64 // number of the picture that it shows
	scene   int64
	half    bool // half the size
}

func (s *Script) at(i int64) timing {
	t := timing{content: i, seq: uint64(i)}
	if s.Gap > 0 {
		t.seq += uint64(i / s.Gap)
		t.gap = i > 0 && i%s.Gap == 0
	}
	t.pts = time.Duration(math.Round(float64(t.seq) / s.FPS * float64(time.Second)))
	if s.Repeat > 0 && i%s.Repeat == s.Repeat-1 {
		t.content--
	}
	if s.Cut > 0 {
		t.scene = t.content / s.Cut
	}
	t.half = s.Resize > 0 && (i/s.Resize)%2 == 1
	return t
}
