package stability

// room is where the record of the observation that the clock was moved to goes.
// What lay there falls out of the ring.
func (t *Tracker) room() *record {
	r := &t.recent
	if r.full() {
		t.forgetOldest()
	}
	return r.at(r.next)
}

func (t *Tracker) forgetOldest() {
	r := &t.recent
	old := r.oldest()
	rec := r.at(old)
	wanted := t.widest > 0 && rec.at > t.clock.now-t.widest
	if (wanted || t.blocks.tail <= old) && r.grow() {
		return
	}
	t.blocks.leave(r, old)
	if wanted {
		t.groups.add(rec, old)
	}
	t.groups.passed(rec)
}

// note tells the windows the kind of a flip.
func (t *Tracker) note(f *pendingFlip) {
	if f.record < t.recent.oldest() {
		t.groups.note(f)
		return
	}
	flags := &t.recent.at(f.record).flags
	flags.setKind(f.Kind)
	if f.Unexplained {
		*flags |= flagUnexplained
	}
	if f.first {
		*flags |= flagGlitchStart
	}
}
