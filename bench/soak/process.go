//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/app"
)

// readProcess reads what this process and its decoding processes take.
func readProcess(at time.Duration) (sample, error) {
	s := sample{at: at, goroutines: runtime.NumGoroutine(), memory: readMemory()}
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return s, fmt.Errorf("read how much memory there is in use (this program is for Linux): %w", err)
	}
	s.rss, s.cpu = resources(string(own))
	machine, err := os.ReadFile("/proc/stat")
	if err != nil {
		return s, err
	}
	s.given = given(string(machine))
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		return s, err
	}
	for _, list := range lists {
		pids, _ := os.ReadFile(list) // a thread may have ended
		for _, pid := range strings.Fields(string(pids)) {
			line, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
			if err != nil || !strings.Contains(string(line), app.DecodeCommand) {
				continue // ended, or ffmpeg
			}
			stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
			if err != nil {
				continue
			}
			_, cpu := resources(string(stat))
			s.childCPU += cpu
			// Most of what is resident is libraries, which they share.
			rollup, err := os.ReadFile(filepath.Join("/proc", pid, "smaps_rollup"))
			if err != nil {
				continue
			}
			s.children += proportional(string(rollup))
		}
	}
	return s, nil
}

// given reads out of /proc/stat the time that the cores have run or rested so
// far. A virtual machine's have less than passes by the clock: the rest went to
// other machines, whether the kernel knows that (as steal) or not.
func given(stat string) time.Duration {
	const (
		tick  = 10 * time.Millisecond
		parts = 7 // user, nice, system, idle, iowait, irq, softirq
	)
	line, _, _ := strings.Cut(stat, "\n")
	f := strings.Fields(line)
	if len(f) <= parts {
		return 0
	}
	var ticks int64
	for _, text := range f[1 : parts+1] {
		n, _ := strconv.ParseInt(text, 10, 64) // the kernel's own text
		ticks += n
	}
	return time.Duration(ticks) * tick
}

// proportional reads the memory of a process out of /proc/PID/smaps_rollup, with
// its part of what it shares with others.
func proportional(rollup string) int {
	const name, kib = "\nPss:", 1 << 10
	_, rest, _ := strings.Cut(rollup, name)
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(f[0]) // the kernel's own text
	return n * kib
}

// resources reads resident memory and processor time out of a line of
// /proc/PID/stat.
func resources(stat string) (rss int, cpu time.Duration) {
	const (
		user, system, resident = 11, 12, 21 // counted from the field after the name
		tick                   = 10 * time.Millisecond
	)
	_, rest, _ := strings.Cut(stat, ") ")
	f := strings.Fields(rest)
	if len(f) <= resident {
		return 0, 0
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(f[i]) // the kernel's own text
		return n
	}
	return number(resident) * os.Getpagesize(), time.Duration(number(user)+number(system)) * tick
}
