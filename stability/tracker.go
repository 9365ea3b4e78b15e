package stability

import "time"

// Tracker follows one stream: it pairs observations, counts flips, decides
// their kinds and keeps what windows, totals and intervals need. Its state is
// bounded, its results depend on the observations and the Config alone, and
// it is not safe for concurrent use.
type Tracker struct {
	cfg      Config
	minScore float32
	widest   time.Duration // of the configured windows
	clock    clock

	lostFor Reason        // why the next observation can't pair, as far as is known
	lost    time.Duration // how long that has lasted, as far as Break has told
	cutSeen bool          // Break told of a cut
	flushed bool

	open bool // a run is open: prev is its newest picture
	prev picture
	step time.Duration // between the run's two newest observations; 0: it has one

	scan     kindScan
	pending  pendingFlips
	cuts     cutMarks
	flapping Flapping
	jagged   Jaggedness

	recent ring
	groups groups
	blocks blocks
	sum    totals

	scratch       []LabelCount // of Snapshot
	scratchCounts []int64
}

// picture is what the next pair needs of the newest picture.
type picture struct {
	label    int32
	score    float32
	margin   float32
	n        int
	complete bool
	at       time.Duration
	top      [TopK]Ranked
}

func (p *picture) set(o *Observation, at time.Duration) {
	p.label, p.score, p.margin = o.Label, o.Score, nan32()
	p.n, p.complete, p.at = o.N, o.TopComplete, at
	if o.N > 0 {
		p.top = o.Top
		p.margin = Margin(p.top[:p.n])
	}
}

// NewTracker panics if the configuration is not valid: check what users gave
// with Config.Validate first.
func NewTracker(cfg Config) *Tracker {
	if err := cfg.Validate(); err != nil {
		panic("BUG: stability.NewTracker: " + err.Error())
	}
	t := &Tracker{cfg: cfg, minScore: float32(cfg.MinScore), widest: cfg.maxWindow()}
	t.scan.dwellMin, t.scan.glitchMax = cfg.DwellMin, cfg.GlitchMax
	t.cuts.near, t.cuts.minScene = cfg.NearCut, cfg.MinSceneGap
	t.recent = newRing(cfg.WindowExact)
	t.blocks = newBlocks(cfg.Block, cfg.BlockPairs)
	t.sum.init()
	return t
}

// Observe takes the next observation of the stream and tells in u what it
// meant.
//
// An observation that has any reason not to pair (Break, Cut, another Epoch,
// a PTS that doesn't increase, a change between having times and having none)
// begins a new run, even if it is marked as a repeat. Of several reasons one
// is counted: what the source says comes before a new epoch (reconnect), that
// before time, that before cut. An observation without a label is a lost
// frame: the next one with a label has a gap before it, and tells of it.
func (t *Tracker) Observe(o *Observation, u *Update) {
	u.reset()
	reason := t.breakBefore(o)
	if reason != ReasonNone || o.Label == NoLabel {
		t.endRun() // before the clock moves
	}
	earlier, before := t.clock.begun, t.clock.now
	t.clock.tick(o, t.lost)
	t.lost = 0
	if !earlier {
		t.cuts.begin(t.clock.now)
		t.sum.first = o.PTS
	}
	t.sum.last = o.PTS
	t.sum.untimed = t.sum.untimed || !o.HasPTS
	if (o.Cut || o.Break == ReasonCut || t.cutSeen) && earlier {
		t.sum.cuts += t.cuts.add(t.clock.now, o.HasPTS, &t.pending)
	}
	t.sum.frames++

	rec := t.room()
	rec.at, rec.label, rec.score = t.clock.now, o.Label, o.Score
	rec.mac, rec.t5d, rec.flags = nan32(), -1, 0
	if o.HasPTS {
		rec.flags = flagTimed
	}
	if o.Label == NoLabel {
		t.loseLabel(reason)
	} else {
		switch {
		case !t.open:
			t.step = 0
			t.beginRun(o, u, reason, rec)
		case o.Repeat:
			t.step = t.clock.now - before
			t.repeat(o, u, rec)
		default:
			t.step = t.clock.now - before
			t.pair(o, u, rec)
		}
		t.lostFor, t.cutSeen, t.flushed = ReasonNone, false, false
		t.sum.coveredTo = t.clock.now
	}
	t.recent.next++
	if t.widest > 0 {
		t.groups.forget(rec.at - t.widest)
	}
	if t.pending.waiting() {
		t.tellLate(u)
	}
	t.blocks.advance(&t.recent, t.pending.settledUpTo(t.recent.next))
}

