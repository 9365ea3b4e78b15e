package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/tee"
)

// sharedDecoding lets several analyses that run at the same time read the same
// sources, each decoded once. All of them must open the same sources in the
// same order.
type sharedDecoding struct {
	parties int
	pool    *frame.Pool

	mu     sync.Mutex
	rounds map[string]*sharedRound // by the stream's name
	failed chan struct{}           // closed when a party has gone
	why    error
}

// sharedRound is the opening of one source.
type sharedRound struct {
	wants  [][]frame.Want
	gone   []int         // parties that no longer wait
	opened chan struct{} // closed when sides or err is there
	sides  []ingest.Source
	err    error
}

func newSharedDecoding(parties int) *sharedDecoding {
	return &sharedDecoding{parties: parties, pool: newPool(), rounds: make(map[string]*sharedRound), failed: make(chan struct{})}
}

// fail tells those who wait that a party won't come.
func (s *sharedDecoding) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == nil {
		s.why = err
		close(s.failed)
	}
}

var errOtherVariant = errors.New("another variant failed")

// open is a sourceOpener: it waits until all parties have said which pictures
// they want, and the last one opens the source for all.
func (s *sharedDecoding) open(ctx context.Context, o *AnalyzeOptions, source, name string, w wants, _ *frame.Pool, log *slog.Logger) (ingest.Source, error) {
	s.mu.Lock()
	round := s.rounds[name]
	if round == nil {
		round = &sharedRound{opened: make(chan struct{})}
		s.rounds[name] = round
	}
	own := len(round.wants)
	round.wants = append(round.wants, w.list)
	last := len(round.wants) == s.parties
	s.mu.Unlock()
	if last {
		all, places := tee.Wants(round.wants...)
		src, err := openSource(ctx, o, source, name, wants{list: all}, s.pool, log)
		s.mu.Lock()
		if round.err = err; err == nil {
			round.sides = tee.Split(src, s.pool, places)
			for _, gone := range round.gone {
				round.err = errors.Join(round.err, round.sides[gone].Close())
			}
		}
		close(round.opened)
		s.mu.Unlock()
	}
	var why error
	select {
	case <-round.opened:
	case <-s.failed:
		why = errOtherVariant
	case <-ctx.Done():
		why = context.Cause(ctx)
	}
	if why != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		select {
		case <-round.opened: // meanwhile
		default:
			round.gone = append(round.gone, own)
			return nil, why
		}
	}
	if round.err != nil {
		if last {
			return nil, round.err
		}
		return nil, fmt.Errorf("%w: %w", errOtherVariant, round.err)
	}
	return round.sides[own], nil
}
