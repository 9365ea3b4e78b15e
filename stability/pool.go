package stability

import "time"

// Pool computes the measures of the window of the given width that ends at
// now, over the pairs of several trackers together: what Snapshot is for one.
// now is a PTS, on one clock for all of them, and at or after their newest
// observations. Every pair counts alike (the pooled, "micro" figure).
//
// FlappingPercent is of one stream's order and not known here; Top is the
// newest label of all.
func Pool(trackers []*Tracker, width, now time.Duration, w *Window) {
	*w = Window{Width: width, At: now, Top: Ranked{Index: NoLabel, Score: nan32()}, FlappingPercent: nan()}
	var c counts
	var e effective
	var all Tracker // for its scratch
	newest := time.Duration(-1 << 62)
	for _, t := range trackers {
		if !t.clock.begun || !t.clock.hasPTS {
			continue
		}
		t.scratch = t.scratch[:0]
		e.block = t.cfg.Block
		t.collect(now-width+t.clock.offset, &c, &e)
		all.scratch = append(all.scratch, t.scratch...)
		if t.clock.pts > newest && t.sum.labelled {
			newest = t.clock.pts
			w.Top = Ranked{Index: t.prev.label, Score: t.prev.score}
		}
	}
	w.fill(&c)
	w.FlipFraction = e.interval()
	w.EntropyBits = all.entropyOfScratch()
}
