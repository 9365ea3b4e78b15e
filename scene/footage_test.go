package scene

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/internal/assettest"
)

// footageDir finds the clips that set-up fetches. Without them the tests on
// real pictures fail: a check that silently doesn't run is none.
func footageDir(t testing.TB) string {
	t.Helper()
	assettest.Path(t, "footage", "vtest.avi")
	return assettest.Path(t, "footage")
}

// decode runs ffmpeg in the footage's folder and cuts its raw output into
// pictures.
func decode(t testing.TB, width, height, channels int, args ...string) []frame.Picture {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", args...)
	cmd.Dir = footageDir(t)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			t.Fatal("ffmpeg is not installed: run make setup")
		}
		t.Fatalf("ffmpeg: %v: %s", err, diag.Bytes())
	}
	raw, size := out.Bytes(), width*height*channels
	if len(raw) == 0 || len(raw)%size != 0 {
		t.Fatalf("ffmpeg gave %d bytes, which are no pictures of %d: %s", len(raw), size, diag.Bytes())
	}
	var pictures []frame.Picture
	for i := 0; i < len(raw); i += size {
		pictures = append(pictures, frame.Picture{Width: width, Height: height, Channels: channels, Pix: raw[i : i+size : i+size]})
	}
	return pictures
}

var clips = []string{"vtest.avi", "Megamind.avi", "tree.avi", "bigbuckbunny.mp4", "carphone_pristine.mp4", "bikes.mp4"}

// lumaFrames are the first n frames of a clip as the change map sees them.
func lumaFrames(t testing.TB, clip string, n int) []frame.Picture {
	t.Helper()
	return decode(t, Side, Side, 1, "-v", "error", "-nostdin", "-i", clip, "-frames:v", fmt.Sprint(n),
		"-vf", "scale=256:256:force_original_aspect_ratio=increase:flags=area,crop=224:224,format=gray",
		"-f", "rawvideo", "-pix_fmt", "gray", "-")
}
