package images

import (
	"cmp"
	"strings"
)

// Order compares two file names in the order of a folder's pictures: less than
// 0 where a comes before b. Runs of digits go by their value, upper and lower
// case are alike.
func Order(a, b string) int { return natural(a, b) }

// natural compares file names as a person would sort them: runs of digits
// by their value, everything else letter by letter, upper and lower case
// alike. Names that are equal then are compared byte by byte, so that the
// order is total.
func natural(a, b string) int {
	x, y := strings.ToLower(a), strings.ToLower(b)
	for x != "" && y != "" {
		if isDigit(x[0]) && isDigit(y[0]) {
			var n, m string
			n, x = cutNumber(x)
			m, y = cutNumber(y)
			if len(n) != len(m) {
				return cmp.Compare(len(n), len(m))
			}
			if n != m {
				return strings.Compare(n, m)
			}
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	if x != "" || y != "" {
		return cmp.Compare(len(x), len(y))
	}
	return strings.Compare(a, b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cutNumber takes the digits that s begins with, without leading zeros.
func cutNumber(s string) (digits, rest string) {
	end := 0
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	return strings.TrimLeft(s[:end], "0"), s[end:]
}
