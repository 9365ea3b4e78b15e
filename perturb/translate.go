package perturb

import (
	"context"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/flipmeter/flipmeter/frame"
)

// Protocol is a way to shift pictures.
type Protocol string

// Sweep embeds a small picture and moves it across the whole range, one pixel
// a step. Embed moves it by one pixel, once. Crop takes neighbouring crops of
// a larger picture; nothing is embedded. BBox moves a window over the
// original pixels around an annotated object: nothing is scaled or painted.
const (
	Sweep Protocol = "sweep"
	Embed Protocol = "embed"
	Crop  Protocol = "crop"
	BBox  Protocol = "bbox"
)

// Direction is where shifts go.
type Direction string

// Random is one of the eight neighbours, drawn for each pair of embed.
const (
	Vertical   Direction = "vertical"
	Horizontal Direction = "horizontal"
	Diagonal   Direction = "diagonal"
	Random     Direction = "random"
)

// unit is a shift of one pixel.
func (d Direction) unit() image.Point {
	switch d {
	case Horizontal:
		return image.Pt(1, 0)
	case Diagonal:
		return image.Pt(1, 1)
	default:
		return image.Pt(0, 1)
	}
}

// Translation says how pictures are shifted.
type Translation struct {
	Protocol  Protocol  `json:"protocol"`
	Direction Direction `json:"direction"`
	// From and To are the first and the last shift of a sweep, in pixels.
	From int `json:"from"`
	To   int `json:"to"`
	// Short is what an embedded picture's shorter side is scaled to.
	Short      int        `json:"size"`
	Background Background `json:"background"`
	// Faithful inpaints anew at every shift instead of once on an enlarged
	// canvas.
	Faithful bool `json:"faithful"`
	// Area is the share of the picture that crop looks at.
	Area float64 `json:"area"`
	// Repeats is how often embed and crop place a picture.
	Repeats int `json:"repeats"`
	// Filter is the resize function, see Filters.
	Filter string `json:"resize"`
	Seed   uint64 `json:"seed"`
}

// DefaultTranslation is the paper's setting of a protocol.
func DefaultTranslation(p Protocol) Translation {
	t := Translation{
		Protocol: p, Direction: Vertical, From: -52, To: 48, Short: 100, Background: Mean,
		Area: 0.7, Repeats: 1, Filter: "pillow-bilinear", Seed: 1,
	}
	switch p {
	case Sweep:
		t.Background = Inpaint
	case Crop:
		t.Direction = Diagonal
	case BBox:
		t.From, t.To = -88, 87
	}
	return t
}

const maxShift = 4096

// Validate says what is wrong, or nil.
func (t *Translation) Validate() error {
	switch {
	case !slices.Contains([]Protocol{Sweep, Embed, Crop, BBox}, t.Protocol):
		return fmt.Errorf("protocol must be sweep, crop, embed or bbox, got %q", t.Protocol)
	case !slices.Contains([]Direction{Vertical, Horizontal, Diagonal, Random}, t.Direction):
		return fmt.Errorf("direction must be vertical, horizontal, diagonal or random, got %q", t.Direction)
	case t.Direction == Random && t.Protocol != Embed:
		return fmt.Errorf("the direction random is for the protocol embed, not %s", t.Protocol)
	case !slices.Contains([]Background{Black, Mean, Inpaint}, t.Background):
		return fmt.Errorf("background must be black, mean or inpaint, got %q", t.Background)
	case t.Faithful && t.Background != Inpaint:
		return fmt.Errorf("faithful inpainting needs the background inpaint, got %q", t.Background)
	case t.Faithful && (t.Protocol == Crop || t.Protocol == BBox):
		return fmt.Errorf("the protocol %s paints nothing: faithful does not apply", t.Protocol)
	case t.From > t.To || t.From < -maxShift || t.To > maxShift:
		return fmt.Errorf("shifts must go from a smaller to a larger number within ±%d, got %d to %d", maxShift, t.From, t.To)
	case t.Short < 1 || t.Short > maxShift:
		return fmt.Errorf("the embedded size must be between 1 and %d pixels, got %d", maxShift, t.Short)
	case !(t.Area > 0 && t.Area <= 1):
		return fmt.Errorf("the area of a crop must be above 0 and at most 1, got %v", t.Area)
	case t.Repeats < 1 || t.Repeats > 10000:
		return fmt.Errorf("repeats must be between 1 and 10000, got %d", t.Repeats)
	case !slices.Contains(Filters(), t.Filter):
		return fmt.Errorf("unknown resize filter %q: want one of %v", t.Filter, Filters())
	}
	return nil
}

