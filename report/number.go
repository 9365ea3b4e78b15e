package report

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/flipmeter/flipmeter/stability"
)

// Number is a figure that may be unknown: NaN, which JSON shows as null.
type Number float64

// Known reports whether the figure is known.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes the shortest decimal that reads back the same, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (n *Number) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// Count is a whole number that may be unknown: negative, which JSON shows as
// null.
type Count int64

// MarshalJSON writes the number, or null.
func (c Count) MarshalJSON() ([]byte, error) {
	if c < 0 {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, int64(c), 10), nil
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (c *Count) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*c = -1
		return nil
	}
	return json.Unmarshal(b, (*int64)(c))
}

// Interval is a value with its 95 % interval.
type Interval struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

func intervalOf(iv stability.Interval) Interval {
	return Interval{Number(iv.Value), Number(iv.Low), Number(iv.High)}
}

func unknown() Number { return Number(math.NaN()) }
