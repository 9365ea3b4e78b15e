package bus

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Number is a float64 whose unknown value, NaN, is null in JSON.
type Number float64

// MarshalJSON writes null for NaN and infinities.
func (n Number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(n), 64), nil }

// UnmarshalJSON reads null as NaN.
func (n *Number) UnmarshalJSON(b []byte) error {
	v, err := parseNumber(b)
	*n = Number(v)
	return err
}

// Score is a float32 in 0..1 whose unknown value, NaN, is null in JSON. It
// is written with as many digits as a float32 needs.
type Score float32

// MarshalJSON writes null for NaN and infinities.
func (s Score) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(s), 32), nil }

// UnmarshalJSON reads null as NaN.
func (s *Score) UnmarshalJSON(b []byte) error {
	v, err := parseNumber(b)
	*s = Score(v)
	return err
}

func appendNumber(b []byte, v float64, bits int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, bits)
}

func parseNumber(b []byte) (float64, error) {
	if string(b) == "null" {
		return math.NaN(), nil
	}
	var v float64
	err := json.Unmarshal(b, &v)
	return v, err
}

// millis is a duration in milliseconds, with microseconds as its fraction.
func millis(d time.Duration) Number {
	return Number(float64(d.Microseconds()) / 1000)
}

// millisIf is millis where the duration is known, else unknown.
func millisIf(known bool, d time.Duration) Number {
	if !known {
		return Number(math.NaN())
	}
	return millis(d)
}
