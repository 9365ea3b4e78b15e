package explain

import (
	"context"
	"errors"
	"sync"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/perturb"
)

// atMost is how many flips of a stream are looked at again, and how many
// changes of the truth.
const atMost = 60

// Filters are two resize functions that every build has, other than the
// model's own.
func Filters(own frame.Filter) []frame.Filter {
	var out []frame.Filter
	for _, f := range []frame.Filter{"pillow-bicubic", "torch-bilinear", "pillow-bilinear"} {
		if f != own && len(out) < 2 {
			out = append(out, f)
		}
	}
	return out
}

// Wants are what the source must deliver of each frame: the model's picture
// with a pixel more on each side, where there is something, and that picture
// through the other resize functions.
func Wants(m *infer.ModelInfo, filters []frame.Filter) []frame.Want {
	in := m.Want()
	list := []frame.Want{in}
	if in.Fit == frame.FitCrop && in.ShortSide >= max(in.Width, in.Height)+2 {
		list[0].Width += 2
		list[0].Height += 2
	}
	for _, f := range filters {
		other := in
		other.Filter = f
		list = append(list, other)
	}
	return list
}

// Chosen are the pairs whose frames are looked at again.
type Chosen struct {
	// Flips and Changes (of the truth) are how many the stream has; Frames is
	// how many frames are looked at.
	Flips, Changes, Frames int

	pairs  []perturb.PairOfFrames
	seq    map[uint64]uint64 // of a flip's frame, by its place
	wanted map[uint64]bool
	last   uint64
	found  map[uint64]*perturb.Steadiness
}

// LookedAt is how many of n flips, or changes of the truth, are chosen.
func LookedAt(n int) int { return min(n, atMost) }

// Choose ends the recording.
func (e *Recorder) Choose() *Chosen {
	e.endRun()
	c := &Chosen{
		Flips: e.flips.seen, Changes: e.changes.seen, seq: e.seq,
		pairs:  perturb.ChoosePairs(e.flips.pairs, e.held.pairs, e.changes.pairs, atMost),
		wanted: make(map[uint64]bool), found: make(map[uint64]*perturb.Steadiness),
	}
	for _, p := range c.pairs {
		c.wanted[p.Before], c.wanted[p.Seq] = true, true
		c.last = max(c.last, p.Seq)
	}
	c.Frames = len(c.wanted)
	return c
}

// Look classifies the wanted frames under all shifts and filters. The source
// is one that delivers [Wants], at its beginning.
func (c *Chosen) Look(ctx context.Context, src ingest.Source, classifier infer.Classifier, stream string) error {
	var f frame.Frame
	defer f.Release()
	skipper, canSkip := src.(ingest.Skipper)
	for at := uint64(0); at <= c.last; at++ {
		if canSkip && !c.wanted[at] {
			n := int64(1)
			for !c.wanted[at+uint64(n)] {
				n++
			}
			if err := skipper.Skip(ctx, n); err != nil {
				return err
			}
			at += uint64(n)
		}
		if err := src.Read(ctx, &f); err != nil {
			return err
		}
		if c.wanted[at] {
			var err error
			if c.found[at], err = steadiness(ctx, classifier, stream, &f); err != nil {
				return err
			}
		}
	}
	return nil
}

// Explanation compares the groups.
func (c *Chosen) Explanation() perturb.Explanation { return perturb.Explain(c.pairs, c.found) }

// Nine are the labels under the nine shifts before and after each flip that
// was looked at, by the number of its frame.
func (c *Chosen) Nine() map[uint64][2][9]int32 {
	nine := make(map[uint64][2][9]int32)
	for _, p := range c.pairs {
		before, after := c.found[p.Before], c.found[p.Seq]
		if seq, ok := c.seq[p.Seq]; ok && before != nil && after != nil {
			nine[seq] = [2][9]int32{before.Shifted, after.Shifted}
		}
	}
	return nine
}

// steadiness classifies one frame eleven times, as many at once as the
// classifier runs.
func steadiness(ctx context.Context, c infer.Classifier, stream string, f *frame.Frame) (*perturb.Steadiness, error) {
	want := c.Model().Want()
	shifts := perturb.NineShifts()
	n := len(shifts) + len(f.Pictures) - 1
	labels, errs := make([]int32, n), make([]error, n)
	work := make(chan int)
	var wg sync.WaitGroup
	for range c.Parallel() {
		wg.Go(func() {
			own := frame.Frame{Stream: stream, Seq: f.Seq, Pictures: make([]frame.Picture, 1)}
			moved := frame.Picture{Width: want.Width, Height: want.Height, Channels: 3, Pix: make([]byte, 3*want.Width*want.Height)}
			var p infer.Prediction
			for k := range work {
				if own.Pictures[0] = moved; k < len(shifts) {
					perturb.ShiftedView(moved, f.Pictures[0], shifts[k])
				} else {
					own.Pictures[0] = f.Pictures[k-len(shifts)+1]
				}
				if errs[k] = c.Classify(ctx, &own, 0, &p); errs[k] == nil {
					var top [1]infer.Ranked
					infer.TopK(p.Probs, top[:])
					labels[k] = top[0].Index
				}
			}
		})
	}
	for k := range n {
		work <- k
	}
	close(work)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &perturb.Steadiness{Shifted: [9]int32(labels[:9]), Filtered: labels[9:]}, nil
}
