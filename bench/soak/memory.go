//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
)

// memory is of what the process's memory consists, in bytes, by the Go
// runtime's own account. What is resident beyond its sum is C's, or pages of
// files.
type memory struct {
	live   int // found in use by the last collection
	heap   int // in objects, those included that nobody uses any more
	slack  int // of the heap, kept for objects to come
	stacks int
	other  int // the runtime's own
}

// readMemory costs microseconds and stops nothing.
func readMemory() memory {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/total:bytes"},
	}
	metrics.Read(s)
	v := make([]int, len(s))
	for i := range s {
		if s[i].Value.Kind() == metrics.KindUint64 {
			v[i] = int(s[i].Value.Uint64())
		}
	}
	m := memory{live: v[0], heap: v[1], stacks: v[2], slack: v[3] + v[4]}
	m.other = v[6] - v[5] - m.heap - m.stacks - m.slack
	return m
}

// parts says of what RSS consists, in two stretches of time: what grows is
// what grows in use; the rest of the heap follows it, up to as much again.
func parts(early, end []sample) string {
	var b strings.Builder
	b.WriteString("of RSS, MiB, in these quarters:")
	for i, p := range []struct {
		name string
		read func(sample) int
	}{
		{"in use", func(s sample) int { return s.memory.live }},
		{"to be collected", func(s sample) int { return s.memory.heap - s.memory.live }},
		{"free heap", func(s sample) int { return s.memory.slack }},
		{"stacks", func(s sample) int { return s.memory.stacks }},
		{"the runtime's own", func(s sample) int { return s.memory.other }},
		{"not Go's (libraries, C, files)", func(s sample) int {
			m := s.memory
			return s.rss - m.heap - m.slack - m.stacks - m.other
		}},
	} {
		read := func(s sample) float64 { return mib(p.read(s)) }
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %s %.0f and %.0f", p.name, medianOf(early, read), medianOf(end, read))
	}
	return b.String()
}

// heapProfile writes what is in use after a collection, into the folder of
// profiles if there is one.
func (l *load) heapProfile(name string) error {
	if l.profiles == "" {
		return nil
	}
	runtime.GC()
	f, err := os.Create(filepath.Join(l.profiles, l.name+"."+name))
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}