// Break tells that something ended the run since the newest observation, and
// that the stream had not recovered at the PTS at. It is counted once, with
// the next observation or at Flush, however often Break is called for one
// missing pair; the first reason other than a cut stays.
func (t *Tracker) Break(reason Reason, at time.Duration) {
	switch {
	case !t.clock.begun || reason == ReasonNone:
		return
	case reason == ReasonCut:
		t.cutSeen = true
		return
	case t.lostFor == ReasonNone:
		t.lostFor = reason
	}
	t.lost = max(t.lost, at-t.clock.pts)
}

// Flush ends the stream: every flip gets its kind and its final revision. An
// observation that comes after it has a gap before it, unless it has another
// reason itself.
func (t *Tracker) Flush(u *Update) {
	u.reset()
	if t.lostFor != ReasonNone && t.sum.labelled && !t.flushed {
		u.Break = t.lostFor
		t.sum.addBreak(t.lostFor, t.clock.now+t.lost)
		t.sum.coveredTo = t.clock.now + t.lost
	}
	t.lostFor, t.lost, t.cutSeen, t.flushed = ReasonNone, 0, false, true
	t.endRun()
	t.pending.settleAll()
	t.tellLate(u)
	t.blocks.advance(&t.recent, t.recent.next)
	t.blocks.endRun(&t.recent)
}

// breakBefore is why o can't pair with the newest observation.
func (t *Tracker) breakBefore(o *Observation) Reason {
	switch c := &t.clock; {
	case !c.begun:
		return ReasonNone
	case t.lostFor != ReasonNone:
		return t.lostFor
	case o.Break != ReasonNone && o.Break != ReasonCut:
		return o.Break
	case o.Epoch != c.epoch:
		return ReasonReconnect
	case o.HasPTS != c.hasPTS, o.HasPTS && o.PTS <= c.pts:
		return ReasonTime
	case t.flushed:
		return ReasonGap
	case o.Cut, o.Break == ReasonCut, t.cutSeen:
		return ReasonCut
	}
	return ReasonNone
}

// loseLabel treats an observation without a label as a lost frame.
func (t *Tracker) loseLabel(reason Reason) {
	if reason == ReasonNone || reason == ReasonCut {
		reason = ReasonGap
	}
	t.lostFor = reason
}

func (t *Tracker) beginRun(o *Observation, u *Update, reason Reason, rec *record) {
	if reason != ReasonNone && t.sum.labelled {
		u.Break = reason
		rec.flags.setReason(reason)
		t.sum.addBreak(reason, t.clock.now)
		if reason == ReasonCut && o.Label != t.prev.label {
			u.CutChange = true
			rec.flags |= flagCutChange
			t.sum.cutChanges++
		}
	}
	t.open = true
	t.sum.observe(o, t.minScore)
	t.scan.begin(o.Label, t.clock.now)
	t.prev.set(o, t.clock.now)
}

func (t *Tracker) repeat(o *Observation, u *Update, rec *record) {
	u.Repeat = true
	rec.flags |= flagRepeat
	t.sum.repeats++
	if o.HasPTS {
		t.pending.decide(t.scan.frame(t.clock.now, true))
	}
}

// pair counts the pair of the newest picture and o.
func (t *Tracker) pair(o *Observation, u *Update, rec *record) {
	t.sum.observe(o, t.minScore)
	t.measure(o, u, rec)
	u.Pair = true
	u.Flip = o.Label != t.prev.label
	t.flapping.Push(u.Flip)
	if u.Flip {
		rec.flags |= flagFlip
		t.flip(o, u, rec)
	} else if o.HasPTS {
		t.pending.decide(t.scan.frame(t.clock.now, false))
	} else {
		t.scan.cur.frames++
	}
	t.sum.addChange(o.Change, u.Flip)
	if o.HasPTS {
		t.sum.observed += t.clock.now - t.prev.at
	}
	t.prev.set(o, t.clock.now)
}

