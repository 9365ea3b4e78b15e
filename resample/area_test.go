package resample

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"testing"
)

// opencvCase is one cv2.resize, see testdata/area_opencv.py.
type opencvCase struct {
	Kind     string `json:"kind"`
	Src      [2]int `json:"src"`
	Dst      [2]int `json:"dst"`
	Channels int    `json:"channels"`
	SHA256   string `json:"sha256"`
	Luma     string `json:"luma_sha256"`
	Full     []int  `json:"full"` // tiny ones only
}

func readOpenCV(t *testing.T) []opencvCase {
	t.Helper()
	b, err := os.ReadFile("testdata/area_opencv.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []opencvCase `json:"cases"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 100 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	return file.Cases
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestAreaIsOpenCVs(t *testing.T) {
	for _, c := range readOpenCV(t) {
		name := fmt.Sprintf("%s %dx%d to %dx%d, %d channels", c.Kind, c.Src[0], c.Src[1], c.Dst[0], c.Dst[1], c.Channels)
		a, err := NewArea(c.Src[0], c.Src[1], c.Dst[0], c.Dst[1], image.Rectangle{}, c.Channels)
		if err != nil {
			t.Fatal(err)
		}
		src := picture(c.Kind, c.Src[0], c.Src[1], c.Channels)
		dst := make([]byte, c.Dst[0]*c.Dst[1]*c.Channels)
		a.Resize(dst, src, c.Src[0]*c.Channels)
		for i, v := range c.Full {
			if int(dst[i]) != v {
				t.Errorf("%s: got %v, OpenCV has %v", name, dst, c.Full)
				break
			}
		}
		if sum(dst) != c.SHA256 {
			t.Errorf("%s: not OpenCV's pixels", name)
		}
		if c.Channels == 3 {
			grey := make([]byte, c.Dst[0]*c.Dst[1])
			a.ResizeBGRToLuma(grey, src, c.Src[0]*c.Channels)
			if sum(grey) != c.Luma {
				t.Errorf("%s: not OpenCV's luma", name)
			}
		}
	}
}
