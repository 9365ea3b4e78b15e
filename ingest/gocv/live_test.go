//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// publish plays a clip of 25 frames a second in a loop, cheaply encoded.
func publish(t *testing.T, s *rtsptest.Server, path string) (stop func()) {
	t.Helper()
	return s.Publish(t, path, "-re", "-stream_loop", "-1", "-i", footage(t, "bigbuckbunny.mp4"), "-an",
		"-vf", "scale=320:180", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "12")
}

func liveConfig(address string) LiveConfig {
	return LiveConfig{
		Address: address, Wants: standardWants(frame.FilterArea), Pool: new(frame.Pool),
		OpenTimeout: 20 * time.Second, ReadTimeout: 20 * time.Second,
	}
}

func TestLiveReadsRTSP(t *testing.T) {
	server := rtsptest.Start(t)
	publish(t, server, "cam")
	cfg := liveConfig(server.URL("cam"))
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	info := src.Info()
	if !info.Live || info.Width != 320 || info.Height != 180 || info.Kind != "stream" || info.ColorMatrix != "bt601" {
		t.Errorf("%+v", info)
	}
	var f frame.Frame
	var last time.Duration
	for i := range uint64(30) {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		if f.Seq != i || i > 0 && f.PTS <= last || f.CapturedAt.IsZero() || f.Break != frame.BreakNone || f.PTSEstimated {
			t.Errorf("frame %d: %+v after %v", i, f, last)
		}
		last = f.PTS
	}
	// 25 frames a second, give or take the container's rounding.
	if last < 900*time.Millisecond || last > 1500*time.Millisecond {
		t.Errorf("30 frames last %v", last)
	}
	f.Release()
	if n := cfg.Pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers were not given back", n)
	}
}

func TestLiveReadsRTSPOverUDP(t *testing.T) {
	server := rtsptest.StartUDP(t)
	publish(t, server, "cam")
	cfg := liveConfig(server.URL("cam"))
	cfg.Transport = "udp"
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	defer f.Release()
	for i := range 15 {
		last := f.PTS
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		if i > 0 && f.PTS <= last {
			t.Errorf("frame %d at %v, after %v", i, f.PTS, last)
		}
	}
}

// A playlist with an end is a recording, and ends; one without is live.
func TestLiveReadsHLS(t *testing.T) {
	list := makeClip(t, "list.m3u8", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=4", "-c:v", "libx264", "-preset", "ultrafast",
		"-g", "25", "-pix_fmt", "yuv420p", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0")
	ended := string(readFile(t, list))
	files := http.FileServer(http.Dir(filepath.Dir(list)))
	for name, want := range map[string]struct {
		playlist string
		live     bool
	}{
		"recording": {ended, false},
		"live":      {strings.Replace(ended, "#EXT-X-ENDLIST\n", "", 1), true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".m3u8") {
				w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
				_, _ = io.WriteString(w, want.playlist)
				return
			}
			files.ServeHTTP(w, r)
		}))
		src, err := OpenLive(t.Context(), liveConfig(server.URL+"/list.m3u8"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := src.Info().Live; got != want.live {
			t.Errorf("%s: live %v", name, got)
		}
		var f frame.Frame
		n := 0
		for err == nil && (n < 20 || !want.live) {
			if err = src.Read(t.Context(), &f); err == nil {
				n++
			}
		}
		f.Release()
		if want.live && err != nil || !want.live && (!errors.Is(err, ingest.ErrEndOfStream) || n != 100) {
			t.Errorf("%s: after %d frames %v", name, n, err)
		}
		src.Close()
		server.CloseClientConnections()
		server.Close()
	}
}

func TestLiveSamples(t *testing.T) {
	server := rtsptest.Start(t)
	publish(t, server, "cam")
	cfg := liveConfig(server.URL("cam"))
	cfg.FPS, cfg.Transport = 5, "tcp"
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	var last time.Duration
	for i := range uint64(6) {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		if d := f.PTS - last; f.Seq != i || i > 0 && (d < 150*time.Millisecond || d > 350*time.Millisecond) {
			t.Errorf("frame %d, seq %d, %v after the one before", i, f.Seq, d)
		}
		last = f.PTS
	}
	f.Release()
}

