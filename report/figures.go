package report

import "time"

// NotKnown stands where a figure is not known.
const NotKnown = noFigure

// The words of figures, for other pages about the same measures.

// Percent is a fraction in words: "3.36 %".
func Percent(n Number) string { return percent(n) }

// Between is an interval of a fraction in words, "13.0–26.2 %", or nothing.
func Between(iv Interval) string { return between(iv) }

// Fixed is a figure with a number of decimals.
func Fixed(n Number, decimals int) string { return fixed(n, decimals) }

// CountWord is a count with its thousands apart, or that it isn't known.
func CountWord(c Count) string { return countWord(c) }

// Plural is "1 flip", "2 flips".
func Plural(c Count, one, many string) string { return plural(c, one, many) }

// StyleSheet is the style of the report's page.
func StyleSheet() string {
	css, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		panic("BUG: the style sheet is not embedded: " + err.Error())
	}
	return string(css)
}

// Clock is a place in a video, given in milliseconds: "0:05.28".
func Clock(ms Number) string { return clock(time.Duration(float64(ms) * float64(time.Millisecond))) }
