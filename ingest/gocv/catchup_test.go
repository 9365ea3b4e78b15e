//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

const (
	greys    = 50 // frames, after which their grey begins anew
	paceRate = 25
)

// greyClip is a stream whose frames' grey tells their number.
func greyClip(t *testing.T, seconds string, coding ...string) []byte {
	t.Helper()
	args := append([]string{"-f", "lavfi", "-i",
		"color=black:s=128x96:r=25:d=" + seconds + ",geq=lum='16+(20+mod(N,50)*4)*219/255':cb=128:cr=128", "-pix_fmt", "yuv420p"}, coding...)
	clip, err := os.ReadFile(makeClip(t, "grey.ts", append(args, "-f", "mpegts")...))
	if err != nil {
		t.Fatal(err)
	}
	return clip
}

// paced serves a stream in real time, and then nothing, whatever its reader does.
func paced(t *testing.T, clip []byte, lasts time.Duration) string {
	t.Helper()
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp2t")
		flush := http.NewResponseController(w).Flush
		const slice = 188 * 7
		begin := time.Now()
		for at := 0; at < len(clip); at += slice {
			due := time.Duration(float64(lasts) * float64(at) / float64(len(clip)))
			select {
			case <-time.After(due - time.Since(begin)):
			case <-r.Context().Done():
				return
			case <-done:
				return
			}
			if _, err := w.Write(clip[at:min(at+slice, len(clip))]); err != nil {
				return
			}
			_ = flush()
		}
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	return server.URL + "/grey.ts"
}

func greyOf(p frame.Picture) int {
	sum := 0
	for _, v := range p.Pix {
		sum += int(v)
	}
	return (sum/len(p.Pix) - 20 + 2) / 4
}

// Who takes a stream's frames too slowly is given those that follow a keyframe,
// whole and soon, with the number of those that are missing; who takes them fast
// enough is given all. (One after the other: which packets were waited for is
// known of the whole process.)
func TestLiveCatchesUp(t *testing.T) {
	const (
		lasts = 6 * time.Second
		every = "keyint=10:min-keyint=10:scenecut=0:sliced-threads=0:"
	)
	h264 := func(params string, more ...string) []byte {
		return greyClip(t, "6", append([]string{"-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-x264-params", every + params}, more...)...)
	}
	plain := h264("bframes=0", "-tune", "zerolatency")
	for _, c := range []struct {
		name  string
		clip  []byte
		takes time.Duration // what is done with a frame
		fps   float64
		reads time.Duration
		gaps  int // at least
	}{
		{"fast", plain, 0, 0, 2 * time.Second, 0},
		{"slow", plain, 100 * time.Millisecond, 0, 5 * time.Second, 2},
		{"slow and sampled", plain, 200 * time.Millisecond, 12.5, 5 * time.Second, 2},
		// Pictures behind a keyframe that are shown before it, and build on
		// what comes before.
		{"H.264, reordered", h264("bframes=3:b-adapt=0"), 100 * time.Millisecond, 0, 4 * time.Second, 1},
		{"H.265, reordered", greyClip(t, "6", "-c:v", "libx265", "-preset", "ultrafast", "-qp", "8", "-x265-params",
			every+"open-gop=1:bframes=3:b-adapt=0:pools=1:log-level=error"), 100 * time.Millisecond, 0, 4 * time.Second, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			cfg := liveConfig(paced(t, c.clip, lasts))
			cfg.FPS, cfg.Logger = c.fps, slog.New(slog.NewTextHandler(&log, nil))
			src, err := OpenLive(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			var f frame.Frame
			defer f.Release()
			step := 1
			if c.fps > 0 {
				step = int(paceRate / c.fps)
			}
			begin := time.Now()
			gaps, before, seq := 0, 0, uint64(0)
			for n := 0; time.Since(begin) < c.reads; n++ {
				if err := src.Read(t.Context(), &f); err != nil {
					t.Fatal(err)
				}
				number := int((f.PTS*paceRate + time.Second/2) / time.Second)
				if grey := greyOf(f.Pictures[0]); grey != number%greys {
					t.Errorf("frame %d at %v shows %d", f.Seq, f.PTS, grey)
				}
				// A keyframe need not lie on the grid of what is sampled.
				if skipped := (number - before + step/2) / step; n > 0 && f.Seq-seq != uint64(max(skipped, 1)) {
					t.Errorf("picture %d, after %d, is frame %d, after %d", number, before, f.Seq, seq)
				}
				if missing := n > 0 && f.Seq != seq+1; missing != f.Behind || missing && f.Break != frame.BreakGap {
					t.Errorf("frame %d after %d: break %q, behind %v", f.Seq, seq, f.Break, f.Behind)
				}
				if f.Behind {
					gaps++
				}
				before, seq = number, f.Seq
				time.Sleep(c.takes)
			}
			late := time.Since(begin) - f.PTS
			told := strings.Count(log.String(), "decoding falls behind")
			if gaps < c.gaps || c.gaps == 0 && gaps > 1 || told != min(gaps, 1) {
				t.Errorf("%d gaps, told %d times", gaps, told)
			}
			if late > 3*time.Second { // and on a busy machine 2 more
				t.Errorf("late by %v at the end", late)
			}
			t.Logf("%d gaps, late by %v", gaps, late)
		})
	}
}