// A stream that changes its size is opened anew: OpenCV would go on with
// pictures of the old size.
func TestLiveSizeChanges(t *testing.T) {
	server := rtsptest.Start(t)
	part := func(size, colour string) []byte {
		return readFile(t, makeClip(t, colour+".h264", "-f", "lavfi", "-i", "color=c="+colour+":s="+size+":r=25:d=2", "-c:v", "libx264",
			"-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p"))
	}
	small, large := part("160x160", "red"), part("320x240", "blue")
	for name, parts := range map[string][][]byte{"grows": {small, large}, "shrinks": {large, small}} {
		path := writeFile(t, name+".h264", bytes.Repeat(bytes.Join(parts, nil), 20))
		stop := server.Publish(t, name, "-re", "-f", "h264", "-framerate", "25", "-i", path, "-c", "copy")
		src, err := OpenLive(t.Context(), liveConfig(server.URL(name)))
		if err != nil {
			t.Fatal(err)
		}
		var f frame.Frame
		first, frames := -1, 0
		for ; frames < 200 && err == nil; frames++ {
			if err = src.Read(t.Context(), &f); err != nil {
				break
			}
			p := f.Pictures[0]
			corner := int(p.Pix[len(p.Pix)-3]) // the last row is the last that a mixed picture takes on
			if first < 0 {
				first = corner
			}
			if corner < first-8 || corner > first+8 {
				t.Errorf("%s: frame %d of another picture was taken for one of the old size", name, frames)
			}
		}
		f.Release()
		if ingest.CauseOf(err, "") != ingest.CauseSize || frames > 60 {
			t.Errorf("%s: after %d frames %v", name, frames, err)
		}
		src.Close()
		stop()
	}
}

func TestLiveTellsSilenceFromTheEnd(t *testing.T) {
	server := rtsptest.Start(t)
	stop := publish(t, server, "cam")
	cfg := liveConfig(server.URL("cam"))
	cfg.ReadTimeout = 4 * time.Second // longer than a frame takes on a busy machine
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	drain := func() error {
		var f frame.Frame
		defer f.Release()
		for {
			if err := src.Read(t.Context(), &f); err != nil {
				return err
			}
		}
	}
	server.Mute("cam", true)
	if err := drain(); ingest.CauseOf(err, "") != ingest.CauseTimeout || errors.Is(err, ingest.ErrEndOfStream) {
		t.Errorf("silence: %v (%s)", err, ingest.CauseOf(err, ""))
	}
	src.Close()

	server.Mute("cam", false)
	cfg.ReadTimeout = 20 * time.Second
	if src, err = OpenLive(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	stop()
	if err := drain(); ingest.CauseOf(err, "") != ingest.CauseLost {
		t.Errorf("the publisher went: %v (%s)", err, ingest.CauseOf(err, ""))
	}
}

func TestLiveRefusals(t *testing.T) {
	server := rtsptest.Start(t)
	publish(t, server, "cam")
	f := func(address, want string) {
		t.Helper()
		cfg := liveConfig(address)
		if strings.Contains(want, "1s") {
			cfg.OpenTimeout = time.Second
		}
		_, err := OpenLive(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something about %q", address, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "kanarienvogel") {
			t.Errorf("%v", err)
		}
		if n := cfg.Pool.Outstanding(); n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	}
	f(server.URL("elsewhere"), "the server knows no such stream")
	f("rtsp://"+rtsptest.HalfOpen(t)+"/cam", "no answer within 1s")
	f("http://"+rtsptest.HalfOpen(t)+"/cam", "no answer within 1s")
	f("rtsp://127.0.0.1:1/cam", "connection refused")
	f("film.mp4", "not the address of a stream")
	f("rtsp://", "is no URL")
	server.Authenticate("viewer", "kanarienvogel")
	f(server.URL("cam"), "it wants a user and a password")
	f(strings.Replace(server.URL("cam"), "//", "//viewer:not-kanarienvogel@", 1), "does not accept the user and the password")
	f("/dev/video63", "no such camera")

	cfg := liveConfig(strings.Replace(server.URL("cam"), "//", "//viewer:kanarienvogel@", 1))
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if name := src.Info().Name; strings.Contains(name, "kanarienvogel") {
		t.Errorf("name %s", name)
	}
	src.Close()
}

// A playlist from the network can't make FFmpeg read a file of this machine.
func TestLivePlaylistReachesNoFile(t *testing.T) {
	secret := footage(t, "bigbuckbunny.mp4")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
		_, _ = io.WriteString(w, "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://"+secret+"\n#EXT-X-ENDLIST\n")
	}))
	defer server.Close()
	cfg := liveConfig(server.URL + "/list.m3u8")
	cfg.OpenTimeout = 5 * time.Second
	if src, err := OpenLive(t.Context(), cfg); err == nil {
		src.Close()
		t.Error("it was opened")
	}
}

// A file over HTTP is a recording on demand: it ends.
func TestLiveRecordingOnDemandEnds(t *testing.T) {
	server := httptest.NewServer(http.FileServer(http.Dir(strings.TrimSuffix(footage(t, "bigbuckbunny.mp4"), "bigbuckbunny.mp4"))))
	defer server.Close()
	cfg := liveConfig(server.URL + "/bigbuckbunny.mp4")
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if src.Info().Live {
		t.Errorf("%+v", src.Info())
	}
	var f frame.Frame
	defer f.Release()
	for n := 0; ; n++ {
		if err := src.Read(context.Background(), &f); err != nil {
			if !errors.Is(err, ingest.ErrEndOfStream) || n != 132 {
				t.Errorf("after %d frames: %v", n, err)
			}
			return
		}
	}
}

