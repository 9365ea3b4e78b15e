//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// spoiltClip is a stream in which every frame is damaged: the second half of
// its data is zeros, which no code of H.264 begins with.
func spoiltClip(t *testing.T) string {
	t.Helper()
	path := encodeNumbers(t, "spoilt.h264", side, "-threads", "1", "-x264-params", "sliced-threads=0", "-f", "h264")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	units := bytes.Split(whole, []byte{0, 0, 1})
	spoilt := 0
	for _, unit := range units[1:] {
		const slice, key = 1, 5
		if kind := unit[0] & 31; kind != slice && kind != key {
			continue
		}
		const escapedZeros = "\x00\x00\x03"
		half := unit[len(unit)/2 : len(unit)-1]
		copy(half, strings.Repeat(escapedZeros, len(half)/3+1))
		half[len(half)-1], unit[len(unit)-1] = 0x80, 0x80
		spoilt++
	}
	if spoilt != numbered {
		t.Fatalf("%d of %d frames were found", spoilt, numbered)
	}
	const rounds = 20 // of twelve seconds: a stream of its own kind can't be looped
	if err := os.WriteFile(path, bytes.Repeat(bytes.Join(units, []byte{0, 0, 1}), rounds), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serveJPEG plays the numbers as motion JPEG over HTTP. Each picture has a
// field in front that claims to be longer than the whole picture, as those of
// some cameras do: the decoder complains of it, and of nothing else.
func serveJPEG(t *testing.T) (url string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-i", numberClip(t),
		"-c:v", "mjpeg", "-q:v", "2", filepath.Join(dir, "%03d.jpg"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v (apt-get install ffmpeg)\n%s", err, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	if err != nil || len(names) != numbered {
		t.Fatalf("%d pictures, %v", len(names), err)
	}
	slices.Sort(names)
	var parts [][]byte
	for _, name := range names {
		picture, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		picture = slices.Insert(picture, 2, 0xff, 0xe5, 0xff, 0xf0) // after the mark of its begin
		parts = append(parts, fmt.Appendf(nil, "--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture))
	}
	return servePaced(t, "multipart/x-mixed-replace; boundary=next", func(i int) []byte { return parts[i%numbered] })
}

// TestWatchDoubtsAStream follows a stream of which every frame is damaged.
// Frames come, so that it is up, but none can be compared with the one before:
// there is no flip, although the labels change all the time, the coverage is
// zero, and the log says once why. A motion JPEG stream whose decoder
// complains of every frame, though the pictures are whole, is measured.
func TestWatchDoubtsAStream(t *testing.T) {
	t.Parallel()
	server := rtsptest.Start(t)
	server.Publish(t, "cam", "-re", "-f", "h264", "-framerate", "25", "-i", spoiltClip(t), "-c", "copy")
	w, c := newWall(0), &chronicle{}
	w.flips["jpeg"], w.breaks["jpeg"] = map[string]bool{}, map[string]int{}
	script := infertest.Script(func(f *frame.Frame, p frame.Picture, probs []float32) error {
		if f.Stream == "jpeg" {
			return w.script(f, p, probs)
		}
		probs[f.Seq/2%2] = 0.9 // a gap takes a number
		return nil
	})
	r := startWatch(t, fmt.Sprintf(`
defaults: {open_timeout: 20s, read_timeout: 20s, stall_after: 20s, queue_size: 100, cuts: "off", measures: {windows: [10s]}}
cameras:
  - {name: spoilt, url: %q}
  - {name: jpeg, url: %q}
`, server.URL("cam"), serveJPEG(t)), script, withDecoder(t), c.listen, func(o *app.WatchOptions) {
		o.Listeners[0].(*tape).onSeen = func(ev *event.Event) {
			if ev.Camera == "jpeg" {
				w.note(ev)
			}
		}
	})
	const told = "the decoder complains of most frames"
	r.eventually("it is told", func() bool { return strings.Contains(r.log.String(), told) })
	// The 514th picture of a stream without times seemed to have one.
	r.eventually("both go on", func() bool { return r.tape.observations("jpeg") > 560 && r.state("spoilt") == "up" })
	r.end()
	lines := slices.DeleteFunc(strings.Split(r.log.String(), "\n"), func(line string) bool { return !strings.Contains(line, told) })
	if len(lines) != 1 || !strings.Contains(lines[0], "stream=spoilt") || !strings.Contains(lines[0], "camera=spoilt") {
		t.Errorf("the log says %q", lines)
	}
	m := r.gather()
	frames := m["flipmeter_frames_total camera=spoilt outcome=observed"]
	for key, want := range map[string]float64{
		"flipmeter_pairs_total camera=spoilt":                         0,
		"flipmeter_pair_breaks_total camera=spoilt reason=gap":        frames - 1,
		"flipmeter_window_coverage camera=spoilt window=10s":          0,
		"flipmeter_pair_breaks_total camera=jpeg reason=gap":          0,
		"flipmeter_pairs_total camera=jpeg":                           float64(w.frames["jpeg"] - 1),
		"flipmeter_frames_total camera=jpeg outcome=dropped_classify": 0,
	} {
		if m[key] != want {
			t.Errorf("%s is %v, want %v", key, m[key], want)
		}
	}
	if v := m["flipmeter_flip_fraction camera=spoilt window=10s"]; !math.IsNaN(v) {
		t.Errorf("the flip fraction of what was not measured is %v", v)
	}
	if v := m["flipmeter_window_coverage camera=jpeg window=10s"]; v < 0.5 {
		t.Errorf("the coverage of the motion JPEG stream is %v", v)
	}
	for _, camera := range []string{"spoilt", "jpeg"} {
		if got := c.of(camera); !slices.Equal(got, []string{"connecting", "up"}) {
			t.Errorf("%s was %q", camera, got)
		}
		if n := sum(m, "flipmeter_source_reconnects_total camera="+camera); n > 0 {
			t.Errorf("%s: %d reconnects", camera, n)
		}
	}
	if frames < 300 || len(r.stored()["spoilt"]) > 0 || sum(m, "flipmeter_flips_total camera=spoilt") > 0 {
		t.Errorf("flips of %v damaged frames: %d stored", frames, len(r.stored()["spoilt"]))
	}
	w.account(r, r.stored())
}
