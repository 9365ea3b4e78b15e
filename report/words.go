package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Spaces that keep a figure together with what belongs to it.
const (
	thinSpace = "\u202f" // narrow, no break
	mayBreak  = "\u200b" // no width, may break
	dash      = "–"
	noFigure  = "not known"
)

// percent is a fraction in words: three significant digits at most.
func percent(n Number) string {
	if !n.Known() {
		return noFigure
	}
	return percentDigits(n) + thinSpace + "%"
}

func percentDigits(n Number) string {
	p := float64(n) * 100
	switch {
	case p < 0.0005:
		return "0"
	case p >= 99.995:
		return strconv.FormatFloat(p, 'f', 0, 64)
	case p < 0.1:
		return strconv.FormatFloat(p, 'f', 3, 64)
	case p < 1:
		return strconv.FormatFloat(p, 'f', 2, 64)
	default:
		return strconv.FormatFloat(p, 'f', 1, 64)
	}
}

// between is an interval in words, "13.0–26.2 %", or nothing.
func between(iv Interval) string {
	if !iv.Low.Known() || !iv.High.Known() {
		return ""
	}
	return percentDigits(iv.Low) + dash + percentDigits(iv.High) + thinSpace + "%"
}

// fixed is a figure with a number of decimals.
func fixed(n Number, decimals int) string {
	if !n.Known() {
		return noFigure
	}
	return strconv.FormatFloat(float64(n), 'f', decimals, 64)
}

// groupedInt is a whole number with its thousands apart.
func groupedInt(n int64) string {
	s := strconv.FormatInt(n, 10)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if len(s) > 4 {
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + thinSpace + s[i:]
		}
	}
	if neg {
		return "−" + s
	}
	return s
}

// countWord is a count, or that it isn't known.
func countWord(c Count) string {
	if c < 0 {
		return noFigure
	}
	return groupedInt(int64(c))
}

// plural is "1 flip", "2 flips".
func plural(c Count, one, many string) string {
	if c == 1 {
		return "1 " + one
	}
	return countWord(c) + " " + many
}

// length is a duration of video in words: "5.3 s", "4 min 20 s", "2 h 5 min".
func length(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d%sms", d.Milliseconds(), thinSpace)
	}
	if d = d.Round(100 * time.Millisecond); d < time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + thinSpace + "s"
	}
	if d = d.Round(time.Second); d < time.Hour {
		return fmt.Sprintf("%d%smin %d%ss", int(d.Minutes()), thinSpace, int(d.Seconds())%60, thinSpace)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d%sh %d%smin", int(d.Hours()), thinSpace, int(d.Minutes())%60, thinSpace)
}

// clock is a place in a video: "0:05.28", "1:02:05.30".
func clock(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "−", -d
	}
	cs := int64(math.Round(float64(d) / float64(10*time.Millisecond)))
	h, m, s, c := cs/360000, cs/6000%60, cs/100%60, cs%100
	if h > 0 {
		return fmt.Sprintf("%s%d:%02d:%02d.%02d", sign, h, m, s, c)
	}
	return fmt.Sprintf("%s%d:%02d.%02d", sign, m, s, c)
}
