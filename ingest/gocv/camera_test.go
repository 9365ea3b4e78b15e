//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/synth"
	"github.com/flipmeter/flipmeter/internal/v4l2test"
)

const cameraNumbers = 60 // pictures of a mode

// numbered makes pictures that carry their numbers.
func numbered(t *testing.T, fourCC string, width, height, fps int) v4l2test.Mode {
	t.Helper()
	src, err := synth.Open(t.Context(), synth.Config{
		Address: fmt.Sprintf("synth:number?frames=%d&fps=25&size=%dx%d", cameraNumbers, width, height), Pool: new(frame.Pool),
		Wants: []frame.Want{{Width: width, Height: height, Fit: frame.FitSquash, Filter: frame.FilterArea}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var rgb [][]byte
	var f frame.Frame
	defer f.Release()
	for src.Read(t.Context(), &f) == nil {
		rgb = append(rgb, append([]byte(nil), f.Pictures[0].Pix...))
	}
	return v4l2test.NewMode(t, fourCC, width, height, fps, rgb)
}

// usb is a camera as many are: small uncompressed pictures, and larger ones as
// JPEG.
func usb(t *testing.T) v4l2test.Condition {
	return v4l2test.Condition{Modes: []v4l2test.Mode{
		numbered(t, "YUYV", 160, 120, 25), numbered(t, "YUYV", 192, 144, 5), numbered(t, "MJPG", 192, 144, 20),
	}}
}

func cameraConfig(width, height int) LiveConfig {
	return LiveConfig{
		Address: "camera:0", Pool: new(frame.Pool), OpenTimeout: 10 * time.Second, ReadTimeout: 5 * time.Second,
		Wants: []frame.Want{{Width: width, Height: height, Fit: frame.FitSquash, Filter: frame.FilterArea}},
	}
}

// look is what a test sees of a camera's frame.
type look struct {
	number     uint32
	seq        uint64
	pts        time.Duration
	brk        frame.Break
	capturedAt time.Time
}

func watchCamera(t *testing.T, src ingest.Source, frames int) (all []look) {
	t.Helper()
	var f frame.Frame
	defer f.Release()
	for i := range frames {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		p := f.Pictures[0]
		n, ok := synth.ReadNumber(p, min(p.Width, p.Height))
		if !ok {
			t.Fatalf("frame %d carries no number", i)
		}
		if f.PTSEstimated {
			t.Errorf("frame %d: its time is an estimate", i)
		}
		all = append(all, look{n, f.Seq, f.PTS, f.Break, f.CapturedAt})
	}
	return all
}

// checkAccount holds what was seen against the numbers: what is missing is a
// gap, with as many missing before it, and nothing else is one.
func checkAccount(t *testing.T, all []look) (gaps int) {
	t.Helper()
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		steps := (b.number + cameraNumbers - a.number) % cameraNumbers
		if uint64(steps) != (b.seq-a.seq)%cameraNumbers || (steps > 1) != (b.brk == frame.BreakGap) || b.pts <= a.pts {
			t.Errorf("frame %d: number %d after %d, seq %d after %d, break %q, at %v after %v", i, b.number, a.number, b.seq, a.seq, b.brk, b.pts, a.pts)
		}
		if steps > 1 {
			gaps++
		}
	}
	return gaps
}

// TestCamera runs its parts in one process that sees a camera.
func TestCamera(t *testing.T) {
	parts := []struct {
		name string
		run  func(*testing.T, *v4l2test.Camera)
	}{
		{"frames", cameraGivesItsFrames},
		{"lost and damaged", cameraTellsOfLostAndDamagedFrames},
		{"sampled", cameraIsSampled},
		{"other than asked", cameraIsAskedForWhatItHasNot},
		{"unwatched", cameraIsReadUnwatched},
		{"trouble", cameraSaysWhatIsTheMatter},
	}
	v4l2test.Again(t, func() v4l2test.Condition { return usb(t) }, func(cam *v4l2test.Camera) {
		for _, p := range parts {
			cam.Change(t, func(c *v4l2test.Condition) { *c = v4l2test.Condition{Modes: c.Modes} })
			t.Run(p.name, func(t *testing.T) { p.run(t, cam) })
		}
	})
}

func cameraGivesItsFrames(t *testing.T, _ *v4l2test.Camera) {
	cfg := cameraConfig(160, 120)
	cfg.Capture = ingest.Capture{Width: 160, Height: 120, FPS: 25, Format: "YUYV"}
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	info := src.Info()
	if info.Kind != "camera" || !info.Live || info.Width != 160 || info.Height != 120 || info.FPS != 25 || info.Codec != "YUYV" ||
		info.ColorMatrix != "bt601" || info.ColorMatrixWhy != "tag" {
		t.Errorf("%+v", info)
	}
	all := watchCamera(t, src, 30)
	checkAccount(t, all)
	// The driver's own times, whatever else the machine does.
	last := all[len(all)-1]
	each := last.pts / time.Duration(last.seq)
	if each < 36*time.Millisecond || each > 60*time.Millisecond {
		t.Errorf("a frame each %v", each)
	}

	// Somebody who does not look for a while finds what came first, with
	// its time, and that frames are missing then.
	time.Sleep(time.Second)
	late := watchCamera(t, src, 12)
	if age := time.Since(late[0].capturedAt); age < 500*time.Millisecond {
		t.Errorf("a frame that waited for a second is %v old", age)
	}
	if gaps := checkAccount(t, append(all, late...)); gaps == 0 {
		t.Error("nothing was lost in a second with four buffers")
	}
}

func cameraTellsOfLostAndDamagedFrames(t *testing.T, cam *v4l2test.Camera) {
	cfg := cameraConfig(160, 120)
	cfg.Capture = ingest.Capture{Width: 192, Height: 144, Format: "MJPG"}
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if info := src.Info(); info.Codec != "MJPG" || info.FPS != 20 || info.Width != 192 || info.ColorMatrix != "bt601" {
		t.Errorf("%+v", info)
	}
	all := watchCamera(t, src, 5)
	for _, c := range []v4l2test.Condition{{Lose: 4}, {Damage: 4}} {
		cam.Change(t, func(now *v4l2test.Condition) { now.Lose, now.Damage = c.Lose, c.Damage })
		some := watchCamera(t, src, 16)
		all = append(all, some...)
		if gaps := checkAccount(t, all[len(all)-17:]); gaps < 2 {
			t.Errorf("%+v: %d gaps", c, gaps)
		}
	}
}

func cameraIsSampled(t *testing.T, _ *v4l2test.Camera) {
	for name, change := range map[string]func(*LiveConfig){
		"fps":    func(c *LiveConfig) { c.FPS = 5 },
		"stride": func(c *LiveConfig) { c.Stride = 5 },
	} {
		cfg := cameraConfig(160, 120)
		cfg.Capture = ingest.Capture{Width: 160, Height: 120}
		change(&cfg)
		src, err := OpenLive(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		all := watchCamera(t, src, 6)
		for i := 1; i < len(all); i++ {
			apart := all[i].pts - all[i-1].pts
			if apart < 110*time.Millisecond || all[i].brk != frame.BreakNone && apart < 210*time.Millisecond {
				t.Errorf("%s: frame %d: %v after the one before, break %q", name, i, apart, all[i].brk)
			}
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

func cameraIsAskedForWhatItHasNot(t *testing.T, cam *v4l2test.Camera) {
	cam.Change(t, func(c *v4l2test.Condition) { c.Encoding = 2 })
	var log bytes.Buffer
	cfg := cameraConfig(160, 120)
	cfg.Capture = ingest.Capture{Width: 1920, Height: 1080, FPS: 60, Format: "YUYV"}
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if info := src.Info(); info.Width != 192 || info.FPS != 5 || info.ColorMatrix != "bt709" || info.ColorMatrixWhy != "tag" {
		t.Errorf("%+v", info)
	}
	if !strings.Contains(log.String(), "size=192x144 fps=5 format=YUYV") {
		t.Errorf("the log says %s", &log)
	}
}

func cameraSaysWhatIsTheMatter(t *testing.T, cam *v4l2test.Camera) {
	open := func() (ingest.Source, error) {
		cfg := cameraConfig(160, 120)
		return OpenLive(t.Context(), cfg)
	}
	for state, want := range map[string]string{
		v4l2test.Missing:   "open camera:0: no such camera: there",
		v4l2test.Denied:    "open camera:0: this user may not open /dev/video0: add it to the group video",
		v4l2test.Forbidden: "the system lets this process open no /dev/video0: allow the device",
		v4l2test.Busy:      "/dev/video0 is used by another program",
		v4l2test.Taken:     "/dev/video0 is used by another program",
		v4l2test.Metadata:  "/dev/video0 gives no pictures",
	} {
		cam.Change(t, func(c *v4l2test.Condition) { c.State = state })
		src, err := open()
		if err == nil {
			t.Fatalf("%s: opened %+v", state, src.Info())
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || ingest.CauseOf(err, "") != ingest.CauseOpen || errors.Is(err, ingest.ErrPermanent) {
			t.Errorf("%s: %q, cause %q", state, err, ingest.CauseOf(err, ""))
		}
	}
	var f frame.Frame
	defer f.Release()
	for _, c := range []struct {
		change func(*v4l2test.Condition)
		cause  ingest.Cause
		want   string
	}{
		{func(c *v4l2test.Condition) { c.State = v4l2test.Gone }, ingest.CauseLost, "/dev/video0 is gone: unplugged, or without power"},
		{func(c *v4l2test.Condition) { c.Stall = true }, ingest.CauseTimeout, "no frame within 5s"},
	} {
		cam.Change(t, func(c *v4l2test.Condition) { c.State, c.Stall = v4l2test.OK, false })
		src, err := open()
		if err != nil {
			t.Fatal(err)
		}
		cam.Change(t, c.change)
		for err == nil { // what the driver had already comes first
			err = src.Read(t.Context(), &f)
		}
		if !strings.Contains(err.Error(), c.want) || ingest.CauseOf(err, "") != c.cause || !errors.Is(err, ingest.ErrNotConnected) {
			t.Errorf("%q, cause %q", err, ingest.CauseOf(err, ""))
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Where OpenCV's calls can't be watched, frames come as well, and no more is
// known of them.
func cameraIsReadUnwatched(t *testing.T, cam *v4l2test.Camera) {
	src, err := OpenLive(t.Context(), cameraConfig(160, 120))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	watchCamera(t, src, 1)
	src.(*liveSource).cap.camera.unwatched = true
	all := watchCamera(t, src, 6)
	for i := 1; i < len(all); i++ {
		if all[i].number == all[i-1].number || all[i].seq != all[i-1].seq+1 || all[i].pts <= all[i-1].pts {
			t.Errorf("%+v after %+v", all[i], all[i-1])
		}
	}
	cam.Change(t, func(c *v4l2test.Condition) { c.State = v4l2test.Gone })
	var f frame.Frame
	defer f.Release()
	for err == nil {
		err = src.Read(t.Context(), &f)
	}
	if !strings.Contains(err.Error(), "is gone") {
		t.Error(err)
	}
}
