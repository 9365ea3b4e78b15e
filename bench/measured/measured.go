//go:build unix

// Package measured is what the benchmarks share: medians, this process's own
// time on the processors, and the speed that an analysis states. It measures
// nothing by itself and prints nothing.
package measured

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Median is the middle of the values, or the mean of the middle two.
func Median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// CPUTime is what all threads of this process have used so far.
func CPUTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic("BUG: bench: getrusage of this process: " + err.Error())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Pipeline reads from an analysis's output folder how many frames its one
// stream had, and how long they took from the first to the last.
func Pipeline(dir string) (frames int, wall time.Duration, err error) {
	data, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		return 0, 0, err
	}
	var summary struct {
		Streams []struct {
			Frames int `json:"frames"`
			FPS    struct {
				Pipeline float64 `json:"pipeline"`
			} `json:"fps"`
		} `json:"streams"`
	}
	if err := json.Unmarshal(data, &summary); err != nil {
		return 0, 0, err
	}
	if len(summary.Streams) != 1 || !(summary.Streams[0].FPS.Pipeline > 0) {
		return 0, 0, errors.New("summary.json states no speed")
	}
	s := summary.Streams[0]
	return s.Frames, time.Duration(float64(s.Frames) / s.FPS.Pipeline * float64(time.Second)), nil
}
