package compare

import (
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/report"
)

// Refusal says why two runs can't be compared, in one line.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return "these runs can't be compared: " + r.Reason }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// match gives for each stream of base the place of the stream of run that was
// made from the same frames: by the source's hash, else by its name, else the
// only one there is.
func match(base, run *Side, sameContent bool) ([]int, error) {
	b, r := base.Summary.Streams, run.Summary.Streams
	if len(b) == 0 || len(r) == 0 {
		return nil, refuse("a run without streams has nothing to compare")
	}
	taken := make([]bool, len(r))
	find := func(same func(x *report.StreamSummary) bool) int {
		found := -1
		for j := range r {
			if !taken[j] && same(&r[j]) {
				if found >= 0 {
					return -1 // several: it takes more to tell them apart
				}
				found = j
			}
		}
		return found
	}
	places := make([]int, len(b))
	for i := range b {
		j := find(func(x *report.StreamSummary) bool {
			return x.Source.SHA256 != nil && b[i].Source.SHA256 != nil && *x.Source.SHA256 == *b[i].Source.SHA256
		})
		if j < 0 {
			j = find(func(x *report.StreamSummary) bool { return x.Stream == b[i].Stream })
		}
		if j < 0 && len(b) == 1 && len(r) == 1 {
			j = 0
		}
		if j < 0 {
			return nil, refuse("%s has the stream %s, %s has none from that source", base.Name, b[i].Stream, run.Name)
		}
		places[i], taken[j] = j, true
		if err := comparable(base, run, &b[i], &r[j], sameContent); err != nil {
			return nil, err
		}
	}
	for j := range r {
		if !taken[j] {
			return nil, refuse("%s has the stream %s, %s has none from that source", run.Name, r[j].Stream, base.Name)
		}
	}
	return places, nil
}

// comparable refuses streams whose frames can't be the same ones.
func comparable(base, run *Side, b, r *report.StreamSummary, sameContent bool) error {
	if x, y := stride(b), stride(r); x != y {
		return refuse("%s took every frame of stride %d, %s of stride %d: their neighbours are differently far apart", base.Name, x, run.Name, y)
	}
	known := b.Source.SHA256 != nil && r.Source.SHA256 != nil
	same := known && *b.Source.SHA256 == *r.Source.SHA256 || !known && b.Source.Name == r.Source.Name
	if !same && !sameContent {
		return refuse("%s was made from %s, %s from %s, which %s: give --same-content if their frames correspond one to one",
			base.Name, b.Source.Name, run.Name, r.Source.Name, differs(known))
	}
	if b.Frames != r.Frames {
		why := ""
		for _, s := range []struct {
			side *Side
			sum  *report.StreamSummary
		}{{base, b}, {run, r}} {
			if !s.sum.Complete {
				why = fmt.Sprintf(" (%s is incomplete)", s.side.Name)
			}
		}
		return refuse("%s has %d frames of %s, %s has %d%s", base.Name, b.Frames, b.Stream, run.Name, r.Frames, why)
	}
	return nil
}

func differs(known bool) string {
	if known {
		return "is another file"
	}
	return "has another name and no known hash"
}

// stride is how many frames apart the frames of a run are; 1 where nobody
// said.
func stride(s *report.StreamSummary) int { return max(1, s.Identity.Preprocessing.Stride) }

// corresponds refuses two frames that are not the same one. The first frames'
// interval is the last one's of the baseline, 0 at the first frame.
func corresponds(base, run *Side, stream string, number int64, b, r *observed, interval time.Duration) error {
	if b.epoch != r.epoch || b.seq != r.seq {
		return refuse("frame %d of %s is number %d of opening %d in %s and number %d of opening %d in %s: other frames were lost",
			number, stream, b.seq, b.epoch, base.Name, r.seq, r.epoch, run.Name)
	}
	if b.timed && r.timed {
		if d := (b.at - r.at).Abs(); d > max(interval/2, 2*time.Millisecond) {
			return refuse("frame %d of %s is at %.3f s in %s and at %.3f s in %s: the frames don't correspond",
				number, stream, b.at.Seconds(), base.Name, r.at.Seconds(), run.Name)
		}
	}
	return nil
}
