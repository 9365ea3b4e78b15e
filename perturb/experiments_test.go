package perturb

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

// everyExperiment are all that classify pictures, in small.
func everyExperiment() map[string]func(context.Context, *Lab, Source) (records any, left []LeftOut, complete bool, err error) {
	type run = func(context.Context, *Lab, Source) (any, []LeftOut, bool, error)
	moved := func(f func(context.Context, *Lab, Source) (*Outcome[Moved], error)) run {
		return func(ctx context.Context, lab *Lab, src Source) (any, []LeftOut, bool, error) {
			out, err := f(ctx, lab, src)
			if err != nil {
				return nil, nil, false, err
			}
			return out.Records, out.LeftOut, out.Complete, nil
		}
	}
	all := map[string]run{
		"scale": moved(func(ctx context.Context, lab *Lab, src Source) (*Outcome[Moved], error) {
			s := DefaultScale()
			s.Sizes = Range(18, 24, 1)
			return Scale(ctx, lab, src, s)
		}),
		"rescale": moved(func(ctx context.Context, lab *Lab, src Source) (*Outcome[Moved], error) {
			s := DefaultRescale()
			s.Sizes = Range(18, 24, 1)
			return Scale(ctx, lab, src, s)
		}),
		"tta": moved(func(ctx context.Context, lab *Lab, src Source) (*Outcome[Moved], error) {
			return Average(ctx, lab, src, Averaging{Copies: []int{1, 5}, From: -3, To: 3, Short: 20, Background: Mean, Filter: "pillow-bilinear"})
		}),
		"resize": func(ctx context.Context, lab *Lab, src Source) (any, []LeftOut, bool, error) {
			show := func(add byte) func([]byte, frame.Picture, frame.Want) error {
				return func(dst []byte, p frame.Picture, _ frame.Want) error {
					for i := range dst {
						dst[i] = p.Pix[i%len(p.Pix)] + add
					}
					return nil
				}
			}
			out, err := Filter(ctx, lab, src, []Resizer{{"own", show(0)}, {"other", show(1)}, {"third", show(2)}})
			if err != nil {
				return nil, nil, false, err
			}
			return out.Records, out.LeftOut, out.Complete, nil
		},
		"layers": func(ctx context.Context, lab *Lab, src Source) (any, []LeftOut, bool, error) {
			s := small(DefaultTranslation(Sweep))
			s.From, s.To = -4, 4
			out, err := Layers(ctx, lab, src, []Layer{{"a", 4, side, side, 1}, {"b", 6, 32, 64, 2}}, s)
			if err != nil {
				return nil, nil, false, err
			}
			return out.Records, out.LeftOut, out.Complete, nil
		},
	}
	for _, p := range []Protocol{Sweep, Embed, Crop, BBox} {
		all["translate "+string(p)] = moved(func(ctx context.Context, lab *Lab, src Source) (*Outcome[Moved], error) {
			s := DefaultTranslation(p)
			s.From, s.To, s.Short = -4, 4, 20
			boxes := func(i int) []Box {
				return []Box{{Class: "x", Rect: image.Rect(30, 30, 40+i, 40)}, {Class: "y", Rect: image.Rect(900, 0, 901, 9)}}
			}
			return Translate(ctx, lab, src, boxes, s)
		})
	}
	return all
}

// TestEveryExperimentIsReproducible: its records are the same to the byte for
// any number of sessions, and where it goes on after an interruption.
func TestEveryExperimentIsReproducible(t *testing.T) {
	src := &fakeSource{errs: map[int]error{3: errDamaged}}
	for i := range 12 { // more than are dealt out before the second is recorded
		src.add(fmt.Sprint("p", i), drawn(80+i, 91-i, func(x, y int) byte { return noise(x+i, y) }))
	}
	for name, run := range everyExperiment() {
		t.Run(name, func(t *testing.T) {
			do := func(ctx context.Context, lab *Lab) (text string, complete bool) {
				records, left, complete, err := run(ctx, lab, src)
				if err != nil {
					t.Fatal(err)
				}
				b, err := json.Marshal([]any{records, left})
				if err != nil {
					t.Fatal(err)
				}
				return string(b), complete
			}
			lab := func(sessions int) *Lab {
				l := fakeLab(t, sessions, byEvery(3))
				if name == "layers" { // its classifier answers with sums
					l.Classifier = &tapped{l.Classifier.(*infertest.Fake), func(p frame.Picture) []float32 {
						out := make([]float32, 10)
						for k := range out {
							out[k] = every(p, k%4+1, 0)
						}
						return out
					}}
				}
				return l
			}
			var want string
			for _, sessions := range []int{1, 5} {
				got, complete := do(t.Context(), lab(sessions))
				if want == "" {
					want = got
				}
				if got != want || !complete {
					t.Errorf("%d sessions: complete %v, other records:\n%s\nwant\n%s", sessions, complete, got, want)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			store := &lockedStore{memory: memory{records: map[string][]byte{}, onPut: func(n int) {
				if n == 2 {
					cancel()
				}
			}}}
			l := lab(2)
			l.Store = store
			if got, complete := do(ctx, l); complete || got == want {
				t.Fatal("it was not interrupted")
			}
			store.onPut = nil
			before := len(store.records)
			if got, complete := do(t.Context(), l); got != want || !complete {
				t.Errorf("the two halves are not the whole, complete %v:\n%s\nwant\n%s", complete, got, want)
			}
			if before < 2 || before >= len(store.records) {
				t.Errorf("%d of %d records were there when it went on", before, len(store.records))
			}
		})
	}
}
