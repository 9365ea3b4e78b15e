//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

const (
	greys    = 50 // frames, after which their grey begins anew
	paceRate = 25
	keyEvery = 10 // frames
)

// greyClip is a stream whose frames' grey tells their number.
func greyClip(t *testing.T, seconds string, more ...string) []byte {
	t.Helper()
	args := []string{"-f", "lavfi", "-i",
		"color=black:s=64x48:r=25:d=" + seconds + ",geq=lum='16+(20+mod(N,50)*4)*219/255':cb=128:cr=128",
		"-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "sliced-threads=0", "-g", strconv.Itoa(keyEvery),
		"-keyint_min", strconv.Itoa(keyEvery), "-sc_threshold", "0", "-qp", "4", "-pix_fmt", "yuv420p"}
	clip, err := os.ReadFile(makeClip(t, "grey.ts", append(append(args, more...), "-f", "mpegts")...))
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
	const lasts = 8 * time.Second
	plain := greyClip(t, "8", "-tune", "zerolatency")
	for _, c := range []struct {
		name  string
		clip  []byte
		takes time.Duration // what is done with a frame
		fps   float64
		reads time.Duration
		gaps  int // at least
	}{
		{"fast", plain, 0, 0, 3 * time.Second, 0},
		{"slow", plain, 100 * time.Millisecond, 0, 6 * time.Second, 2},
		{"slow and sampled", plain, 200 * time.Millisecond, 12.5, 6 * time.Second, 2},
		{"reordered", greyClip(t, "8", "-bf", "2", "-b_strategy", "0"), 100 * time.Millisecond, 0, 6 * time.Second, 2},
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
				if missing := n > 0 && f.Seq != seq+1; missing != f.Behind || missing != (f.Break == frame.BreakGap) {
					t.Errorf("frame %d after %d: break %q, behind %v", f.Seq, seq, f.Break, f.Behind)
				}
				if f.Behind {
					gaps++
					// The decoder may hold a frame whose neighbours were left out.
					if number%keyEvery != 0 && c.name != "reordered" {
						t.Errorf("what follows a gap begins with picture %d, which is no keyframe", number)
					}
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

// Where no keyframe is near, or the container speaks of keyframes that are none
// to the decoder, who is slow gets old pictures: none is waited for in vain, or
// once, and the stream goes on, with gaps until its pictures are whole again.
func TestLiveWithoutKeyframesGoesOn(t *testing.T) {
	const lasts = 15 * time.Second
	for _, c := range []struct {
		name  string
		clip  []byte
		waits int // for long
	}{
		{"far apart", greyClip(t, "15", "-tune", "zerolatency", "-g", "500", "-keyint_min", "500"), 0},
		{"refreshed bit by bit", greyClip(t, "15", "-tune", "zerolatency", "-x264-params", "sliced-threads=0:intra-refresh=1"), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := liveConfig(paced(t, c.clip, lasts))
			cfg.ReadTimeout = 5 * time.Second
			src, err := OpenLive(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			var f frame.Frame
			defer f.Release()
			begin := time.Now()
			waited, gaps, behind, whole := 0, 0, 0, 0
			for n := 0; time.Since(begin) < 9*time.Second; n++ {
				asked := time.Now()
				if err := src.Read(t.Context(), &f); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(asked); took > cfg.ReadTimeout/3 {
					waited++
				}
				whole++
				if f.Break == frame.BreakGap {
					gaps++
					whole = 0
				}
				if f.Behind {
					behind++
				}
				time.Sleep(100 * time.Millisecond)
			}
			if waited != c.waits || behind != c.waits || c.waits == 0 && gaps > 0 || c.waits > 0 && (gaps < 5 || whole < 5) {
				t.Errorf("waited %d times, %d gaps, %d of them for want of time, %d frames since the last", waited, gaps, behind, whole)
			}
		})
	}
}
