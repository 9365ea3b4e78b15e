package labels

import (
	"fmt"
	"math"
	"strconv"
)

// Powers of ten that a float64 holds exactly.
var exactPowers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// parseFloat reads a finite decimal number. Short ones, which are nearly all,
// are read here: a whole number below 2⁵³ divided by a power of ten that is
// exact gives the nearest float64 (Clinger, PLDI 1990), as strconv does.
func parseFloat(b []byte) (float64, error) {
	i, neg := 0, false
	if len(b) > 0 && b[0] == '-' {
		i, neg = 1, true
	}
	var mantissa uint64
	digits, point := 0, -1
	for ; i < len(b); i++ {
		c := b[i] - '0'
		if c <= 9 {
			mantissa = mantissa*10 + uint64(c)
			digits++
		} else if b[i] == '.' && point < 0 {
			point = digits
		} else {
			break
		}
	}
	if i < len(b) || digits == 0 || digits > 18 || mantissa >= 1<<53 {
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || !plain(b) {
			return 0, fmt.Errorf("%s is not a number", quote(b))
		}
		return f, nil
	}
	f := float64(mantissa)
	if point >= 0 {
		f /= exactPowers[digits-point]
	}
	if neg {
		f = -f
	}
	return f, nil
}

// plain keeps out what strconv takes and a table doesn't mean: 0x1p-2, 1_000,
// inf.
func plain(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return false
		}
	}
	return true
}

// parseUint reads a whole number from 0.
func parseUint(b []byte) (uint64, error) {
	if len(b) == 0 || len(b) > 19 {
		return parseLongUint(b)
	}
	var n uint64
	for _, c := range b {
		c -= '0'
		if c > 9 {
			return parseLongUint(b)
		}
		n = n*10 + uint64(c)
	}
	return n, nil
}

func parseLongUint(b []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(b), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a whole number from 0", quote(b))
	}
	return n, nil
}

// parseIndex reads the number of a class.
func parseIndex(b []byte) (int32, error) {
	n, err := parseUint(b)
	if err != nil || n > math.MaxInt32 {
		return 0, fmt.Errorf("%s is not the number of a class, a whole number from 0 (a frame without a label has an empty cell)", quote(b))
	}
	return int32(n), nil
}

// parseBool reads true or false, also as others write it.
func parseBool(b []byte) (bool, error) {
	switch string(b) {
	case "true", "True", "TRUE", "1":
		return true, nil
	case "false", "False", "FALSE", "0":
		return false, nil
	}
	return false, fmt.Errorf("%s is neither true nor false", quote(b))
}

// quote shows a cell in a message.
func quote(b []byte) string {
	const longest = 40
	if len(b) > longest {
		return strconv.Quote(string(b[:longest])) + "…"
	}
	return strconv.Quote(string(b))
}
