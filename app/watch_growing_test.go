package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

// numberPictures are PNGs of frames that carry their number.
func numberPictures(t *testing.T, n int) (out [][]byte) {
	t.Helper()
	src, err := synth.Open(t.Context(), synth.Config{
		Address: fmt.Sprintf("synth:number?frames=%d&fps=25&size=96x96", n), Pool: new(frame.Pool),
		Wants: []frame.Want{{Width: 96, Height: 96, Fit: frame.FitSquash, Filter: frame.FilterArea}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	defer f.Release()
	for err = src.Read(t.Context(), &f); err == nil; err = src.Read(t.Context(), &f) {
		img := image.NewNRGBA(image.Rect(0, 0, 96, 96))
		for i := range 96 * 96 {
			copy(img.Pix[4*i:], f.Pictures[0].Pix[3*i:3*i+3])
			img.Pix[4*i+3] = 255
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		out = append(out, b.Bytes())
	}
	if !errors.Is(err, ingest.ErrEndOfStream) || len(out) != n {
		t.Fatalf("%d pictures, %v", len(out), err)
	}
	return out
}

// moveIn puts a file into a folder in one go.
func moveIn(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	aside := filepath.Join(t.TempDir(), name)
	err := os.WriteFile(aside, content, 0o600)
	if err == nil {
		err = os.Rename(aside, filepath.Join(dir, name))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A folder that is being filled is followed: what is there and what comes is
// taken once, in order, also over a pause.
func TestWatchFollowsAFolder(t *testing.T) {
	dir, pictures := t.TempDir(), numberPictures(t, 60)
	put := func(from, to int) {
		for i := from; i < to; i++ {
			moveIn(t, dir, fmt.Sprintf("shot-%d.png", i), pictures[i])
		}
	}
	put(0, 20)
	r := startWatch(t, fmt.Sprintf(`
defaults: {cuts: "off"}
cameras:
  - {name: drop, url: %q, at_end: wait, settled: 0s, stall_after: 200ms}
`, dir), byNumber, withoutPictures)
	r.eventually("what is there", func() bool { return r.tape.observations("drop") == 20 })
	r.eventually("it waits", func() bool { return r.state("drop") == "stalled" })
	put(20, 40)
	r.eventually("what comes", func() bool { return r.tape.observations("drop") == 40 })
	r.mustAnswer(http.StatusNoContent, "POST", "/drop/pause", "")
	put(40, 60)
	r.mustAnswer(http.StatusNoContent, "POST", "/drop/resume", "")
	r.eventually("what came meanwhile", func() bool { return r.tape.observations("drop") == 60 })
	r.end()
	flips := flipsOfNumbers(60)
	if labelOf(39) != labelOf(40) { // nothing is compared over a pause
		flips--
	}
	values := r.gather()
	for what, want := range map[string]int{
		"flipmeter_frames_total camera=drop outcome=observed": 60, "flipmeter_pairs_total camera=drop": 58, "flipmeter_flips_total camera=drop": flips,
		"flipmeter_source_reconnects_total camera=drop": 0,
	} {
		if got := sum(values, what); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	if n := len(r.stored()["drop"]); n != flips {
		t.Errorf("%d flips published, want %d", n, flips)
	}
}

// After a restart what was read is not read, counted and published again.
func TestWatchGoesOnWithAFolder(t *testing.T) {
	dir, pictures := t.TempDir(), numberPictures(t, 60)
	put := func(from, to int) {
		for i := from; i < to; i++ {
			moveIn(t, dir, fmt.Sprintf("shot-%d.png", i), pictures[i])
		}
	}
	yaml := fmt.Sprintf(`
defaults: {cuts: "off"}
cameras:
  - {name: drop/1, url: %q, at_end: wait, settled: 0s, stall_after: 200ms}
`, dir)
	put(0, 20)
	first := startWatch(t, yaml, byNumber, withoutPictures)
	first.eventually("what is there", func() bool { return first.tape.observations("drop/1") == 20 })
	first.end()
	put(20, 40)
	again := func(o *app.WatchOptions) { o.Config = first.config }
	second := startWatch(t, yaml, byNumber, withoutPictures, again)
	second.eventually("what came meanwhile", func() bool { return second.tape.observations("drop/1") == 20 })
	put(40, 60)
	second.eventually("what comes", func() bool { return second.tape.observations("drop/1") == 40 })
	second.end()
	flips := flipsOfNumbers(60)
	if labelOf(19) != labelOf(20) { // nothing is compared over a restart
		flips--
	}
	if n := len(first.stored()["drop/1"]); n != flips {
		t.Errorf("%d flips published in both runs, want %d", n, flips)
	}
}
