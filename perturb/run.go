package perturb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// Lab is what every experiment needs. Only Classifier is required.
type Lab struct {
	Classifier infer.Classifier
	// Progress is told of every answer, by several goroutines at once.
	Progress func(Progress)
	// Store keeps what was measured, for a run that goes on later; nil keeps
	// nothing.
	Store Store

	logits bool // answers are what the network emitted
}

// Progress says how far an experiment is. Shots are pictures classified.
type Progress struct {
	Pictures, OfPictures int // pictures that are done, and all
	Shots                int64
	// Share of the work that is done, 0…1.
	Share float64
}

// Store keeps records by key. Put is called in the order of the pictures.
type Store interface {
	Get(key string, into any) (bool, error)
	Put(key string, record any) error
}

// job is one picture's part in an experiment.
type job[R any] struct {
	shots int
	// render writes shot k, a picture of the model's size. It is called by
	// several goroutines at once.
	render func(k int, dst []byte)
	// measure makes the record of the answers, one probability vector a
	// shot. The vectors are not kept.
	measure func(answers [][]float32) R
}

// kept is a record as a Store holds it.
type kept[R any] struct {
	LeftOut *LeftOut `json:"left_out,omitempty"`
	Record  *R       `json:"record,omitempty"`
}

// Outcome is what an experiment found out.
type Outcome[R any] struct {
	Records []R // of the pictures that took part, in their order
	LeftOut []LeftOut
	// Complete is false after an interruption: the rest is missing.
	Complete bool
}

// running is a job under way.
type running[R any] struct {
	index   int
	name    string
	old     *kept[R] // known from before; then there is no job
	leftOut string   // why there is neither
	job     *job[R]
	shots   int64 // of the job, which is let go of when it is done
	answers [][]float32
	left    atomic.Int64
	done    chan struct{}
}

// runJobs plans the jobs of all pictures, classifies their shots with as many
// goroutines as the classifier runs frames at once, and returns the records
// in the pictures' order. When ctx ends it returns what is complete, without
// an error.
//
// Planning runs in a goroutine of its own, a few pictures ahead, so that
// decoding and inpainting hide behind inference.
func runJobs[R any](ctx context.Context, lab *Lab, experiment string, src Source, plan func(ctx context.Context, i int) (*job[R], error)) (*Outcome[R], error) {
	const ahead = 2 // planned jobs that wait; each may hold a large picture
	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	planned := make(chan *running[R], ahead)
	order := make(chan *running[R], ahead+2)
	shots := make(chan shot[R], lab.Classifier.Parallel())
	var shotsDone atomic.Int64
	var picturesDone atomic.Int64

	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop(errOver) // before waiting
	wg.Go(func() {      // plans
		defer close(planned)
		for i := range src.Len() {
			r, err := prepare(work, lab, experiment, src, i, plan)
			if err != nil {
				stop(err)
				return
			}
			select {
			case planned <- r:
			case <-work.Done():
				return
			}
		}
	})
	wg.Go(func() { // deals out
		defer close(shots)
		defer close(order)
		for r := range planned {
			select {
			case order <- r:
			case <-work.Done():
				return
			}
			if r.job == nil {
				continue
			}
			for k := range r.job.shots {
				select {
				case shots <- shot[R]{r, k}:
				case <-work.Done():
					return
				}
			}
		}
	})
	for range lab.Classifier.Parallel() {
		wg.Go(func() {
			if err := classify(work, lab, shots, func(r *running[R]) {
				n := shotsDone.Add(1)
				if lab.Progress != nil {
					p := picturesDone.Load()
					part := 1 - float64(r.left.Load())/float64(r.shots)
					lab.Progress(Progress{int(p), src.Len(), n, min(1, (float64(p)+part)/float64(max(1, src.Len())))})
				}
			}); err != nil {
				stop(err)
			}
		})
	}

	out := &Outcome[R]{}
	for r := range order {
		if r.job != nil && !wait(work, r.done) {
			break
		}
		if err := out.add(lab, experiment, r); err != nil {
			return nil, err
		}
		picturesDone.Add(1)
	}
	if err := context.Cause(work); err != nil && !errors.Is(err, context.Cause(ctx)) {
		return nil, err
	}
	out.Complete = len(out.Records)+len(out.LeftOut) == src.Len()
	return out, nil
}

// wait says whether done came before the end of ctx, or with it.
func wait(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

var errOver = errors.New("the experiment is over")

// prepare finds a picture's record, or plans its job.
func prepare[R any](ctx context.Context, lab *Lab, experiment string, src Source, i int, plan func(context.Context, int) (*job[R], error)) (*running[R], error) {
	r := &running[R]{index: i, name: src.Name(i)}
	if lab.Store != nil {
		var k kept[R]
		ok, err := lab.Store.Get(experiment+"/"+r.name, &k)
		if err != nil {
			return nil, err
		}
		if ok {
			r.old = &k
			return r, nil
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	j, err := plan(ctx, i)
	var out *leaveOut
	switch {
	case errors.As(err, &out):
		r.leftOut = out.why
	case err != nil:
		return nil, fmt.Errorf("%s: %w", r.name, err)
	default:
		r.job = j
		r.answers = make([][]float32, j.shots)
		r.shots = int64(j.shots)
		r.left.Store(r.shots)
		r.done = make(chan struct{})
	}
	return r, nil
}

// shot is one picture to classify.
type shot[R any] struct {
	of *running[R]
	k  int
}

// classify works on shots until there are no more.
func classify[R any](ctx context.Context, lab *Lab, shots <-chan shot[R], told func(*running[R])) error {
	c := lab.Classifier
	want := c.Model().Want()
	f := frame.Frame{Stream: "probe", Pictures: []frame.Picture{{
		Width: want.Width, Height: want.Height, Channels: 3, Pix: make([]byte, 3*want.Width*want.Height),
	}}}
	classes := 0
	for s := range shots {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.of.job.render(s.k, f.Pictures[0].Pix)
		f.Seq = uint64(s.k)
		p := infer.Prediction{Probs: make([]float32, 0, classes)}
		if lab.logits {
			p.Logits = make([]float32, 0, classes)
		}
		if err := c.Classify(ctx, &f, 0, &p); err != nil {
			return err
		}
		if lab.logits {
			p.Probs = p.Logits
		}
		classes = len(p.Probs)
		s.of.answers[s.k] = p.Probs
		last := s.of.left.Add(-1) == 0
		told(s.of)
		if last {
			close(s.of.done)
		}
	}
	return nil
}

// add takes the next picture's record.
func (o *Outcome[R]) add(lab *Lab, experiment string, r *running[R]) error {
	k := r.old
	if k == nil {
		k = &kept[R]{}
		if r.job == nil {
			k.LeftOut = &LeftOut{r.name, r.leftOut}
		} else {
			rec := r.job.measure(r.answers)
			k.Record = &rec
			r.job, r.answers = nil, nil
		}
		if lab.Store != nil {
			if err := lab.Store.Put(experiment+"/"+r.name, k); err != nil {
				return err
			}
		}
	}
	if k.LeftOut != nil {
		o.LeftOut = append(o.LeftOut, *k.LeftOut)
	} else if k.Record != nil {
		o.Records = append(o.Records, *k.Record)
	}
	return nil
}
