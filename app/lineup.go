package app

import (
	"context"
	"sync"
)

// mark is how far a file is, as far as the files behind it must know.
type mark uint8

const (
	marksOpened     mark = iota // it is open
	marksNamed                  // all its streams have their names
	marksRegistered             // all its streams stand in the report
	marksFinished               // all of it was observed
	marks
)

// lineUp makes files that are scored side by side take turns where their order
// matters: a file waits until all before it have reached a mark. The first one
// never waits, so there is always one that goes on.
type lineUp struct {
	mu      sync.Mutex
	reached [marks][]bool
	front   [marks]int    // the files before it have all reached the mark
	changed chan struct{} // closed when front changes, and made anew
}

func newLineUp(files int) *lineUp {
	l := &lineUp{changed: make(chan struct{})}
	for m := range l.reached {
		l.reached[m] = make([]bool, files)
	}
	return l
}

// reach says that a file has reached a mark. It may be told again.
func (l *lineUp) reach(file int, m mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reached[m][file] = true
	before := l.front[m]
	for l.front[m] < len(l.reached[m]) && l.reached[m][l.front[m]] {
		l.front[m]++
	}
	if l.front[m] > before {
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

// wait returns when all files before this one have reached the mark, or with
// the cause of ctx's end.
func (l *lineUp) wait(ctx context.Context, file int, m mark) error {
	for {
		l.mu.Lock()
		there, changed := l.front[m] >= file, l.changed
		l.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
