package stability

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// expectedFlip is what the reference says of one flip.
type expectedFlip struct {
	kind          Kind
	id            int
	before, after time.Duration
	near, still   bool
}

// refStream applies the definitions to a whole stream: it cuts it into runs
// and classifies each. The key of the result is the flip's Seq.
func refStream(obs []Observation, cfg *Config) map[uint64]expectedFlip {
	type member struct {
		seq   uint64
		still bool
	}
	var (
		run     refRun
		members []member
		cuts    []time.Duration
		out     = map[uint64]expectedFlip{}
		offset  time.Duration
		now     time.Duration
		lost    bool
		ids     int
		flipAt  = map[uint64]time.Duration{}
	)
	flush := func() {
		if len(run.frames) == 0 {
			return
		}
		kinds, id := refKinds(&run, cfg)
		kinds = refCensor(&run, cfg, kinds)
		top := 0
		for i, k := range kinds {
			if k == KindNone {
				continue
			}
			e := expectedFlip{kind: k, still: members[i].still, before: run.lasts(i - 1), after: run.lasts(i)}
			if k == KindGlitch {
				e.id = ids + id[i]
				top = max(top, id[i])
			}
			out[members[i].seq] = e
			flipAt[members[i].seq] = run.frames[i].at
		}
		ids += top
		run, members = refRun{}, nil
	}
	for i := range obs {
		o := &obs[i]
		broken := i == 0 || lost || o.Cut || o.Break != ReasonNone
		prev := now
		if i > 0 {
			p := &obs[i-1]
			broken = broken || o.Epoch != p.Epoch || o.PTS <= p.PTS
			now = o.PTS + offset
			if now <= prev {
				offset = prev + 1 - o.PTS
				now = prev + 1
			}
		} else {
			now = o.PTS
		}
		if o.Cut && i > 0 {
			cuts = append(cuts, now)
		}
		if o.Label == NoLabel {
			flush()
			lost = true
			continue
		}
		lost = false
		if broken {
			flush()
		} else if o.Repeat {
			run.end = now
			continue
		}
		run.frames = append(run.frames, refFrame{now, o.Label})
		run.end = now
		members = append(members, member{o.Seq, o.Change == 0})
	}
	flush()
	for seq, e := range out {
		for _, c := range cuts {
			if d := flipAt[seq] - c; d <= cfg.NearCut && d >= -cfg.NearCut {
				e.near = true
			}
		}
		out[seq] = e
	}
	return out
}

// checkUpdates follows the revisions of all flips and compares the final ones.
type checkUpdates struct {
	t     testing.TB
	flips map[uint64]Flip
}

func (c *checkUpdates) see(o *Observation, u *Update) {
	c.t.Helper()
	last := uint64(0)
	for i, f := range u.Late {
		old, known := c.flips[f.Seq]
		switch {
		case !known:
			c.t.Fatalf("flip %d told late before it was told", f.Seq)
		case o != nil && f.Seq == o.Seq:
			c.t.Fatalf("flip %d told late in its own update", f.Seq)
		case i > 0 && f.Seq <= last:
			c.t.Fatalf("late flips out of order: %d after %d", f.Seq, last)
		case f.Revision != old.Revision+1:
			c.t.Fatalf("flip %d: revision %d after %d", f.Seq, f.Revision, old.Revision)
		case old.Final:
			c.t.Fatalf("flip %d: told after its final revision", f.Seq)
		case f.Kind == KindPending || f.Kind == KindNone:
			c.t.Fatalf("flip %d: revision %d is %q", f.Seq, f.Revision, f.Kind)
		case old.Revision > 0 && (f.Kind != old.Kind || f.NearCut != old.NearCut || f.Unexplained != old.Unexplained || f.GlitchID != old.GlitchID):
			c.t.Fatalf("flip %d changed its mind: %+v, before %+v", f.Seq, f, old)
		case f.HeldAfter < old.HeldAfter:
			c.t.Fatalf("flip %d: held after shrinks", f.Seq)
		}
		last = f.Seq
		c.flips[f.Seq] = f
	}
	if u.Flip {
		if f := u.FlipAt; f.Revision != 0 || f.Final || f.Kind != KindPending || f.Seq != o.Seq || f.HeldAfter != 0 {
			c.t.Fatalf("new flip %+v", f)
		}
		c.flips[u.FlipAt.Seq] = u.FlipAt
	}
}

func describe(obs []Observation) string {
	s := ""
	for _, o := range obs {
		s += fmt.Sprintf("%d@%v", o.Label, o.PTS)
		if o.Repeat {
			s += "r"
		}
		if o.Cut {
			s += "c"
		}
		if o.Break != ReasonNone {
			s += "b"
		}
		s += " "
	}
	return s
}

func TestKindsAgreeWithReference(t *testing.T) {
	streams := 6_000
	if testing.Short() || raceEnabled {
		streams = 1_500
	}
	rng := rand.New(rand.NewPCG(3, 4))
	cfg := DefaultConfig()
	cfg.Windows = nil
	got := map[Kind]int{}
	for i := range streams {
		obs := randomStream(rng, 2+rng.IntN(40))
		want := refStream(obs, &cfg)
		tr := NewTracker(cfg)
		var u Update
		c := checkUpdates{t, map[uint64]Flip{}}
		for j := range obs {
			tr.Observe(&obs[j], &u)
			c.see(&obs[j], &u)
		}
		mid := tr.Summary()
		tr.Flush(&u)
		c.see(nil, &u)
		kinds := map[Kind]int64{}
		unexplained, near := int64(0), int64(0)
		if len(c.flips) != len(want) {
			t.Fatalf("stream %d: %d flips, reference has %d\n%s", i, len(c.flips), len(want), describe(obs))
		}
		for seq, f := range c.flips {
			w, known := want[seq]
			if !known || !f.Final || f.Kind != w.kind || f.GlitchID != uint64(w.id) || f.HeldBefore != w.before ||
				f.HeldAfter != w.after || f.NearCut != w.near || f.Unexplained != (!w.near && (w.kind == KindGlitch || w.still)) {
				t.Fatalf("stream %d: flip %d is %+v, reference says %+v\n%s", i, seq, f, w, describe(obs))
			}
			kinds[f.Kind]++
			got[f.Kind]++
			if f.Unexplained {
				unexplained++
			}
			if f.NearCut {
				near++
			}
		}
		for _, s := range []*Summary{mid, tr.Summary()} {
			sum := int64(0)
			for k, n := range s.Kinds {
				if kinds[k] != n {
					t.Fatalf("stream %d: %d %s in the summary, %d seen", i, n, k, kinds[k])
				}
				sum += n
			}
			if sum != s.Flips || s.Unexplained != unexplained || s.NearCut != near {
				t.Fatalf("stream %d: summary %+v", i, s)
			}
		}
	}
	for k := KindGlitch; k < numKinds; k++ {
		if got[k] < 50 {
			t.Errorf("the random streams hold only %d of kind %s: they test too little", got[k], k)
		}
	}
	t.Logf("%v", got)
}
