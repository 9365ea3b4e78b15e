package perturb

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// TestMeanBrightnessNeverChanges: what only adds up the pixels can't tell
// where they are.
func TestMeanBrightnessNeverChanges(t *testing.T) {
	src := &fakeSource{}
	src.add("a", drawn(40, 30, noise))
	src.add("b", drawn(30, 50, noise))
	lab := fakeLab(t, 2, byMean)
	embed := small(DefaultTranslation(Embed))
	embed.Repeats = 5
	for _, s := range []Translation{small(DefaultTranslation(Sweep)), embed} {
		for _, d := range []Direction{Vertical, Horizontal, Diagonal} {
			s.Direction = d
			all, _ := chains(t, lab, src, nil, s)
			m := Measure(all)
			if m.Changes != 0 || m.Change.Value != 0 || m.MAC.Value != 0 || m.T5D.Value != 0 || m.JaggednessTotal != 0 || m.Top5Loss.Value != 0 || m.Consistency.Value != 1 {
				t.Errorf("%s %s: %+v", s.Protocol, d, m)
			}
			want := 80
			if s.Protocol == Embed {
				want = 10
			}
			if m.Pairs != want || m.Pictures != 2 {
				t.Errorf("%s %s: %d pairs of %d pictures", s.Protocol, d, m.Pairs, m.Pictures)
			}
		}
	}
}

// TestParityAlwaysChanges: rows of even and odd values pass under the pixel.
func TestParityAlwaysChanges(t *testing.T) {
	src := &fakeSource{}
	src.add("stripes", drawn(44, 44, func(x, y int) byte { return byte(100 + (x+y)%2) }))
	lab := fakeLab(t, 1, byParity)
	for _, d := range []Direction{Vertical, Horizontal} {
		s := small(DefaultTranslation(Sweep))
		s.Direction, s.From, s.To, s.Short = d, -10, 10, 44
		all, _ := chains(t, lab, src, nil, s)
		m := Measure(all)
		if m.Change.Value != 1 || m.Changes != 20 || m.JaggednessTotal != 20 {
			t.Errorf("%s: %+v", d, m)
		}
		// The first label falls from .8 to the sixth place at .01.
		if math.Abs(m.MAC.Value-.79) > 1e-6 {
			t.Errorf("%s: MAC %v", d, m.MAC.Value)
		}
		// All of the top five leave it: Σ (5 − rank) = 15.
		if m.T5D.Value != 15 {
			t.Errorf("%s: top-5 distance %v", d, m.T5D.Value)
		}
		// 11 and 10 of 21 steps: 1 − P(differ) = (11·10 + 10·9)/(21·20).
		if want := 200. / 420; math.Abs(m.Consistency.Value-want) > 1e-12 {
			t.Errorf("%s: consistency %v", d, m.Consistency.Value)
		}
		// 11 steps show the reference; each of the 10 that have a next one
		// loses it.
		if m.Top5Loss.Value != 1 {
			t.Errorf("%s: top-5 loss %v", d, m.Top5Loss.Value)
		}
	}
	s := small(DefaultTranslation(Sweep))
	s.Direction, s.From, s.To, s.Short = Diagonal, -10, 10, 44
	if all, _ := chains(t, lab, src, nil, s); Measure(all).Changes != 0 {
		t.Error("along the diagonal x+y keeps its parity, and nothing changes")
	}
}

// TestSubsamplerIsPeriodic: a network with stride s answers the same after s
// pixels, and not before.
func TestSubsamplerIsPeriodic(t *testing.T) {
	src := &fakeSource{}
	src.add("noise", drawn(20, 20, noise))
	for _, stride := range []int{2, 4, 7} {
		lab := fakeLab(t, 2, byEvery(stride))
		all, _ := chains(t, lab, src, nil, small(DefaultTranslation(Sweep)))
		steps := all[0].Steps
		for i := stride; i < len(steps); i++ {
			if steps[i].Label() != steps[i-stride].Label() {
				t.Fatalf("stride %d: step %d is not step %d", stride, i, i-stride)
			}
		}
		if Measure(all).Changes == 0 {
			t.Errorf("stride %d: nothing changes", stride)
		}
		for i, s := range steps {
			if s.At != at(0, i-20) {
				t.Fatalf("step %d is at %v", i, s.At)
			}
		}
	}
}

