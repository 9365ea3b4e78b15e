package stability

import (
	"math/rand/v2"
	"slices"
	"time"
)

// This file classifies whole recorded runs, slowly and as the definitions
// say it. The tracker is tested against it.

// refFrame is one picture of a run.
type refFrame struct {
	at    time.Duration
	label int32
}

// refRun is a whole run; end is the time of its newest observation, which may
// be a repeated picture after the last frame.
type refRun struct {
	frames []refFrame
	end    time.Duration
}

// segmentAt returns the first and the last frame of the segment around i.
func (r *refRun) segmentAt(i int) (first, last int) {
	first, last = i, i
	for first > 0 && r.frames[first-1].label == r.frames[i].label {
		first--
	}
	for last+1 < len(r.frames) && r.frames[last+1].label == r.frames[i].label {
		last++
	}
	return first, last
}

// lasts is how long the segment around frame i lasts.
func (r *refRun) lasts(i int) time.Duration {
	first, last := r.segmentAt(i)
	end := r.end
	if last+1 < len(r.frames) {
		end = r.frames[last+1].at
	}
	return end - r.frames[first].at
}

func (r *refRun) held(i int, cfg *Config) bool {
	first, last := r.segmentAt(i)
	return r.lasts(i) >= cfg.DwellMin && last-first+1 >= 3
}

// refKinds classifies the flips of a run without looking beyond it: KindGlitch,
// KindTransition or KindChurn for every frame whose label differs from the one
// before it, else KindNone. id numbers the glitches from 1.
func refKinds(r *refRun, cfg *Config) (kinds []Kind, id []int) {
	n := len(r.frames)
	kinds, id = make([]Kind, n), make([]int, n)
	cleaned := refRun{frames: append([]refFrame(nil), r.frames...), end: r.end}
	glitches := 0
	for i := 1; i < n; i++ {
		a := r.frames[i-1].label
		if r.frames[i].label == a {
			continue
		}
		kinds[i] = KindChurn
		// The first return to A.
		back := i
		for back < n && r.frames[back].label != a {
			back++
		}
		if back == n || r.frames[back].at-r.frames[i].at > cfg.GlitchMax && back-i != 1 {
			continue
		}
		if !r.held(i-1, cfg) || !r.held(back, cfg) {
			continue
		}
		glitches++
		for j := i; j <= back; j++ {
			if r.frames[j].label != r.frames[j-1].label {
				kinds[j], id[j] = KindGlitch, glitches
			}
			if j < back {
				cleaned.frames[j].label = a
			}
		}
		i = back
	}
	for i := 1; i < n; i++ {
		if cleaned.frames[i].label != cleaned.frames[i-1].label && cleaned.held(i-1, cfg) && cleaned.held(i, cfg) {
			kinds[i] = KindTransition
		}
	}
	return kinds, id
}

// refCensor turns churn into censored where some extension of the run, before
// or after or both, makes the flip a glitch or a transition. It tries them.
func refCensor(r *refRun, cfg *Config, kinds []Kind) []Kind {
	if !slices.Contains(kinds, KindChurn) {
		return kinds
	}
	seen := map[int32]bool{}
	labels := []int32{1001, 1002} // two that don't occur
	for _, f := range r.frames {
		if !seen[f.label] {
			seen[f.label] = true
			labels = append(labels, f.label)
		}
	}
	// An extension is a long hold of x, or that with one frame of y between
	// it and the run.
	type extension struct {
		x, y         int32
		none, single bool
	}
	extensions := []extension{{none: true}}
	for _, x := range labels {
		extensions = append(extensions, extension{x: x})
		for _, y := range labels {
			extensions = append(extensions, extension{x: x, y: y, single: true})
		}
	}
	out := append([]Kind(nil), kinds...)
	hold := 10 * cfg.DwellMin
	for _, before := range extensions {
		for _, after := range extensions {
			e := refRun{end: r.end}
			at := r.frames[0].at
			if !before.none {
				for k := range 4 {
					e.frames = append(e.frames, refFrame{at - hold + time.Duration(k), before.x})
				}
				if before.single {
					e.frames = append(e.frames, refFrame{at - 1, before.y})
				} else {
					e.frames = append(e.frames, refFrame{at - 1, before.x})
				}
			}
			shift := len(e.frames)
			e.frames = append(e.frames, r.frames...)
			if !after.none {
				at := r.end + 1
				if after.single {
					e.frames = append(e.frames, refFrame{at, after.y})
					at++
				}
				for k := range 3 {
					e.frames = append(e.frames, refFrame{at + time.Duration(k), after.x})
				}
				e.frames = append(e.frames, refFrame{at + hold, after.x})
				e.end = at + hold
			}
			ks, _ := refKinds(&e, cfg)
			if !slices.Contains(out, KindChurn) {
				return out
			}
			for i := range out {
				if k := ks[shift+i]; out[i] == KindChurn && (k == KindGlitch || k == KindTransition) {
					out[i] = KindCensored
				}
			}
		}
	}
	return out
}

// randomStream makes observations of one stream: variable frame rates, few
// labels held for anything between one frame and seconds, breaks of every
// reason, cuts, repeats.
func randomStream(rng *rand.Rand, n int) []Observation {
	steps := [][]time.Duration{
		{40 * time.Millisecond},
		{100 * time.Millisecond},
		{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond},
		{33_366_667, 33_366_666},
		{16_683_333},
		{8 * time.Millisecond, 120 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, 1},
	}[rng.IntN(6)]
	labels := int32(2 + rng.IntN(3))
	stay := rng.Float64()
	breakRate, repeatRate := 0.0, 0.0
	if rng.IntN(2) == 0 {
		breakRate = 0.05
	}
	if rng.IntN(3) == 0 {
		repeatRate = 0.2
	}
	var out []Observation
	at := time.Duration(rng.IntN(2)) * 1234 * time.Millisecond
	label := rng.Int32N(labels)
	run := 0
	epoch := uint64(7)
	for i := range n {
		if run == 0 {
			label = rng.Int32N(labels)
			run = 1 + rng.IntN(3)
			if rng.Float64() < stay {
				run = 3 + rng.IntN(20)
			}
		}
		run--
		o := Observation{
			Epoch: epoch, Seq: uint64(i), PTS: at, HasPTS: true, Label: label, Score: rng.Float32(),
			PrevLabelScore: rng.Float32(), Change: int32(rng.IntN(3)),
		}
		if rng.Float64() < repeatRate && i > 0 {
			o.Repeat = true
			o.Label = out[i-1].Label
		}
		if rng.Float64() < breakRate {
			switch rng.IntN(7) {
			case 0:
				o.Break = ReasonGap
			case 1:
				o.Break = ReasonSize
			case 2:
				epoch++
				o.Epoch = epoch
			case 3:
				at -= 300 * time.Millisecond
				o.PTS = at
			case 4:
				o.Label = NoLabel
			default:
				o.Cut = true
			}
		}
		out = append(out, o)
		at += steps[rng.IntN(len(steps))]
	}
	return out
}
