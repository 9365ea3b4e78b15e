//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	whole := makeClip(t, "whole.mp4", join(moving("160x120"), x264())...)
	content := readFile(t, whole)
	ppm := append([]byte("P6 4 4 255\n"), make([]byte, 48)...)
	for _, c := range []struct{ path, want string }{
		{filepath.Join(t.TempDir(), "missing.mp4"), "no such file"},
		{t.TempDir(), "this is a folder"},
		{writeFile(t, "empty.mp4", nil), "the file is empty"},
		{writeFile(t, "notes.mp4", []byte(strings.Repeat("dear diary\n", 400))), "it is a text file, not a video"},
		{writeFile(t, "list.mp4", []byte("#EXTM3U\n#EXTINF:1,\n"+whole+"\n#EXT-X-ENDLIST\n")), "it is a playlist"},
		{writeFile(t, "list.m3u8", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nfile://"+whole+"\n#EXT-X-ENDLIST\n")), "it is a playlist"},
		{writeFile(t, "concat.txt", []byte("ffconcat version 1.0\nfile '"+whole+"'\n")), "it is a text file"},
		{writeFile(t, "film.png", []byte("\x89PNG\r\n\x1a\n....................")), "it is a single picture"},
		{writeFile(t, "film.zip", []byte("PK\x03\x04....................")), "it is an archive"},
		{writeFile(t, "film.ppm", ppm), "check it with ffprobe"},
		{writeFile(t, "head.mp4", content[:len(content)/2]), "the file is cut off"},
		{writeFile(t, "noise.mp4", append(make([]byte, 100), content[2000:]...)), "check it with ffprobe"},
		{writeFile(t, "index-only.mp4", withoutFrames(t, content)), "no frame that can be decoded"},
	} {
		wantOpenError(t, Config{Path: c.path}, c.want)
	}
}

// TestNoCredentials: an address gives its password away in no error.
func TestNoCredentials(t *testing.T) {
	for _, cfg := range []Config{
		{Path: "rtsp://me:canary@127.0.0.1/stream?key=canary"},
		{Path: "rtsp://me:canary@127.0.0.1/stream", Deinterlace: "perhaps"},
	} {
		cfg.Pool = new(frame.Pool)
		_, err := Open(t.Context(), cfg)
		if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "open rtsp://127.0.0.1/stream: ") {
			t.Errorf("%v", err)
		}
	}
}

// TestQuiet decodes damaged video in a process of its own: nothing that
// FFmpeg or OpenCV have to say about it reaches the terminal.
func TestQuiet(t *testing.T) {
	t.Parallel()
	whole := readFile(t, makeClip(t, "whole.ts", join(moving("160x120"), x264())...))
	for i := 5000; i < len(whole); i += 997 {
		whole[i] ^= 0x55
	}
	path := writeFile(t, "damaged.ts", whole)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(env ...string) string {
		cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestReadForQuiet$", "-test.count=1")
		cmd.Env = append(append(os.Environ(), "FLIPMETER_TEST_DECODE="+path), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	if out := run(); out != "PASS\n" {
		t.Errorf("not quiet: %s", out)
	}
	// FFmpeg does have something to say, for whoever asks.
	if out := run("OPENCV_FFMPEG_LOGLEVEL=48"); out == "PASS\n" {
		t.Error("the environment can't switch the messages on")
	}
}

// TestReadForQuiet is what TestQuiet runs.
func TestReadForQuiet(t *testing.T) {
	path := os.Getenv("FLIPMETER_TEST_DECODE")
	if path == "" {
		return
	}
	if all, _ := readAll(t, Config{Path: path}); len(all) == 0 {
		t.Error("no frames")
	}
}

// withoutFrames is a video file whose pictures are all zeros.
func withoutFrames(t *testing.T, content []byte) []byte {
	t.Helper()
	i := strings.Index(string(content), "mdat")
	j := strings.Index(string(content), "moov")
	if i < 0 || j < i {
		t.Fatal("want a file with mdat before moov")
	}
	b := append([]byte(nil), content...)
	clear(b[i+4 : j-4])
	return b
}

// TestPlaylistReachesNothing: even when it is opened directly, a playlist
// can't make FFmpeg open another file.
func TestPlaylistReachesNothing(t *testing.T) {
	t.Parallel()
	whole := makeClip(t, "whole.ts", join(moving("160x120"), x264())...)
	dir := filepath.Dir(whole)
	for name, text := range map[string]string{
		"list.m3u8":  "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nwhole.ts\n#EXT-X-ENDLIST\n",
		"all.ffcat":  "ffconcat version 1.0\nfile whole.ts\n",
		"stream.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := openCapture(path); err == nil {
			c.close()
			t.Errorf("%s was opened", name)
		}
	}
	for _, address := range []string{"concat:" + whole, "subfile,,start,0,end,0,,:" + whole, "http://127.0.0.1:1/x.ts"} {
		if c, err := openCapture(address); err == nil {
			c.close()
			t.Errorf("%s was opened", address)
		}
	}
}

// TestCutOffFiles: what was read is kept, and the end says what is missing.
func TestCutOffFiles(t *testing.T) {
	for name, args := range map[string][]string{
		"cut.mp4": x264("-movflags", "+faststart"),
		"cut.mkv": x264(),
		"cut.avi": x264(),
		"cut.ts":  x264(),
		"cut.gif": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := readFile(t, makeClip(t, name, join(moving("160x120"), args)...))
			path := writeFile(t, name, whole[:len(whole)*2/3-1])
			src, err := Open(t.Context(), Config{Path: path, Pool: new(frame.Pool)})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			var f frame.Frame
			n := 0
			for ; err == nil; n++ {
				err = src.Read(t.Context(), &f)
			}
			if !errors.Is(err, ingest.ErrTruncated) || !errors.Is(err, ingest.ErrEndOfStream) {
				t.Errorf("ends with %v", err)
			}
			if n < 5 || n > 24 || strings.Contains(err.Error(), "\n") {
				t.Errorf("%d frames, then %v", n-1, err)
			}
		})
	}
}

func TestHash(t *testing.T) {
	path := footage(t, "vtest.avi")
	sum := sha256.Sum256(readFile(t, path))
	src, err := Open(t.Context(), Config{Path: path, Pool: new(frame.Pool)})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	got, err := src.(ingest.Hasher).SHA256(t.Context())
	if want := hex.EncodeToString(sum[:]); got != want || err != nil {
		t.Errorf("SHA-256 %s, %v; want %s", got, err, want)
	}
}