// Where no keyframe is near, who is slow gets all frames, late.
func TestLiveDoesNotWaitForAKeyframeThatIsFar(t *testing.T) {
	const lasts = 6 * time.Second
	for name, params := range map[string]string{
		"far apart": "keyint=500:min-keyint=500",
		// No picture is a keyframe, but the container says so of those that
		// begin a refresh.
		"refreshed bit by bit": "keyint=10:min-keyint=10:scenecut=0:intra-refresh=1",
		// Nor is one that later pictures look past.
		"open": "keyint=10:min-keyint=10:scenecut=0:open-gop=1:bframes=3:b-adapt=0",
	} {
		t.Run(name, func(t *testing.T) {
			clip := greyClip(t, "6", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-x264-params", "sliced-threads=0:"+params)
			src, err := OpenLive(t.Context(), liveConfig(paced(t, clip, lasts)))
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			var f frame.Frame
			defer f.Release()
			begin := time.Now()
			for n := uint64(0); time.Since(begin) < 3*time.Second; n++ {
				if err := src.Read(t.Context(), &f); err != nil {
					t.Fatal(err)
				}
				if f.Seq != n || f.Behind || f.Break != frame.BreakNone {
					t.Errorf("frame %d has the number %d, break %q, behind %v", n, f.Seq, f.Break, f.Behind)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if late := time.Since(begin) - f.PTS; late < behindAfter {
				t.Errorf("late by %v: this tried nothing", late)
			}
		})
	}
}

func TestRefreshesAll(t *testing.T) {
	code, short := "\x00\x00\x00\x01", "\x00\x00\x01"
	for packet, want := range map[string]bool{
		code + "\x67\x42" + code + "\x68\xce" + short + "\x65\x88\x80":            true,
		code + "\x67\x42" + code + "\x68\xce" + short + "\x41\x88\x80":            false,
		short + "\x06\x06\x01" + short + "\x25":                                   true,
		code + "\x41\x00\x00\x03\x01\x65\x00\x00":                                 false,
		"\x00\x00\x00\x02\x67\x42\x00\x00\x00\x03\x65\x88\x80":                    true,
		"\x00\x00\x00\x02\x67\x42\x00\x00\x00\x03\x41\x88\x65":                    false,
		"\x00\x00\x01\x04" + strings.Repeat("\x06", 260) + "\x00\x00\x00\x01\x65": true,  // a length that looks like a code, but for its last byte
		"\xff\xff\xff\xff\x41\x65":                                                false, // longer than there is
		"\x00\x00\x00\x00\x41":                                                    false,
		"\x00\x00\x00\x01":                                                        false,
		"\x65":                                                                    false,
		"":                                                                        false,
	} {
		if got := refreshesAll([]byte(packet)); got != want {
			t.Errorf("%x: %v", packet, got)
		}
	}
}