func TestLiveReadsMotionJPEG(t *testing.T) {
	picture := makeClip(t, "p.jpg", "-f", "lavfi", "-i", "testsrc=s=160x120:r=1", "-frames:v", "1")
	content := readFile(t, picture)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
		for r.Context().Err() == nil {
			_, err := io.WriteString(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: "+strconv.Itoa(len(content))+"\r\n\r\n"+string(content)+"\r\n")
			if err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	}))
	defer server.Close()
	src, err := OpenLive(t.Context(), liveConfig(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	defer f.Release()
	for i := range 10 {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		if i > 0 && !f.Repeat {
			t.Errorf("frame %d of the same picture is not told as one", i)
		}
	}
}

// A recording that is to be turned by a quarter, as telephones make them, is
// read to its end: its pictures are decoded in another size than they are seen
// in, which is no change of size.
func TestLiveReadsTurnedRecordings(t *testing.T) {
	flat := makeClip(t, "flat.mp4", "-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
	turned := makeTurned(t, flat)
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(turned))))
	defer server.Close()
	src, err := OpenLive(t.Context(), liveConfig(server.URL+"/"+filepath.Base(turned)))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if i := src.Info(); i.Width != 180 || i.Height != 320 {
		t.Errorf("it is seen in %dx%d, want 180x320", i.Width, i.Height)
	}
	var f frame.Frame
	defer f.Release()
	for n := 0; ; n++ {
		if err := src.Read(t.Context(), &f); err != nil {
			if !errors.Is(err, ingest.ErrEndOfStream) || n != 50 {
				t.Errorf("after %d frames: %v", n, err)
			}
			return
		}
		if f.Break != frame.BreakNone {
			t.Errorf("frame %d: break %v", n, f.Break)
		}
	}
}

// With Keyframes, exactly the keyframes come, each at its own time, and they
// are neighbours. Of a stream with B-frames the time between the first two is
// not known.
func TestLiveReadsKeyframesOnly(t *testing.T) {
	clips := t.TempDir()
	for _, b := range []string{"0", "2"} {
		runFFmpeg(t, "-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=8", "-c:v", "libx264", "-preset", "veryfast", "-g", "10", "-keyint_min", "10",
			"-sc_threshold", "0", "-bf", b, "-pix_fmt", "yuv420p", "-movflags", "+faststart", filepath.Join(clips, "b"+b+".mp4"))
	}
	server := httptest.NewServer(http.FileServer(http.Dir(clips)))
	defer server.Close()
	for _, c := range []struct {
		name   string
		only   bool
		frames int
		step   time.Duration
	}{
		{"b0.mp4", true, 20, 400 * time.Millisecond}, {"b0.mp4", false, 200, 40 * time.Millisecond},
		{"b2.mp4", true, 20, 400 * time.Millisecond}, {"b2.mp4", false, 200, 40 * time.Millisecond},
	} {
		cfg := liveConfig(server.URL + "/" + c.name)
		cfg.Keyframes = c.only
		src, err := OpenLive(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		var f frame.Frame
		var last time.Duration
		n := 0
		for ; ; n++ {
			if err = src.Read(t.Context(), &f); err != nil {
				break
			}
			off := f.PTS - last - c.step
			if n == 0 || f.PTSEstimated { // of B-frames: the first interval, and the last frames
				off = 0
			}
			if off < -time.Millisecond || off > time.Millisecond || n > 0 && f.PTS <= last || f.Seq != uint64(n) || f.Break != frame.BreakNone || f.Repeat {
				t.Errorf("%s, keyframes %v: frame %d has the number %d and comes at %v after %v, break %q, repeat %v", c.name, c.only, n, f.Seq, f.PTS, last, f.Break, f.Repeat)
			}
			if f.PTSEstimated && (c.name == "b0.mp4" || n > 1 && n < c.frames-2) {
				t.Errorf("%s, keyframes %v: the time of frame %d is estimated", c.name, c.only, n)
			}
			last = f.PTS
		}
		f.Release()
		if !errors.Is(err, ingest.ErrEndOfStream) || n != c.frames {
			t.Errorf("%s, keyframes %v: after %d frames %v, want %d", c.name, c.only, n, err, c.frames)
		}
		src.Close()
	}
	cfg := liveConfig("camera:0")
	cfg.Keyframes = true
	if _, err := OpenLive(t.Context(), cfg); !errors.Is(err, ingest.ErrPermanent) {
		t.Errorf("a camera of this machine: %v", err)
	}
}