// TestCropAndBoxMoveTheOriginal: both are windows over pixels that nothing
// has touched.
func TestCropAndBoxMoveTheOriginal(t *testing.T) {
	p := drawn(200, 160, func(x, y int) byte { return byte((x + 3*y) & 1) })
	src := &fakeSource{}
	src.add("p", p)
	lab := fakeLab(t, 2, byParity)
	s := DefaultTranslation(BBox)
	s.From, s.To = -30, 30
	boxes := func(int) []Box {
		return []Box{
			{Class: "cat", Rect: image.Rect(90, 70, 110, 90)},
			{Class: "dog", Rect: image.Rect(0, 10, 30, 60)},      // close to the edge: no window
			{Class: "cow", Rect: image.Rect(300, 300, 320, 320)}, // outside
			{Class: "hen", Rect: image.Rect(90, 20, 110, 60), Width: 160, Height: 200},
			{Class: "fox", Rect: image.Rect(90, 40, 110, 60)},
		}
	}
	all, out := chains(t, lab, src, boxes, s)
	if len(all) != 2 || all[0].Name != "cat 1" || all[1].Name != "fox 5" {
		t.Fatalf("%d chains", len(all))
	}
	if all[0].Pairs() != 60 || all[0].Changes() != 60 {
		t.Errorf("cat: %d changes in %d pairs", all[0].Changes(), all[0].Pairs())
	}
	// Around (100, 50) a window of 64 begins at row 18: it can go 18 up.
	if n := len(all[1].Steps); n != 30+18+1 {
		t.Errorf("fox: %d steps", n)
	}
	why := fmt.Sprint(out.Records[0].LeftOut)
	for _, want := range []string{"dog 2", "can't be moved inside", "cow 3", "lies outside", "hen 4", "160×200"} {
		if !strings.Contains(why, want) {
			t.Errorf("nothing is said of %q: %s", want, why)
		}
	}

	s = DefaultTranslation(Crop)
	s.Repeats = 3
	all, _ = chains(t, lab, src, nil, s)
	if len(all) != 3 || all[0].Pairs() != 8 {
		t.Fatalf("crop: %d chains of %d pairs", len(all), all[0].Pairs())
	}
	if reflect.DeepEqual(all[0].Steps, all[1].Steps) && reflect.DeepEqual(all[1].Steps, all[2].Steps) {
		t.Error("three random crops are the same")
	}
}

// TestShiftMovesContent: the whole shot, pixel by pixel, for all protocols
// that embed.
func TestShiftMovesContent(t *testing.T) {
	src := &fakeSource{}
	src.add("p", drawn(20, 20, func(x, y int) byte { return byte(50 + x + 2*y) }))
	var mu sync.Mutex
	seen := map[int]image.Point{}
	lab := fakeLab(t, 1, func(f *frame.Frame, p frame.Picture, probs []float32) error {
		mu.Lock()
		defer mu.Unlock()
		for i := 0; i < len(p.Pix); i += 3 {
			if p.Pix[i] == 50 {
				at := image.Pt(i/3%side, i/3/side)
				seen[int(f.Seq)] = at
				for y := range 20 {
					for x := range 20 {
						if got := p.Pix[3*((at.Y+y)*side+at.X+x)]; got != byte(50+x+2*y) {
							return fmt.Errorf("shot %d, pixel %d,%d: %d", f.Seq, x, y, got)
						}
					}
				}
				break
			}
		}
		sure(probs, 0)
		return nil
	})
	for _, bg := range []Background{Black, Mean} {
		for _, d := range []Direction{Vertical, Horizontal, Diagonal} {
			clear(seen)
			s := small(DefaultTranslation(Sweep))
			s.Direction, s.Background = d, bg
			chains(t, lab, src, nil, s)
			if len(seen) != 41 {
				t.Fatalf("%d shots show the picture", len(seen))
			}
			for k, got := range seen {
				if want := at(22, 22).Add(d.unit().Mul(k - 20)); got != want {
					t.Errorf("%s: shot %d shows it at %v, want %v", d, k, got, want)
				}
			}
		}
	}
}

