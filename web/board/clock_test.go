package board

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/internal/clocktest"
	"github.com/flipmeter/flipmeter/stability"
)

// shown is what pages show of two cameras that flip every now and then for a
// minute and a half, with a step of the wall clock in the middle.
type shown struct {
	spark  Spark
	ribbon []Segment // in milliseconds before now
	flips  []string  // newest first
	latest time.Time // of these flips' times, as they are told
	end    time.Time
}

func watchStepped(t *testing.T, began time.Time, step time.Duration) (out shown) {
	t.Helper()
	const half = 45 * time.Second
	at := func(pts time.Duration) time.Time {
		if pts < half {
			return began.Add(pts)
		}
		return clocktest.Step(began.Add(pts), step)
	}
	now := began
	b := New(Config{Now: func() time.Time { return now }, PicturesOff: true})
	var feeds []*feed
	for _, name := range []string{"gate", "yard"} {
		f := newFeed(b.Camera(Info{Name: name}))
		f.at = at
		defer f.end()
		feeds = append(feeds, f)
	}
	for i := range 2 * int(half/frameTime) {
		now = at(time.Duration(i) * frameTime)
		for k, f := range feeds {
			f.frame(int32((i+3*k)/(7+k)%3), stability.ReasonNone)
		}
	}
	out.end = now
	d, _ := b.Get("gate")
	out.spark = d.Spark
	for _, s := range d.Ribbon {
		s.FromMs, s.ToMs = s.FromMs-now.UnixMilli(), s.ToMs-now.UnixMilli()
		out.ribbon = append(out.ribbon, s)
	}
	for i, f := range b.Flips(Filter{Limit: 20}) {
		out.flips = append(out.flips, fmt.Sprint(f.Camera, " ", f.ID))
		if i == 0 {
			out.latest = f.At
		}
	}
	if !slices.IsSortedFunc(d.Flips, func(x, y Flip) int { return cmp.Compare(y.Order, x.Order) }) || d.Flips[0].Order <= d.Flips[20].Order {
		t.Errorf("%v: the orders of %d flips don't follow how they came", step, len(d.Flips))
	}
	return out
}

// With a step of the wall clock the pages show what they would without, at
// other hours.
func TestAStepOfTheWallClock(t *testing.T) {
	began := time.Now()
	began = began.Add(sparkStep - time.Duration(began.UnixNano()%int64(sparkStep))) // where a bar begins
	want := watchStepped(t, began, 0)
	for _, step := range []time.Duration{-time.Hour, -5 * time.Minute, -time.Minute, 2 * time.Hour, 30 * 24 * time.Hour, -37 * time.Second, -2 * time.Second, 8 * time.Second} {
		got := watchStepped(t, began, step)
		if whole := step%sparkStep == 0; whole && (!slices.Equal(got.spark.Flips, want.spark.Flips) || !slices.Equal(got.spark.Pairs, want.spark.Pairs)) ||
			sum(got.spark.Flips) != sum(want.spark.Flips) || sum(got.spark.Pairs) != sum(want.spark.Pairs) {
			t.Errorf("%v: bars %v, want %v", step, got.spark, want.spark)
		}
		// What a flip was is known later: of the last one before the step too late.
		if n := sum(want.spark.Unexplained) - sum(got.spark.Unexplained); n < 0 || n > 1 {
			t.Errorf("%v: %d unexplained flips are missing", step, n)
		}
		if ahead := got.spark.EndMs - got.end.UnixMilli(); ahead < 0 || ahead > 2*got.spark.StepMs {
			t.Errorf("%v: the bars end %d ms after now", step, ahead)
		}
		if len(got.ribbon) != len(want.ribbon) {
			t.Fatalf("%v: %d stretches, want %d", step, len(got.ribbon), len(want.ribbon))
		}
		for i, s := range got.ribbon {
			if w := want.ribbon[i]; s.Index != w.Index || s.FromMs-w.FromMs > 1 || w.FromMs-s.FromMs > 1 || s.ToMs-w.ToMs > 1 || w.ToMs-s.ToMs > 1 {
				t.Errorf("%v: stretch %d is %+v, want %+v", step, i, s, w)
			}
		}
		if !slices.Equal(got.flips, want.flips) {
			t.Errorf("%v: flips %v, want %v", step, got.flips, want.flips)
		}
		if off := got.latest.Sub(want.latest) - step; off.Abs() > time.Millisecond {
			t.Errorf("%v: the newest flip is told to be of %v", step, got.latest)
		}
	}
}

func sum(list []int64) (n int64) {
	for _, v := range list {
		n += v
	}
	return n
}

// Times that come from elsewhere, as those of messages, know of no other
// clock: where they go back, what lies ahead of them is dropped.
func TestTimesGoBack(t *testing.T) {
	for _, back := range []time.Duration{time.Hour, 4 * time.Minute, -5 * time.Second} {
		b := New(Config{Now: func() time.Time { return start }, PicturesOff: true})
		f := newFeed(b.Camera(Info{Name: "gate"}))
		f.frames(1, 100)
		f.frames(2, 100)
		at := start.Add(-back)
		f.at = func(pts time.Duration) time.Time { return at.Add(pts - 20*time.Second) }
		f.frames(3, 50)
		f.frames(4, 50)
		d, _ := b.Get("gate")
		f.end()
		for i, s := range d.Ribbon {
			if i > 0 && s.FromMs < d.Ribbon[i-1].ToMs || s.ToMs > at.Add(10*time.Second).UnixMilli() || s.FromMs > s.ToMs {
				t.Errorf("%v back: a stretch %+v", back, s)
			}
		}
		last := d.Ribbon[len(d.Ribbon)-1]
		if len(d.Ribbon) < 2 || last.Label != "4" || last.ToMs-last.FromMs != 4900 {
			t.Errorf("%v back: ribbon %+v", back, d.Ribbon)
		}
		if n := sum(d.Spark.Flips); n != 2 && back == time.Hour || n != 3 && back < sparkSteps*sparkStep {
			t.Errorf("%v back: bars %v", back, d.Spark)
		}
		if len(d.Flips) != 3 || d.Flips[0].To.Name != "4" || d.Flips[2].To.Name != "2" {
			t.Errorf("%v back: flips %+v", back, d.Flips)
		}
		if all := b.Flips(Filter{Limit: 1}); all[0].To.Name != "4" {
			t.Errorf("%v back: the newest flip is %+v", back, all[0])
		}
	}
}

// Pictures grow old by the time that goes by.
func TestPicturesOutliveAStep(t *testing.T) {
	var clock clocktest.Clock
	b := New(Config{Now: clock.Now, PictureAge: time.Hour})
	b.pictures.add("gate", "1-1", []byte{1}, []byte{2}, clock.Now(), 100)
	clock.Step(30 * 24 * time.Hour)
	b.tell(nil)
	if !b.has("gate", "1-1") {
		t.Error("a picture went with a step of the clock")
	}
	clock.Step(-31 * 24 * time.Hour)
	if err := clock.Wait(t.Context(), 61*time.Minute); err != nil {
		t.Fatal(err)
	}
	b.tell(nil)
	if b.has("gate", "1-1") {
		t.Error("a picture outlives its hour")
	}
}
