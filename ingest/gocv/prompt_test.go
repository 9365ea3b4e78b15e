//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// A camera's frame is there when its data are, and not only when the decoder's
// other threads have got theirs. (What tells a frame's end is the next one's
// begin, to the container and to the parser: the last two that were sent are
// missing in any case.)
func TestLiveHoldsNoFrameBack(t *testing.T) {
	const sent = 60
	clip, err := os.ReadFile(makeClip(t, "prompt.ts", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2.4", "-c:v", "libx264",
		"-preset", "ultrafast", "-tune", "zerolatency", "-x264-params", "sliced-threads=0", "-pix_fmt", "yuv420p", "-f", "mpegts"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp2t")
		_, _ = w.Write(clip)
		_ = http.NewResponseController(w).Flush()
		select { // nothing more comes, and no end
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer server.Close()
	defer close(done)
	cfg := liveConfig(server.URL + "/prompt.ts")
	cfg.ReadTimeout = 30 * time.Second
	src, err := OpenLive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	defer f.Release()
	begin := time.Now()
	for i := range sent - 2 {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if took := time.Since(begin); took > cfg.ReadTimeout-5*time.Second {
			t.Fatalf("frame %d of %d came only when the stream was given up, after %v", i, sent, took)
		}
	}
}
