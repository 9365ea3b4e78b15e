package pages

import (
	"strconv"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/internal/browsertest"
)

// What a page of two hundred cameras may cost, in a browser that shares two
// cores with the server: no task that keeps it from answering for longer
// than longestTask, and no memory beyond mostHeap or that grows.
const (
	longestTask  = 200 * time.Millisecond
	mostHeap     = 64 << 20
	mostGrowth   = 4 << 20
	mostElements = 12_000
)

// Two hundred cameras: how long the page is busy at a stretch, and how much
// it holds. The time is judged on a quiet machine only (make bench-page).
func TestTwoHundredCameras(t *testing.T) {
	every := 2 * time.Second
	if *measure > 0 {
		every = usual // a picture every two seconds, as watch has them
	}
	p := newPlant(t, 200, 20*time.Second, every)
	defer p.run()()
	b := open(t, browsertest.Start(t), p, "", 1280, 900)
	b.Until("document.querySelectorAll('.cam').length === 200")
	b.Until("[...document.querySelectorAll('.shot img')].some(i => i.naturalWidth === 256)")
	if *measure > 0 {
		time.Sleep(10 * time.Second) // a steady state
	}
	before := b.Heap()
	browsertest.Eval[bool](b, `window.tasks = [], window.shown = 0, new PerformanceObserver(l => tasks.push(...l.getEntries().map(e => e.duration))).observe({type: 'longtask'}),
		document.addEventListener('load', e => { shown += e.target.tagName === 'IMG' }, true), true`)
	const figures = "document.querySelector('.wall').innerText"
	was := browsertest.Eval[string](b, figures)
	began, work := time.Now(), b.Work()
	time.Sleep(*measure)
	work = b.Work() - work
	share := 100 * work.Seconds() / time.Since(began).Seconds()
	tasks := browsertest.Eval[[]float64](b, "tasks")
	b.Until(figures + " !== " + strconv.Quote(was)) // it lives
	heap, elements := b.Heap(), browsertest.Eval[int](b, "document.querySelectorAll('*').length")
	longest, busy := 0.0, 0.0
	for _, d := range tasks {
		longest, busy = max(longest, d), busy+d
	}
	t.Logf("%v of 200 cameras with a frame each %v: %d tasks above 50 ms, together %.0f ms, the longest %.0f ms; %.0f %% of a processor; %d pictures loaded; heap %.1f MiB, %+.2f MiB in that time; %d elements",
		*measure, every, len(tasks), busy, longest, share, browsertest.Eval[int](b, "shown"), heap/(1<<20), (heap-before)/(1<<20), elements)
	if heap > mostHeap || elements > mostElements {
		t.Errorf("heap %.1f MiB, %d elements", heap/(1<<20), elements)
	}
	// What could not be seen is drawn as soon as it can.
	b.Until(`(window.scrollTo(0, document.body.scrollHeight), [...document.querySelectorAll('.cam')].at(-1).querySelector('img').naturalWidth === 256)`)
	if *measure == 0 {
		return
	}
	if longest > float64(longestTask.Milliseconds()) || heap-before > mostGrowth {
		t.Errorf("the longest task takes %.0f ms, the heap grew by %.1f MiB", longest, (heap-before)/(1<<20))
	}
}
