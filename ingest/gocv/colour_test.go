//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// patches are colours that no matrix clips, whichever way they are decoded.
var patches = [][3]int{
	{48, 160, 48}, {160, 60, 60}, {60, 80, 170}, {128, 128, 128},
	{170, 160, 60}, {90, 150, 160}, {150, 80, 150}, {60, 60, 60},
}

// patchClip encodes the patches, side by side, with a matrix and a range.
func patchClip(t *testing.T, name string, height int, matrix, tag string, full bool, codec ...string) string {
	t.Helper()
	const width = 320
	ppm := bytes.NewBufferString(fmt.Sprintf("P6\n%d %d\n255\n", width, height))
	for range height {
		for x := range width {
			p := patches[x*len(patches)/width]
			ppm.Write([]byte{byte(p[0]), byte(p[1]), byte(p[2])})
		}
	}
	still := filepath.Join(t.TempDir(), "patches.ppm")
	if err := os.WriteFile(still, ppm.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	rng := "tv"
	if full {
		rng = "pc"
	}
	args := []string{"-loop", "1", "-framerate", "25", "-t", "0.2", "-i", still,
		"-vf", fmt.Sprintf("scale=out_color_matrix=%s:out_range=%s", matrix, rng)}
	if tag != "" {
		args = append(args, "-colorspace", tag, "-color_primaries", "bt709", "-color_trc", "bt709")
	}
	if full {
		args = append(args, "-color_range", "pc")
	}
	return makeClip(t, name, append(args, codec...)...)
}

// colours reads the middle of each patch of the first frame.
func colours(t *testing.T, path string, matrix ColorMatrix, filter frame.Filter) (got [][3]int, chosen, why string, notes []string) {
	t.Helper()
	src, err := Open(t.Context(), Config{Path: path, Pool: new(frame.Pool), ColorMatrix: matrix,
		Wants: []frame.Want{{Width: 160, Height: 60, Fit: frame.FitSquash, Filter: filter}}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	if err := src.Read(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	p := f.Pictures[0]
	for i := range patches {
		at := 3 * (p.Height/2*p.Width + (2*i+1)*p.Width/(2*len(patches)))
		got = append(got, [3]int{int(p.Pix[at]), int(p.Pix[at+1]), int(p.Pix[at+2])})
	}
	return got, src.Info().ColorMatrix, src.Info().ColorMatrixWhy, src.Info().Notes
}

func farthest(got [][3]int) int {
	far := 0
	for i, p := range patches {
		for c := range 3 {
			far = max(far, got[i][c]-p[c], p[c]-got[i][c])
		}
	}
	return far
}

func TestColours(t *testing.T) {
	h264 := []string{"-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p"}
	h265 := []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:qp=8:pools=1", "-pix_fmt", "yuv420p"}
	h265bit10 := append(h265[:len(h265):len(h265)], "-pix_fmt", "yuv420p10le")
	vp9 := []string{"-c:v", "libvpx-vp9", "-crf", "5", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"}
	av1 := []string{"-c:v", "libsvtav1", "-preset", "12", "-crf", "10", "-pix_fmt", "yuv420p"}
	palette := []string{"-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"}
	for _, c := range []struct {
		name           string
		height         int
		encoded, tag   string // matrix of the pixels, and what the file says
		full           bool
		codec          []string
		given          ColorMatrix
		chosen, reason string
	}{
		{name: "given-601.mp4", height: 120, encoded: "bt601", codec: h264, given: "bt601", chosen: "bt601", reason: "given"},
		{name: "given-709.mp4", height: 120, encoded: "bt709", codec: h264, given: "bt709", chosen: "bt709", reason: "given"},
		{name: "given-against-tag.mp4", height: 120, encoded: "bt709", tag: "smpte170m", codec: h264, given: "bt709", chosen: "bt709", reason: "given"},
		{name: "low-untagged.mp4", height: 120, encoded: "bt601", codec: h264, chosen: "bt601", reason: "height"},
		{name: "high-untagged.mp4", height: 720, encoded: "bt709", codec: h264, chosen: "bt709", reason: "height"},
		{name: "low-tagged-709.mp4", height: 120, encoded: "bt709", tag: "bt709", codec: h264, chosen: "bt709", reason: "tag"},
		{name: "high-tagged-601.mp4", height: 720, encoded: "bt601", tag: "smpte170m", codec: h264, chosen: "bt601", reason: "tag"},
		{name: "tagged.mkv", height: 120, encoded: "bt709", tag: "bt709", codec: h264, chosen: "bt709", reason: "tag"},
		{name: "tagged.mov", height: 120, encoded: "bt709", tag: "bt709", codec: []string{"-c:v", "prores_ks", "-qscale", "4"}, chosen: "bt709", reason: "tag"},
		{name: "tagged-h264.ts", height: 120, encoded: "bt709", tag: "bt709", codec: h264, chosen: "bt709", reason: "tag"},
		{name: "tagged-h265.ts", height: 120, encoded: "bt709", tag: "bt709", codec: h265, chosen: "bt709", reason: "tag"},
		{name: "tagged-mpeg2.ts", height: 120, encoded: "bt709", tag: "bt709", codec: []string{"-c:v", "mpeg2video", "-qscale", "1"}, chosen: "bt709", reason: "tag"},
		{name: "tagged-10bit.mp4", height: 120, encoded: "bt709", tag: "bt709", codec: h265bit10, chosen: "bt709", reason: "tag"},
		{name: "tagged-vp9.webm", height: 120, encoded: "bt709", tag: "bt709", codec: vp9, chosen: "bt709", reason: "tag"},
		{name: "tagged-av1.mp4", height: 120, encoded: "bt709", tag: "bt709", codec: av1, chosen: "bt709", reason: "tag"},
		{name: "tagged-2020.mp4", height: 120, encoded: "bt2020", tag: "bt2020nc", codec: h264, chosen: "bt2020", reason: "tag"},
		{name: "jpeg.avi", height: 720, encoded: "bt601", full: true, codec: []string{"-c:v", "mjpeg", "-q:v", "1", "-pix_fmt", "yuvj420p"}, chosen: "bt601", reason: "codec"},
		{name: "palette.gif", height: 120, encoded: "bt601", codec: palette, chosen: "rgb", reason: "codec"},
		{name: "palette-given.gif", height: 120, encoded: "bt601", codec: palette, given: "bt709", chosen: "rgb", reason: "codec"},
		{name: "raw.avi", height: 720, encoded: "bt601", codec: []string{"-c:v", "rawvideo", "-vf", "format=bgr24"}, chosen: "rgb", reason: "codec"},
		{name: "tagged-av1.mkv", height: 120, encoded: "bt709", tag: "bt709", codec: av1, chosen: "bt709", reason: "tag"},
		{name: "full-601.mp4", height: 120, encoded: "bt601", tag: "smpte170m", full: true, codec: h264, chosen: "bt601", reason: "tag"},
		{name: "full-709.mp4", height: 120, encoded: "bt709", tag: "bt709", full: true, codec: h264, chosen: "bt709", reason: "tag"},
		{name: "full-h265.mp4", height: 120, encoded: "bt709", tag: "bt709", full: true, codec: h265, chosen: "bt709", reason: "tag"},
		{name: "full-10bit.mp4", height: 120, encoded: "bt709", tag: "bt709", full: true, codec: h265bit10, chosen: "bt709", reason: "tag"},
		{name: "full-vp9.webm", height: 120, encoded: "bt709", tag: "bt709", full: true, codec: vp9, chosen: "bt709", reason: "tag"},
		{name: "full-av1.mp4", height: 120, encoded: "bt709", tag: "bt709", full: true, codec: av1, chosen: "bt709", reason: "tag"},
		{name: "full-444.mp4", height: 120, encoded: "bt709", tag: "bt709", full: true, codec: append(h264[:len(h264):len(h264)], "-pix_fmt", "yuv444p"), chosen: "bt709", reason: "tag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := patchClip(t, c.name, c.height, c.encoded, c.tag, c.full, c.codec...)
			for _, filter := range []frame.Filter{frame.FilterLinear, frame.FilterArea} {
				got, chosen, why, notes := colours(t, path, c.given, filter)
				if chosen != c.chosen || why != c.reason {
					t.Errorf("matrix %s by %s, want %s by %s", chosen, why, c.chosen, c.reason)
				}
				if d := farthest(got); d > 3 {
					t.Errorf("%s: colours are off by up to %d: %v, want %v; notes %q", filter, d, got, patches, notes)
				}
			}
		})
	}
}
