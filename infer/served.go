package infer

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// Stats counts what a scheduler did since it was made.
type Stats struct {
	Frames int64
	Busy   time.Duration // Σ over runners of the time spent in them
	// Batches is how many runs these frames took; 0 where each has its own.
	Batches int64
}

// served is what all ways of scheduling share: which model runs, what it
// emits, and the counters.
type served struct {
	want    frame.Want
	model   atomic.Pointer[ModelInfo]
	frames  atomic.Int64
	batches atomic.Int64
	busyNS  atomic.Int64

	deciding sync.Mutex
}

func (s *served) serve(model ModelInfo) error {
	s.want = model.Want()
	if err := s.want.Validate(); err != nil {
		return fmt.Errorf("schedule inference: %w", err)
	}
	s.model.Store(&model)
	return nil
}

// Model is the model as it runs. The result must not be changed; it is
// another one once the first frame has decided what the output is.
func (s *served) Model() *ModelInfo { return s.model.Load() }

// Stats may be called at any time.
func (s *served) Stats() Stats {
	return Stats{Frames: s.frames.Load(), Busy: time.Duration(s.busyNS.Load()), Batches: s.batches.Load()}
}

// output is what the scores are; unknown until the first frame got here.
func (s *served) output(scores []float32) Output {
	if kind := s.model.Load().Output; kind != OutputUnknown {
		return kind
	}
	s.deciding.Lock()
	defer s.deciding.Unlock()
	m := *s.model.Load()
	if m.Output == OutputUnknown {
		m.Output, m.OutputGuessed = DecideOutput(scores), true
		m.Notes = append(slices.Clone(m.Notes), fmt.Sprintf("nobody says what its scores are: by the first frame, %s", m.Output))
		s.model.Store(&m)
	}
	return m.Output
}