// TestSameForAnyNumberOfWorkers: records are equal to the byte.
func TestSameForAnyNumberOfWorkers(t *testing.T) {
	src := &fakeSource{}
	for i := range 7 {
		src.add(fmt.Sprint("p", i), drawn(30+i, 41-i, func(x, y int) byte { return noise(x+i, y) }))
	}
	for _, p := range []Protocol{Sweep, Embed, Crop} {
		s := DefaultTranslation(p)
		s.From, s.To, s.Short = -9, 9, 20
		var want []byte
		for _, sessions := range []int{1, 2, 5} {
			lab := fakeLab(t, sessions, byEvery(3))
			all, _ := chains(t, lab, src, nil, s)
			got, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			if string(got) != string(want) {
				t.Errorf("%s: %d sessions give other records", p, sessions)
			}
		}
	}
	// A picture's part is its own, whatever stands before it.
	s := DefaultTranslation(Embed)
	s.Short = 20
	lab := fakeLab(t, 1, byEvery(3))
	all, _ := chains(t, lab, src, nil, s)
	one := &fakeSource{}
	one.add(src.names[4], src.pics[4])
	alone, _ := chains(t, lab, one, nil, s)
	if !reflect.DeepEqual(alone[0], all[4]) {
		t.Error("a picture's random place depends on the others")
	}
	s.Seed++
	if other, _ := chains(t, lab, src, nil, s); reflect.DeepEqual(other, all) {
		t.Error("another seed gives the same places")
	}
}

// memory is a Store that can be cut off.
type memory struct {
	records map[string][]byte
	onPut   func(n int)
}

func (m *memory) Get(key string, into any) (bool, error) {
	b, ok := m.records[key]
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(b, into)
}

func (m *memory) Put(key string, v any) error {
	b, err := json.Marshal(v)
	m.records[key] = b
	if m.onPut != nil {
		m.onPut(len(m.records))
	}
	return err
}

// TestGoesOnAfterAnInterruption: what was measured is kept, and both halves
// make what one go makes.
func TestGoesOnAfterAnInterruption(t *testing.T) {
	src := &fakeSource{errs: map[int]error{2: errDamaged}}
	for i := range 12 {
		src.add(fmt.Sprint("p", i), drawn(30, 30, func(x, y int) byte { return noise(x+i, y) }))
	}
	s := small(DefaultTranslation(Sweep))
	lab := fakeLab(t, 2, byEvery(3))
	want, whole := chains(t, lab, src, nil, s)
	if !whole.Complete || len(whole.LeftOut) != 1 || whole.LeftOut[0] != (LeftOut{"p2", "it is damaged"}) {
		t.Fatalf("complete %v, left out %v", whole.Complete, whole.LeftOut)
	}
	ctx, cancel := context.WithCancel(t.Context())
	// Maps aren't for several goroutines, but Put and Get of one experiment
	// are for two: a lock stands in for the real store's.
	store := &lockedStore{memory: memory{records: map[string][]byte{}, onPut: func(n int) {
		if n == 5 {
			cancel()
		}
	}}}
	lab.Store = store
	out, err := Translate(ctx, lab, src, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	if out.Complete || len(out.Records) < 4 || len(out.Records) > 10 {
		t.Fatalf("interrupted: complete %v with %d records", out.Complete, len(out.Records))
	}
	store.onPut = nil
	shots := 0
	var mu sync.Mutex
	lab.Progress = func(p Progress) { mu.Lock(); shots++; mu.Unlock() }
	got, second := chains(t, lab, src, nil, s)
	if !reflect.DeepEqual(got, want) || !second.Complete || !reflect.DeepEqual(second.LeftOut, whole.LeftOut) {
		t.Error("the two halves are not the whole")
	}
	if most := 41 * (11 - len(out.Records)); shots > most {
		t.Errorf("%d shots were classified again, at most %d are new", shots, most)
	}
}

type lockedStore struct {
	sync.Mutex
	memory
}

func (l *lockedStore) Get(key string, into any) (bool, error) {
	l.Lock()
	defer l.Unlock()
	return l.memory.Get(key, into)
}

func (l *lockedStore) Put(key string, v any) error {
	l.Lock()
	defer l.Unlock()
	return l.memory.Put(key, v)
}

// TestErrorsEndTheRun: a classifier that fails is not a picture that can't
// be read.
func TestErrorsEndTheRun(t *testing.T) {
	src := &fakeSource{}
	for i := range 6 {
		src.add(fmt.Sprint(i), drawn(30, 30, noise))
	}
	lab := fakeLab(t, 3, func(f *frame.Frame, _ frame.Picture, probs []float32) error {
		if f.Seq == 17 {
			return errDamaged
		}
		sure(probs, 1)
		return nil
	})
	if _, err := Translate(t.Context(), lab, src, nil, small(DefaultTranslation(Sweep))); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error %v", err)
	}
}

