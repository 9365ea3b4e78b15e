//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// makeClip runs ffmpeg and returns the path of what it wrote. A missing
// ffmpeg or encoder fails the test.
func makeClip(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	runFFmpeg(t, append(args, path)...)
	return path
}

// makeTurned copies a clip, and says in it that it is to be turned by a
// quarter: with the option that FFmpeg 6 has for it, or else with the tag that
// it does not know any more.
func makeTurned(t testing.TB, from string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "turned.mp4")
	err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "quiet", "-nostdin", "-y",
		"-display_rotation:v:0", "270", "-i", from, "-c", "copy", "-movflags", "+faststart", path).Run()
	if err != nil {
		runFFmpeg(t, "-i", from, "-c", "copy", "-metadata:s:v:0", "rotate=90", "-movflags", "+faststart", path)
	}
	return path
}

func runFFmpeg(t testing.TB, args ...string) {
	t.Helper()
	args = append([]string{"-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-threads", "1"}, args...)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg %q: %v (install ffmpeg with this encoder: apt-get install ffmpeg)\n%s", args, err, stderr.Bytes())
	}
}

// probe is what ffprobe tells of one frame.
type probedFrame struct {
	at    time.Duration
	known bool
}

// ffprobe decodes the first video stream of a file and returns its frames.
func ffprobe(t testing.TB, path string) []probedFrame {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-select_streams", "v:0",
		"-show_frames", "-show_entries", "frame=best_effort_timestamp_time", "-of", "json", path).Output()
	if err != nil {
		t.Fatalf("ffprobe %s: %v (apt-get install ffmpeg)", path, err)
	}
	var answer struct {
		Frames []struct {
			Time string `json:"best_effort_timestamp_time"`
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	var frames []probedFrame
	for _, f := range answer.Frames {
		s, err := strconv.ParseFloat(f.Time, 64)
		frames = append(frames, probedFrame{at: time.Duration(s * float64(time.Second)), known: err == nil})
	}
	return frames
}
