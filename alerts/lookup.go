package alerts

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/stability"
)

// LookupJSON makes a Lookup of a JSON document: the summary of a stream, or
// of a total. An object with value, low and high is an interval; array
// elements are found by their number.
func LookupJSON(doc []byte) (Lookup, error) {
	var root any
	if err := json.Unmarshal(doc, &root); err != nil {
		return nil, fmt.Errorf("read a summary: %w", err)
	}
	return func(path string) (stability.Interval, bool) {
		v := root
		for _, name := range strings.Split(path, ".") {
			switch at := v.(type) {
			case nil: // what isn't known has parts that aren't
				return measure(nil)
			case map[string]any:
				next, ok := at[name]
				if !ok {
					return stability.Interval{}, false
				}
				v = next
			case []any:
				i, err := strconv.Atoi(name)
				if err != nil || i < 0 || i >= len(at) {
					return stability.Interval{}, false
				}
				v = at[i]
			default:
				return stability.Interval{}, false
			}
		}
		return measure(v)
	}, nil
}

// measure reads a JSON value as a measure; ok is false for texts, lists and
// objects that are no interval.
func measure(v any) (stability.Interval, bool) {
	unknown := math.NaN()
	m := stability.Interval{Value: unknown, Low: unknown, High: unknown}
	switch v := v.(type) {
	case nil:
		return m, true
	case float64:
		m.Value = v
		return m, true
	case map[string]any:
		for name, side := range map[string]*float64{"value": &m.Value, "low": &m.Low, "high": &m.High} {
			x, ok := v[name]
			if !ok {
				return m, false
			}
			if x, ok := x.(float64); ok {
				*side = x
			}
		}
		return m, true
	}
	return m, false
}