// TestWhatDoesNotFit: sizes and settings that can't be, and pictures that
// are cut to fit.
func TestWhatDoesNotFit(t *testing.T) {
	src := &fakeSource{}
	src.add("long", drawn(400, 20, noise))
	src.add("dot", drawn(1, 1, noise))
	src.add("none", frame.Picture{})
	lab := fakeLab(t, 1, byEvery(3))
	for _, p := range []Protocol{Sweep, Embed, Crop} {
		for _, bg := range []Background{Black, Mean, Inpaint} {
			s := DefaultTranslation(p)
			s.From, s.To, s.Short, s.Background = -9, 9, 20, bg
			all, out := chains(t, lab, src, nil, s)
			if len(all) != 2 || len(out.LeftOut) != 1 || !out.Complete {
				t.Errorf("%s on %s: %d chains, left out %v", p, bg, len(all), out.LeftOut)
			}
		}
	}
	_, out := chains(t, lab, src, nil, DefaultTranslation(BBox))
	if len(out.LeftOut) != 3 || !strings.Contains(out.LeftOut[0].Why, "no boxes") {
		t.Errorf("bbox without boxes: %v", out.LeftOut)
	}
	_, out = chains(t, lab, src, func(int) []Box { return []Box{{Class: "x", Rect: image.Rect(0, 0, 1, 1)}} }, DefaultTranslation(BBox))
	if len(out.LeftOut) != 3 || !strings.Contains(out.LeftOut[0].Why, "nothing is enlarged") {
		t.Errorf("bbox on small pictures: %v", out.LeftOut)
	}
	src.add("large", drawn(90, 70, noise))
	_, out = chains(t, lab, src, func(int) []Box { return []Box{{Class: "x", Rect: image.Rect(200, 0, 201, 1)}} }, DefaultTranslation(BBox))
	if len(out.LeftOut) != 4 || out.LeftOut[3].Why != "its box can't be used: it lies outside of the picture" {
		t.Errorf("a box outside: %v", out.LeftOut)
	}
	s := DefaultTranslation(Sweep) // 100 pixels and ±52 in a model of 64
	if _, err := Translate(t.Context(), lab, src, nil, s); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("too large: %v", err)
	}
	for name, change := range map[string]func(*Translation){
		"protocol":  func(s *Translation) { s.Protocol = "spin" },
		"direction": func(s *Translation) { s.Direction = "up" },
		"random":    func(s *Translation) { s.Direction = Random },
		"pinned":    func(s *Translation) { s.Background = "pink" },
		"faithful":  func(s *Translation) { s.Background, s.Faithful = Black, true },
		"shifts":    func(s *Translation) { s.From = 100 },
		"size":      func(s *Translation) { s.Short = 0 },
		"area":      func(s *Translation) { s.Area = math.NaN() },
		"repeats":   func(s *Translation) { s.Repeats = 0 },
		"filter":    func(s *Translation) { s.Filter = "magic" },
	} {
		s := DefaultTranslation(Sweep)
		change(&s)
		if s.Validate() == nil {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
}
