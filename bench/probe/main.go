//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/flipmeter/flipmeter/bench/measured"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/perturb"
)

func main() {
	home := os.Getenv("FLIPMETER_HOME")
	if home == "" {
		home = ".flipmeter"
	}
	model := flag.String("model", filepath.Join(home, "models", "efficientnet-lite0.onnx"), "ONNX `file`")
	pictures := flag.Int("pictures", 3, "`pictures` of a sweep")
	rounds := flag.Int("rounds", 5, "`rounds` to measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, home, *model, *pictures, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

// memory is pictures of noise, 500×375 as ImageNet's usually are.
type memory struct{ n int }

func (m memory) Len() int          { return m.n }
func (m memory) Name(i int) string { return fmt.Sprint(i) }
func (m memory) Class(int) int32   { return -1 }

func (m memory) Load(_ context.Context, i int) (frame.Picture, error) {
	p := frame.Picture{Width: 500, Height: 375, Channels: 3, Pix: make([]byte, 3*500*375)}
	for k := range p.Pix {
		p.Pix[k] = byte(k*k>>7 + k*(i+3))
	}
	return p, nil
}

func run(ctx context.Context, home, model string, pictures, rounds int) (err error) {
	rt, err := onnx.Load(onnx.Config{Home: home})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	cores := runtime.GOMAXPROCS(0)
	c, err := rt.Open(ctx, onnx.ModelConfig{Path: model, Accelerator: onnx.CPU})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	bare, err := rt.OpenBare(onnx.ModelConfig{Path: model}, cores, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()

	sweeps := []struct {
		name     string
		bg       perturb.Background
		faithful bool
	}{
		{"black", perturb.Black, false}, {"mean colour", perturb.Mean, false},
		{"inpainted, enlarged canvas", perturb.Inpaint, false}, {"inpainted at every shift", perturb.Inpaint, true},
	}
	t := perturb.DefaultTranslation(perturb.Sweep)
	shots := pictures * (t.To - t.From + 1)
	// By sweep, the bare session first: speeds, those as shares of the bare
	// session's in the same round, and processor time a shot, in milliseconds.
	n := len(sweeps) + 1
	rates, shares, costs := make([][]float64, n), make([][]float64, n), make([][]float64, n)
	for round := range rounds {
		now := make([]float64, n)
		for k := range n {
			// Each round begins with another, so that what a machine does after
			// a pause, or when it is warm, favours none.
			i := (k + round) % n
			used := measured.CPUTime()
			if i == 0 {
				d, err := bare.Run(ctx, shots)
				if err != nil {
					return err
				}
				now[i] = float64(shots) / d.Seconds()
			} else {
				t.Background, t.Faithful = sweeps[i-1].bg, sweeps[i-1].faithful
				if now[i], err = sweep(ctx, c, memory{pictures}, t, shots); err != nil {
					return err
				}
			}
			costs[i] = append(costs[i], (measured.CPUTime()-used).Seconds()*1000/float64(shots))
		}
		for i, rate := range now {
			rates[i], shares[i] = append(rates[i], rate), append(shares[i], rate/now[0])
		}
	}
	fmt.Printf("%s, %d cores, sweeps of %d shots, %d rounds taken in turn, medians\n\n", c.Model().Name, cores, shots, rounds)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "SWEEP\tSHOTS A SECOND\tOF THE BARE SESSION\tPROCESSOR TIME A SHOT")
	for i := range rates {
		name := "bare session"
		if i > 0 {
			name = sweeps[i-1].name
		}
		fmt.Fprintf(w, "%s\t%.1f\t%.2f\t%.2f ms\n", name, measured.Median(rates[i]), measured.Median(shares[i]), measured.Median(costs[i]))
	}
	return w.Flush()
}

// sweep is the number of shots a second of one sweep.
func sweep(ctx context.Context, c infer.Classifier, src perturb.Source, t perturb.Translation, shots int) (float64, error) {
	start := time.Now()
	out, err := perturb.Translate(ctx, &perturb.Lab{Classifier: c}, src, nil, t)
	if err != nil {
		return 0, err
	}
	if !out.Complete {
		return 0, context.Cause(ctx)
	}
	return float64(shots) / time.Since(start).Seconds(), nil
}
