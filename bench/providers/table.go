//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/flipmeter/flipmeter/bench/measured"
	"github.com/flipmeter/flipmeter/infer/onnx"
)

// table prints a line a row of every network.
type table struct {
	w *tabwriter.Writer
	// notes say what is not in the table.
	notes []string
}

func newTable(w io.Writer) *table {
	t := &table{w: tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)}
	fmt.Fprintln(t.w, "network\twhat\tprecision\tfps\tlowest\thighest\tCPU ms a frame\tof benchmark_app\tof the CPU provider\tof OpenVINO fp32\t")
	if !slices.Contains(onnx.ThisMachine().Floats, "bf16") {
		t.notes = append(t.notes, "No bf16: this processor does not compute in it.")
	}
	return t
}

// add prints a network's rows. Ratios are medians of each round's.
func (t *table) add(name string, rows []row) {
	find := func(what, precision string) []sample {
		for _, r := range rows {
			if r.what == what && r.precision == precision {
				return r.rounds
			}
		}
		return nil
	}
	for _, r := range rows {
		cpu := ""
		if r.rounds[0].CPU > 0 {
			cpu = fmt.Sprintf("%.2f", 1e3*medianOf(r.rounds, sample.cpuSeconds))
		}
		speeds := column(r.rounds, sample.fps)
		fmt.Fprintf(t.w, "%s\t%s\t%s\t%.2f\t%.2f\t%.2f\t%s\t%s\t%s\t%s\t\n", name, r.what, r.precision,
			measured.Median(speeds), slices.Min(speeds), slices.Max(speeds), cpu,
			ratio(r.rounds, find(openVINOOwn, r.precision)), ratio(r.rounds, find(cpuSession, "fp32")), ratio(r.rounds, find(openVINOSession, "fp32")))
	}
}

func (t *table) flush() error {
	if err := t.w.Flush(); err != nil {
		return err
	}
	for _, n := range t.notes {
		fmt.Println("\n" + n)
	}
	return nil
}

// ratio is the median of the rounds' ratios, "" where there is nothing to
// compare with.
func ratio(a, b []sample) string {
	if len(b) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", measured.Median(ratios(a, b)))
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

// processor is this machine's, as it calls itself.
func processor() string {
	name := onnx.ThisMachine().Processor
	if name == "" {
		return "an unnamed processor"
	}
	return strings.TrimSpace(name)
}
