package perturb

import (
	"fmt"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// followed is a clip with a gap.
type followed struct {
	fakeSource
	gap int
}

func (f *followed) Follows(i int) bool { return i > 0 && i != f.gap }

// TestFilterComparison: functions whose pictures are known make labels that
// are known. "own" shows the picture's brightness, "same" too, "parity" its
// last bit, "dark" nothing.
func TestFilterComparison(t *testing.T) {
	src := &followed{gap: 4, fakeSource: fakeSource{classes: []int32{0, 0, -1, -1, -1, -1, -1}, errs: map[int]error{6: errDamaged}}}
	for i, v := range []byte{0, 0, 1, 1, 2, 3, 0, 3} {
		src.add(fmt.Sprint(i), drawn(9, 9, func(int, int) byte { return v }))
	}
	src.classes = append(src.classes, -1)
	lab := fakeLab(t, 2, func(_ *frame.Frame, p frame.Picture, probs []float32) error {
		sure(probs, int(p.Pix[0]))
		return nil
	})
	show := func(value func(b byte) byte) func([]byte, frame.Picture, frame.Want) error {
		return func(dst []byte, p frame.Picture, want frame.Want) error {
			if want.Width != side {
				return fmt.Errorf("a picture of %d pixels", want.Width)
			}
			for i := range dst {
				dst[i] = value(p.Pix[0])
			}
			return nil
		}
	}
	functions := []Resizer{
		{"own", show(func(b byte) byte { return b })}, {"same", show(func(b byte) byte { return b })},
		{"parity", show(func(b byte) byte { return b & 1 })}, {"dark", show(func(byte) byte { return 0 })},
	}
	out, err := Filter(t.Context(), lab, src, functions)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Records) != 7 || len(out.LeftOut) != 1 || !out.Complete {
		t.Fatalf("%d records, left out %v", len(out.Records), out.LeftOut)
	}
	c := CompareFilters(out.Records, []string{"own", "same", "parity", "dark"})
	// Pictures 0 0 1 1 | 2 3 (6 is damaged) 3: pairs 01 12 23 45, and not 57.
	want := []struct{ agree, flips float64 }{{1, .5}, {1, .5}, {4. / 7, .5}, {2. / 7, 0}}
	for i, w := range want {
		f := c.Functions[i]
		if f.Agree.Value != w.agree || f.Flips.Value != w.flips || f.Pairs != 4 || f.Top1.Value != 1 {
			t.Errorf("%s: agree %v, flips %v of %d", f.Name, f.Agree.Value, f.Flips.Value, f.Pairs)
		}
	}
	if d := c.Functions[1].Difference.Value; d != 0 {
		t.Errorf("the same pictures differ by %v", d)
	}
	// dark and parity agree on the even ones: 0 0 2.
	if c.Agree[2][3] != 3./7 || c.Agree[3][2] != 3./7 || c.Agree[3][3] != 1 {
		t.Errorf("agreement %v", c.Agree)
	}
	if c.AllAgree.Value != 2./7 {
		t.Errorf("all agree on %v", c.AllAgree.Value)
	}
	// Pictures of 2 and 3 get three labels (2, 2, 0, 0 are two; 3, 3, 1, 0).
	if m := MostDisputed(out.Records); m.Picture != "5" {
		t.Errorf("most disputed: %s", m.Picture)
	}
	if MostDisputed(nil) != nil || CompareFilters(nil, []string{"a"}).AllAgree != nil {
		t.Error("a result of nothing")
	}
	functions[1].Make = func([]byte, frame.Picture, frame.Want) error { return errDamaged }
	if _, err := Filter(t.Context(), lab, src, functions); err == nil {
		t.Error("a function that can't resize is no error")
	}
}
