package stability

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestChurnStaysChurn puts all sorts of frames before and behind whole runs:
// no flip that was called churn, glitch or transition may become anything
// else, since only a censored one depends on what wasn't seen. The reference
// looks for the extensions that matter; this looks for any.
func TestChurnStaysChurn(t *testing.T) {
	rng := rand.New(rand.NewPCG(83, 84))
	cfg := DefaultConfig()
	cfg.Windows, cfg.Resamples = nil, 100
	kindsOf := func(obs []Observation) map[uint64]Kind {
		out := map[uint64]Kind{}
		tr := NewTracker(cfg)
		var u Update
		learn := func() {
			for _, f := range u.Late {
				out[f.Seq] = f.Kind
			}
		}
		for i := range obs {
			tr.Observe(&obs[i], &u)
			learn()
		}
		tr.Flush(&u)
		learn()
		return out
	}
	steps := []time.Duration{8 * ms, 40 * ms, 100 * ms, 150 * ms, 500 * ms}
	// some makes a few frames; the time between the last of them and what
	// follows is one of their steps, too.
	some := func(from time.Duration) ([]Observation, time.Duration) {
		var out []Observation
		at, label := from, rng.Int32N(6)
		for range rng.IntN(9) {
			if rng.IntN(3) == 0 {
				label = rng.Int32N(6)
			}
			out = append(out, labelled(label, at))
			at += steps[rng.IntN(len(steps))]
		}
		return out, at
	}
	censored, changed := 0, 0
	for i := range fewer(1500) {
		run, _ := some(0)
		for len(run) < 3 {
			run, _ = some(0)
		}
		for j := range run {
			run[j].Seq = uint64(j)
		}
		before := kindsOf(run)
		for range 20 {
			head, at := some(0)
			var obs []Observation
			for j := range head {
				head[j].Seq = 1000 + uint64(j)
				obs = append(obs, head[j])
			}
			for _, o := range run {
				o.PTS += at
				obs = append(obs, o)
			}
			tail, _ := some(run[len(run)-1].PTS + at + steps[rng.IntN(len(steps))])
			for j := range tail {
				tail[j].Seq = 2000 + uint64(j)
				obs = append(obs, tail[j])
			}
			after := kindsOf(obs)
			for seq, k := range before {
				switch now := after[seq]; {
				case k == KindCensored:
					censored++
					if now != k {
						changed++
					}
				case now != k:
					t.Fatalf("run %d: flip %d was %s, and with more around it is %s\nrun: %s\nall: %s", i, seq, k, now, describe(run), describe(obs))
				}
			}
		}
	}
	if censored < fewer(1000) || changed < fewer(500) {
		t.Errorf("%d times censored, %d of them decided by what was added: tests too little", censored, changed)
	}
}
