package pipeline

import (
	"math"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
)

var nan32 = float32(math.NaN())

// assembler turns a classified frame into a record: it ranks the classes,
// looks up the probability of the label before, and compares the picture
// with the last new one.
type assembler struct {
	cfg  Config
	deps Deps

	change *scene.ChangeMap
	diff   scene.Change
	cut    *scene.Content

	last stability.Observation // the last one that is no repeat
	have bool
	// prev and cur are the grids of the last new picture and of the one at
	// hand; they change places.
	prev, cur *scene.Grid
	haveGrid  bool
}

func newAssembler(cfg Config, deps Deps) *assembler {
	return &assembler{
		cfg: cfg, deps: deps, cut: scene.NewContent(), prev: new(scene.Grid), cur: new(scene.Grid),
		change: scene.NewChangeMap(cfg.NoiseOver),
	}
}

// sizeChanged starts the noise estimate anew: it belongs to a frame size.
func (a *assembler) sizeChanged(r *record) {
	if r.obs.Break == stability.ReasonSize {
		a.change = scene.NewChangeMap(a.cfg.NoiseOver)
	}
}

// fresh fills r from a slot whose frame was just classified. A frame that
// could not be gets no label, nor do its repetitions: they count as lost.
func (a *assembler) fresh(sl *slot, r *record) {
	f := &sl.frame
	o := &r.obs
	*o = stability.Observation{
		Epoch: f.Epoch, Seq: f.Seq, PTS: f.PTS, PTSEstimated: f.PTSEstimated, HasPTS: true,
		Repeat: f.Repeat, Label: stability.NoLabel, Score: nan32,
		PrevLabelScore: nan32, Change: -1, ChangeMax: nan32,
	}
	if reason, ok := stability.ParseReason(string(f.Break)); ok {
		o.Break = reason
	}
	r.median, r.content = nan32, math.NaN()
	r.at = f.CapturedAt
	if r.at.IsZero() {
		r.at = a.cfg.Began.Add(f.PTS)
	}
	if f.Repeat {
		a.repeat(r)
		return
	}
	if sl.err == nil {
		a.rank(sl.pred.Probs, r)
	}
	a.compare(f, r)
	a.last, a.have = *o, true
}

// repeat gives a repeated picture the answer that its twin got: a classifier
// is a function of the picture.
func (a *assembler) repeat(r *record) {
	o := &r.obs
	if a.last.Label == stability.NoLabel {
		o.Repeat = false
	}
	o.Label, o.Score, o.Top, o.N, o.TopComplete = a.last.Label, a.last.Score, a.last.Top, a.last.N, a.last.TopComplete
}

func (a *assembler) rank(probs []float32, r *record) {
	o := &r.obs
	var top [stability.TopK]infer.Ranked
	o.N = infer.TopK(probs, top[:])
	for i := range o.N {
		o.Top[i] = stability.Ranked{Index: top[i].Index, Score: top[i].Score}
	}
	o.TopComplete = len(probs) <= stability.TopK
	if a.cfg.KeepsProbabilities() {
		r.probs = append(r.probs, probs...)
	}
	if o.N > 0 {
		o.Label, o.Score = o.Top[0].Index, o.Top[0].Score
	}
	if a.have && a.last.Label >= 0 && int(a.last.Label) < len(probs) {
		o.PrevLabelScore = probs[a.last.Label]
	}
	for _, class := range a.cfg.Traces {
		p := nan32
		if int(class) < len(probs) {
			p = probs[class]
		}
		r.traced = append(r.traced, p)
	}
}

// compare measures how much the picture changed since the last new one, and
// moves the small picture out of the frame so that a flip can show it.
func (a *assembler) compare(f *frame.Frame, r *record) {
	broken := r.obs.Break != stability.ReasonNone
	a.sizeChanged(r)
	if i := a.deps.LumaPicture; i != NoPicture {
		a.cur.Fill(f.Pictures[i])
		if a.haveGrid && !broken {
			a.change.CompareGrids(a.prev, a.cur, r.obs.PTS, &a.diff)
			r.obs.Change, r.obs.ChangeMax = int32(a.diff.Cells), a.diff.Max
			r.median = a.diff.Median
			if r.obs.Label != a.last.Label {
				r.cells = append(r.cells, a.diff.Changed...)
			}
		}
		a.prev, a.cur, a.haveGrid = a.cur, a.prev, true
	}
	if i := a.deps.ThumbPicture; i != NoPicture {
		if a.cfg.Cuts != scene.ModeOff {
			if broken {
				a.cut.Reset()
			}
			if score, ok := a.cut.Score(f.Pictures[i]); ok {
				r.content = score
			}
		}
		r.thumb = f.TakeThumb(i)
	}
}

// replay fills r from the journal. The running noise estimate takes the
// stored median, and a frame that was read again gives its pictures to the
// next comparison and to a flip's thumbnails.
func (a *assembler) replay(sl *slot, r *record) {
	*r = *sl.replay
	r.at = a.cfg.Began.Add(r.obs.PTS)
	a.sizeChanged(r)
	if !math.IsNaN(float64(r.median)) {
		a.change.Observe(r.median, r.obs.PTS)
	}
	if r.obs.Repeat {
		return
	}
	a.last, a.have = r.obs, true
	if !sl.primed {
		return
	}
	if i := a.deps.LumaPicture; i != NoPicture {
		a.prev.Fill(sl.frame.Pictures[i])
		a.haveGrid = true
	}
	if i := a.deps.ThumbPicture; i != NoPicture {
		a.cut.Reset()
		a.cut.Score(sl.frame.Pictures[i])
		r.thumb = sl.frame.TakeThumb(i)
	}
}