// measure fills in what the pair says besides its labels.
func (t *Tracker) measure(o *Observation, u *Update, rec *record) {
	rec.flags |= flagPair
	if !isNaN32(o.Score) && !isNaN32(t.prev.score) {
		if o.Score >= t.minScore && t.prev.score >= t.minScore {
			u.Decided = true
			rec.flags |= flagDecided
		}
		after := o.PrevLabelScore
		if isNaN32(after) {
			after = scoreOf(o, t.prev.label)
		}
		if !isNaN32(after) {
			d := AbsoluteChange(t.prev.score, after)
			rec.mac = float32(d)
			t.sum.mac.add(d)
		}
	}
	switch {
	case o.Change == 0:
		u.Still = True
		rec.flags |= flagStill
	case o.Change > 0:
		u.Still = False
		rec.flags |= flagMoving
	}
	if t.ranked(o.N, o.TopComplete) && t.ranked(t.prev.n, t.prev.complete) && o.N == t.prev.n {
		prev, cur := t.prev.top[:t.prev.n], o.Top[:o.N]
		d := T5D(prev, cur)
		rec.t5d = int8(d)
		t.sum.t5d += int64(d)
		t.sum.t5dPairs++
		if d > 0 {
			t.jagged.Add(prev, cur)
		}
	}
}

// ranked says whether n ranked classes are the five best, or all there are.
func (t *Tracker) ranked(n int, complete bool) bool {
	return n == TopK || n > 0 && (complete || n == t.cfg.Classes)
}

// flip ends the current segment and starts the next.
func (t *Tracker) flip(o *Observation, u *Update, rec *record) {
	now := t.clock.now
	held := now - t.scan.cur.start
	if o.HasPTS {
		t.pending.decide(t.scan.close(now))
	} else {
		held = 0
	}
	t.pending.closeSegment(held)
	t.sum.endSegment(t.scan.cur, held, o.HasPTS)
	t.sum.addLabelPair(t.prev.label, o.Label)

	margin := nan32()
	if o.N > 0 {
		margin = Margin(o.Top[:o.N])
	}
	u.FlipAt = Flip{
		Epoch: o.Epoch, Seq: o.Seq, PTS: o.PTS, HasPTS: o.HasPTS,
		From: t.prev.label, To: o.Label, FromScore: t.prev.score, ToScore: o.Score,
		MarginBefore: t.prev.margin, MarginAfter: margin,
		Decided: u.Decided, Still: u.Still, NearCut: t.cuts.isNear(now), Change: o.Change,
		HeldBefore: held,
	}
	f := &u.FlipAt
	if !o.HasPTS {
		f.Final = true
		t.scan.cur = segment{label: o.Label, frames: 1}
		return
	}
	f.Kind = KindPending
	rec.flags.setKind(KindPending)
	dies := t.scan.flip(o.Label, now, t.pending.cameFrom)
	t.pending.add(f, now, t.recent.next)
	if t.scan.dead {
		dies = KindChurn
	} else if t.pending.crowded() {
		t.scan.dead = true
		dies = KindChurn
	}
	t.pending.decide(dies)
}

// endRun decides what the end of a run decides. The run's newest observation
// is the newest one of all.
func (t *Tracker) endRun() {
	if !t.open {
		return
	}
	t.open = false
	var held time.Duration
	if t.clock.hasPTS {
		held = t.clock.now - t.scan.cur.start
		t.pending.decide(KindCensored)
	}
	t.pending.closeSegment(held)
	// The run's last frame lasts as long as the one before it did. A run of
	// one frame says nothing of how long that was.
	t.sum.endSegment(t.scan.cur, held+t.step, t.clock.hasPTS && t.step > 0)
}

// tellLate moves what is newly known about earlier flips into u.Late.
func (t *Tracker) tellLate(u *Update) {
	p := &t.pending
	if f := p.finished(); f != nil {
		u.Late = append(u.Late, *f)
	}
	for p.ready(t.clock.now-t.cfg.NearCut, u.Flip) {
		f := p.pop(t.clock.now)
		t.sum.kinds[f.Kind]++
		if f.Unexplained {
			t.sum.unexplained++
		}
		if f.NearCut {
			t.sum.near++
		}
		if f.first {
			t.sum.glitches++
		}
		t.note(f)
		u.Late = append(u.Late, f.Flip)
	}
}
