package clocktest

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestStep(t *testing.T) {
	before := time.Now()
	for _, d := range []time.Duration{0, time.Hour, -time.Hour, -time.Second} {
		got := Step(before, d)
		if want := before.Round(0).Add(d); !got.Round(0).Equal(want) {
			t.Errorf("%v: the wall clock says %v, want %v", d, got, want)
		}
		if gone := got.Sub(before); gone != 0 {
			t.Errorf("%v: %v went by", d, gone)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a time without a monotonic reading is stepped")
		}
	}()
	Step(before.Round(0), time.Hour)
}

func TestClock(t *testing.T) {
	var c Clock
	real, began := time.Now(), c.Now()
	c.Step(-time.Hour)
	if err := c.Wait(t.Context(), 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	gone, slack := c.Now().Sub(began)-10*time.Minute, time.Since(real)+time.Millisecond
	if gone < breather || gone > slack {
		t.Errorf("%v besides the wait went by in %v", gone, slack)
	}
	if wall := c.Now().Round(0).Sub(began.Round(0)) + 50*time.Minute; wall < breather || wall > time.Since(real)+time.Second {
		t.Errorf("the wall clock is off by %v", wall)
	}

	reached, release := c.Hold(30 * time.Minute)
	done := make(chan error)
	go func() {
		for range 3 {
			done <- c.Wait(context.Background(), 10*time.Minute)
		}
	}()
	<-done
	<-reached
	select {
	case <-done:
		t.Error("a wait leads past a moment that is held")
	case <-time.After(20 * breather):
	}
	release()
	<-done
	<-done
	if again, _ := c.Hold(0); true {
		<-again
	}
	ended, end := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	end(why)
	if err := c.Wait(ended, time.Hour); !errors.Is(err, why) {
		t.Errorf("a wait that ended early says %v", err)
	}
}
