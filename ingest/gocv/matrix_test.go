//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// moving is a second of lively test picture.
func moving(size string) []string {
	return []string{"-f", "lavfi", "-i", "testsrc2=rate=25:duration=1:size=" + size}
}

func join(parts ...[]string) []string {
	var all []string
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func x264(more ...string) []string {
	return append([]string{"-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-pix_fmt", "yuv420p"}, more...)
}

func x265(pixFmt string) []string {
	return []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:bframes=3:pools=1", "-pix_fmt", pixFmt}
}

// matrix are the clips that are decoded by OpenCV and by ffprobe.
var matrix = []struct {
	name string
	args []string
	// interlaced is what Info must say, "" for no claim.
	interlaced string
	// width and height must be those of Info, 0 for no claim.
	width, height int
}{
	{name: "h264.mp4", args: join(moving("160x120"), x264()), interlaced: "no"},
	{name: "h264-no-b.mp4", args: join(moving("160x120"), x264("-bf", "0"))},
	{name: "h264.mkv", args: join(moving("160x120"), x264())},
	{name: "h264.mov", args: join(moving("160x120"), x264())},
	{name: "h264.avi", args: join(moving("160x120"), x264())},
	{name: "h264.ts", args: join(moving("160x120"), x264()), interlaced: "no"},
	{name: "h264-fragmented.mp4", args: join(moving("160x120"), x264("-g", "10", "-movflags", "frag_keyframe+empty_moov"))},
	{name: "h264-interlaced.mp4", args: join(moving("320x240"), []string{"-vf", "tinterlace=interleave_top"}, x264("-flags", "+ildct+ilme"))},
	{name: "h265.mp4", args: join(moving("160x120"), x265("yuv420p"))},
	{name: "h265-10bit.mkv", args: join(moving("160x120"), x265("yuv420p10le"))},
	{name: "vp9.webm", args: join(moving("160x120"), []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"})},
	{name: "av1.mkv", args: join(moving("160x120"), []string{"-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p"})},
	{name: "mpeg2-interlaced.ts", args: join(moving("160x120"), []string{"-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-bf", "2"}), interlaced: "yes"},
	{name: "mpeg2.mpg", args: join(moving("160x120"), []string{"-c:v", "mpeg2video", "-bf", "2"}), interlaced: "no"},
	{name: "mpeg4.avi", args: join(moving("320x240"), []string{"-c:v", "mpeg4", "-bf", "2"}), interlaced: "no"},
	{name: "mjpeg.avi", args: join(moving("160x120"), []string{"-c:v", "mjpeg"})},
	{name: "prores.mov", args: join(moving("160x120"), []string{"-c:v", "prores_ks"})},
	{name: "prores-interlaced.mov", args: join(moving("160x120"), []string{"-c:v", "prores_ks", "-flags", "+ildct+ilme", "-top", "1"}), interlaced: "yes"},
	{name: "palette.gif", args: join(moving("160x120"), []string{"-vf", "fps=10"}), interlaced: "no"},
	{name: "vfr.mp4", args: join(moving("160x120"), []string{"-vf", "select=not(mod(n\\,3))+not(mod(n\\,5))", "-vsync", "vfr"}, x264())},
	{name: "vfr.mkv", args: join(moving("160x120"), []string{"-vf", "select=not(mod(n\\,3))+not(mod(n\\,5))", "-vsync", "vfr"}, x264())},
	{name: "ntsc.mp4", args: join([]string{"-f", "lavfi", "-i", "testsrc2=rate=30000/1001:duration=1:size=160x120"}, x264())},
	{name: "odd.mp4", args: join(moving("162x122"), x264()), width: 162, height: 122},
	// OpenCV 4.6 leaves out the last column and row of odd sizes.
	{name: "odd-444.mp4", args: join(moving("163x121"), x264("-pix_fmt", "yuv444p"))},
	{name: "start-5s.mkv", args: join(moving("160x120"), x264("-output_ts_offset", "5"))},
	{name: "start-5s.mp4", args: join(moving("160x120"), x264("-output_ts_offset", "5"))},
	{name: "start-5s.ts", args: join(moving("160x120"), x264("-output_ts_offset", "5"))},
	{name: "with-sound.mp4", args: join([]string{"-f", "lavfi", "-i", "sine=duration=1"}, moving("160x120"), x264("-c:a", "aac"))},
}

// TestAgainstFFprobe holds frame counts and times against ffprobe's.
func TestAgainstFFprobe(t *testing.T) {
	for _, c := range matrix {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := makeClip(t, c.name, c.args...)
			info := againstFFprobe(t, path)
			if c.interlaced != "" && info.Interlaced != c.interlaced {
				t.Errorf("interlaced %q, want %q", info.Interlaced, c.interlaced)
			}
			if c.width > 0 && (info.Width != c.width || info.Height != c.height) {
				t.Errorf("%dx%d pixels, want %dx%d", info.Width, info.Height, c.width, c.height)
			}
		})
	}
}

func TestRotated(t *testing.T) {
	t.Parallel()
	upright := makeClip(t, "upright.mp4", join(moving("160x120"), x264())...)
	path := makeTurned(t, upright)
	if info := againstFFprobe(t, path); info.Width != 120 || info.Height != 160 {
		t.Errorf("%dx%d pixels, want 120x160", info.Width, info.Height)
	}
}

// againstFFprobe reads a whole file and compares it with ffprobe's account.
func againstFFprobe(t *testing.T, path string) ingest.Info {
	t.Helper()
	want := ffprobe(t, path)
	pool := new(frame.Pool)
	src, err := Open(t.Context(), Config{Path: path, Pool: pool, Wants: standardWants(frame.FilterLinear)})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	n, estimated := 0, 0
	for ; ; n++ {
		err := src.Read(t.Context(), &f)
		if errors.Is(err, ingest.ErrEndOfStream) {
			if errors.Is(err, ingest.ErrTruncated) {
				t.Errorf("a whole file counts as cut off: %v", err)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Break != frame.BreakNone {
			t.Errorf("frame %d: break %q", n, f.Break)
		}
		if n >= len(want) {
			continue
		}
		at := want[n].at - want[0].at
		switch d := f.PTS - at; {
		case f.PTSEstimated:
			estimated++
			if n < len(want)-3 {
				t.Errorf("frame %d of %d: time estimated", n, len(want))
			}
		case !want[n].known:
			t.Errorf("frame %d: PTS %v where ffprobe knows none", n, f.PTS)
		case d > time.Millisecond || d < -time.Millisecond:
			t.Errorf("frame %d: PTS %v, ffprobe says %v", n, f.PTS, at)
		}
	}
	if n != len(want) {
		t.Errorf("%d frames, ffprobe counts %d", n, len(want))
	}
	t.Logf("%d frames, %d times estimated, %+v", n, estimated, src.Info())
	return src.Info()
}

// TestNoVideo: each of these has its own sentence that says what to do.
func TestNoVideo(t *testing.T) {
	t.Parallel()
	sound := makeClip(t, "sound.mp4", "-f", "lavfi", "-i", "sine=duration=1")
	soundMKV := makeClip(t, "sound.mkv", "-f", "lavfi", "-i", "sine=duration=1")
	for path, want := range map[string]string{
		sound:    "holds sound but no video",
		soundMKV: "holds sound but no video",
	} {
		wantOpenError(t, Config{Path: path}, want)
	}
}

func wantOpenError(t *testing.T, cfg Config, want string) {
	t.Helper()
	cfg.Pool = new(frame.Pool)
	if cfg.Wants == nil {
		cfg.Wants = standardWants(frame.FilterArea)
	}
	src, err := Open(t.Context(), cfg)
	if err == nil {
		src.Close()
		t.Errorf("%s: opened, want an error about %q", cfg.Path, want)
		return
	}
	if src != nil {
		t.Errorf("%s: a source came with the error", cfg.Path)
	}
	if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: error %q, want one line about %q", cfg.Path, err, want)
	}
	if cfg.Pool.Outstanding() != 0 {
		t.Errorf("%s: buffers outstanding", cfg.Path)
	}
}
