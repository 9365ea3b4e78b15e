package perturb

import (
	"fmt"
	"testing"
)

// Progress is told by whoever classified a shot, also after another one has let
// the picture go.
func TestProgressOfLastShots(t *testing.T) {
	const pictures = 300
	src := &fakeSource{}
	for i := range pictures {
		src.add(fmt.Sprint("p", i), drawn(30, 30, noise))
	}
	lab := fakeLab(t, 4, byEvery(3))
	lab.Progress = func(p Progress) { // without a lock, which would put the two in order
		if p.Share < 0 || p.Share > 1 || p.Shots < 1 || p.OfPictures != pictures {
			t.Errorf("told of %+v", p)
		}
	}
	if _, err := Translate(t.Context(), lab, src, nil, small(DefaultTranslation(Embed))); err != nil {
		t.Fatal(err)
	}
}
