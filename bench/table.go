//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/flipmeter/flipmeter/bench/measured"
)

// printTable prints a row a stage: medians, the range over the rounds, and
// the ratio to the bare session, taken within each round.
func printTable(w io.Writer, stages []stage, results map[string][]sample, cores int) error {
	best := sessionParallel
	for _, other := range []string{sessionMore, sessionThreaded} {
		if medianOf(results[other], sample.fps) > medianOf(results[best], sample.fps) {
			best = other
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "what\tfps\tlowest\thighest\tCPU ms a frame\tof the session\tof the ceiling\tof the loop\t")
	for _, s := range stages {
		r := results[s.name]
		speeds := column(r, sample.fps)
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%s\t%.2f\t%s\t%.2f\t\n", s.name,
			measured.Median(speeds), slices.Min(speeds), slices.Max(speeds), milliseconds(r),
			measured.Median(ratios(r, results[best])), ofCeiling(s.name, results, best, cores), measured.Median(ratios(r, results[pythonLoop])))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
"of the session" compares with %q. The ceiling is what %d cores
could reach if decoding, resizing and the network were all they did and never
waited: cores / (CPU seconds a frame of those three, each measured alone).
`, best, cores)
	return err
}

// ofCeiling is the share of the ceiling that a pipeline reaches, "" for the
// other stages.
func ofCeiling(name string, results map[string][]sample, best string, cores int) string {
	resize, ok := map[string]string{pipelineLinear: resizeLinear, pipelineArea: resizeArea}[name]
	if !ok {
		return ""
	}
	var shares []float64
	for i, r := range results[name] {
		cost := results[best][i].cpuSeconds() + results[decodeAlone][i].cpuSeconds() + results[resize][i].cpuSeconds()
		shares = append(shares, r.fps()*cost/float64(cores))
	}
	return fmt.Sprintf("%.2f", measured.Median(shares))
}

func milliseconds(r []sample) string {
	if r[0].cpu == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", 1e3*medianOf(r, sample.cpuSeconds))
}

// ratios pairs the rounds.
func ratios(a, b []sample) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i].fps() / b[i].fps()
	}
	return out
}

func column(r []sample, f func(sample) float64) []float64 {
	out := make([]float64, len(r))
	for i := range r {
		out[i] = f(r[i])
	}
	return out
}

func medianOf(r []sample, f func(sample) float64) float64 { return measured.Median(column(r, f)) }