// Moved is one picture's record: its chains, and what of it was left out.
type Moved struct {
	Chains  []Chain   `json:"chains"`
	LeftOut []LeftOut `json:"left_out,omitempty"`
}

// Translate shifts all pictures. Boxes are for the protocol bbox: those of a
// picture by its index.
func Translate(ctx context.Context, lab *Lab, src Source, boxes func(i int) []Box, t Translation) (*Outcome[Moved], error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	key := fmt.Sprintf("translate %+v", t)
	return runJobs(ctx, lab, key, src, func(ctx context.Context, i int) (*job[Moved], error) {
		p, err := load(ctx, src, i)
		if err != nil {
			return nil, err
		}
		tr := &translation{Translation: t, lab: lab, picture: src.Name(i), truth: src.Class(i)}
		want := lab.Classifier.Model().Want()
		tr.w, tr.h = want.Width, want.Height
		rng := random(t.Seed, "translate "+string(t.Protocol), tr.picture)
		switch t.Protocol {
		case Sweep:
			err = tr.sweep(p)
		case Embed:
			err = tr.embed(p, rng)
		case Crop:
			err = tr.crop(p, rng)
		case BBox:
			var list []Box
			if boxes != nil {
				list = boxes(i)
			}
			err = tr.bbox(p, list)
		}
		if err != nil {
			return nil, err
		}
		return tr.job(), nil
	})
}

// load decodes a picture; an error leaves it out, unless the run has ended.
func load(ctx context.Context, src Source, i int) (frame.Picture, error) {
	p, err := src.Load(ctx, i)
	switch {
	case ctx.Err() != nil:
		return p, context.Cause(ctx)
	case err != nil:
		return p, skip("%v", err)
	case p.Width < 1 || p.Height < 1 || p.Channels != 3:
		return p, skip("%d×%d×%d is no picture", p.Width, p.Height, p.Channels)
	}
	return p, nil
}

// translation is what becomes of one picture.
type translation struct {
	Translation
	lab     *Lab
	picture string
	truth   int32
	w, h    int // of the model's input
	plans   []chainPlan
	leftOut []LeftOut
}

// chainPlan is one chain before it is classified.
type chainPlan struct {
	name   string
	shifts []image.Point
	// at is what the steps say of their place; nil: the shifts.
	at     []image.Point
	render func(dst []byte, k int)
}

func (t *translation) add(name string, shifts []image.Point, render func(dst []byte, by image.Point)) {
	t.plans = append(t.plans, chainPlan{name: name, shifts: shifts, render: func(dst []byte, k int) { render(dst, shifts[k]) }})
}

func (t *translation) job() *job[Moved] { return chainJob(t.picture, t.truth, t.plans, t.leftOut) }

// chainJob makes one job of several chains, whose shots it numbers through.
func chainJob(picture string, truth int32, plans []chainPlan, left []LeftOut) *job[Moved] {
	j := &job[Moved]{}
	first := make([]int, len(plans)+1)
	for i, p := range plans {
		j.shots += len(p.shifts)
		first[i+1] = j.shots
	}
	j.render = func(k int, dst []byte) {
		i, found := slices.BinarySearch(first, k)
		if !found {
			i--
		}
		plans[i].render(dst, k-first[i])
	}
	j.measure = func(answers [][]float32) Moved {
		m := Moved{LeftOut: left}
		for i, p := range plans {
			at := p.at
			if at == nil {
				at = p.shifts
			}
			m.Chains = append(m.Chains, newChain(picture, p.name, truth, at, answers[first[i]:first[i+1]]))
		}
		return m
	}
	return j
}

// shifts are the points from … to in a direction.
func shifts(d Direction, from, to int) []image.Point {
	var out []image.Point
	for s := from; s <= to; s++ {
		out = append(out, d.unit().Mul(s))
	}
	return out
}

// object scales a picture's shorter side and cuts what of the longer one
// would not fit into maxW×maxH off at both ends.
func object(p frame.Picture, short, maxW, maxH int, filter string) (frame.Picture, error) {
	w, h := shortSide(p.Width, p.Height, short)
	if short > maxW || short > maxH {
		return p, fmt.Errorf("a picture with a shorter side of %d pixels does not fit: its place is %d×%d pixels; embed it smaller or shift it less", short, maxW, maxH)
	}
	// The part of the source that is kept, so that nothing is scaled in vain.
	part := whole(p)
	if w > maxW {
		part, w = middle(part, p.Width*maxW/w, p.Height), maxW
	}
	if h > maxH {
		part, h = middle(part, p.Width, p.Height*maxH/h), maxH
	}
	return resize(p, part, w, h, filter)
}

// shortSide is the size of a w×h picture scaled to a shorter side, the longer
// one rounded.
func shortSide(w, h, short int) (width, height int) {
	scale := func(long, other int) int {
		return max(short, int(math.Round(float64(long)*float64(short)/float64(other))))
	}
	if w <= h {
		return short, scale(h, w)
	}
	return scale(w, h), short
}

// middle is the w×h rectangle in the middle of r.
func middle(r image.Rectangle, w, h int) image.Rectangle {
	w, h = max(w, 1), max(h, 1)
	x, y := r.Min.X+(r.Dx()-w)/2, r.Min.Y+(r.Dy()-h)/2
	return image.Rect(x, y, x+w, y+h)
}

// sweep embeds the picture in the middle and moves it along the direction.
// Every shift keeps it inside.
func (t *translation) sweep(p frame.Picture) error {
	list := shifts(t.Direction, t.From, t.To)
	room := t.room(list)
	o, err := object(p, t.Short, room.X, room.Y, t.Filter)
	if err != nil {
		return err
	}
	at := image.Pt((t.w-o.Width)/2, (t.h-o.Height)/2)
	if t.Faithful {
		t.add("", list, faithful(o, at, t.w, t.h))
		return nil
	}
	t.add("", list, newStage(o, at, t.w, t.h, list, t.Background, t.lab.Classifier.Model()).render)
	return nil
}

// room is how large a picture in the middle may be that no shift moves out.
func (t *translation) room(list []image.Point) image.Point {
	var x, y int
	for _, s := range list {
		x, y = max(x, s.X, -s.X), max(y, s.Y, -s.Y)
	}
	return image.Pt(t.w-2*x, t.h-2*y)
}

// embed places the picture at random and moves it by one pixel.
func (t *translation) embed(p frame.Picture, rng *rand.Rand) error {
	o, err := object(p, t.Short, t.w-2, t.h-2, t.Filter)
	if err != nil {
		return err
	}
	for i := range t.Repeats {
		at := image.Pt(1+rng.IntN(t.w-1-o.Width), 1+rng.IntN(t.h-1-o.Height))
		list := []image.Point{{}, t.Direction.unit()}
		if t.Direction == Random {
			list[1] = neighbours()[rng.IntN(8)]
		}
		name := ""
		if t.Repeats > 1 {
			name = fmt.Sprint(i + 1)
		}
		if t.Faithful {
			t.add(name, list, faithful(o, at, t.w, t.h))
			continue
		}
		t.add(name, list, newStage(o, at, t.w, t.h, list, t.Background, t.lab.Classifier.Model()).render)
	}
	return nil
}

// neighbours are the eight shifts by one pixel, row by row.
func neighbours() [8]image.Point {
	return [8]image.Point{{-1, -1}, {0, -1}, {1, -1}, {-1, 0}, {1, 0}, {-1, 1}, {0, 1}, {1, 1}}
}
