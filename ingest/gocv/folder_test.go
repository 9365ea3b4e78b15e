//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/ingest/ingesttest"
)

// gradient is a picture whose pixels all differ; n shifts it.
func gradient(w, h, n int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{byte(2*x + 5*n), byte(3*y + n), byte(x + y), 255})
		}
	}
	return img
}

func pngBytes(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pictures(t *testing.T) images.Codec {
	t.Helper()
	c, err := Pictures()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFolderContract(t *testing.T) {
	dir := t.TempDir()
	for i := range 10 {
		w, h := 64, 48
		if i >= 7 {
			w, h = 50, 40
		}
		content := pngBytes(t, gradient(w, h, i/2))
		if i == 4 {
			content = content[:60]
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.png", i)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ingesttest.TestSource(t, func(t *testing.T, pool *frame.Pool) ingest.Source {
		src, err := images.Open(t.Context(), images.Config{Path: dir, Wants: ingesttest.Wants(), Pool: pool, Codec: pictures(t)})
		if err != nil {
			t.Fatal(err)
		}
		return src
	})
}

// TestPicturesAsPureGo: lossless pictures come out the same either way, and
// EXIF orientations are respected alike.
func TestPicturesAsPureGo(t *testing.T) {
	var j bytes.Buffer
	if err := jpeg.Encode(&j, gradient(48, 32, 1), &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"colour.png": pngBytes(t, gradient(33, 21, 0)),
		"grey.png":   pngBytes(t, image.NewGray(image.Rect(0, 0, 9, 9))),
	}
	for o := byte(1); o <= 8; o++ {
		exif := "\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(o) + "\x00\x00\x00\x00\x00\x00"
		files[fmt.Sprintf("turned-%d.jpg", o)] = append([]byte("\xff\xd8"+exif), j.Bytes()[2:]...)
	}
	for name, content := range files {
		var a, b images.Bitmap
		if err := decodePicture(content, &a); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := images.PureGo().Decode(content, &b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a.Width != b.Width || a.Height != b.Height {
			t.Errorf("%s: %dx%d pixels, %dx%d in Go", name, a.Width, a.Height, b.Width, b.Height)
			continue
		}
		far := 0
		for i := 0; i < len(a.Pix); i += 3 {
			for c := range 3 {
				d := int(a.Pix[i+c]) - int(b.Pix[i+2-c])
				far = max(far, d, -d)
			}
		}
		limit := 0
		if filepath.Ext(name) == ".jpg" {
			limit = 12 // libjpeg smooths colour where Go repeats it
		}
		if far > limit {
			t.Errorf("%s: pixels differ by up to %d", name, far)
		}
	}
	var b images.Bitmap
	if err := decodePicture([]byte("no picture"), &b); err == nil {
		t.Error("text was decoded")
	}
}

// TestFolderPicturesAreThoseOfVideo: pictures from Go's memory are resized as those
// in OpenCV's.
func TestFolderPicturesAreThoseOfVideo(t *testing.T) {
	// Three frames of a clip, as PNG files.
	dir := t.TempDir()
	all, _ := readAll(t, Config{Path: footage(t, "bikes.mp4"), Wants: whole(640, 272), End: 120e6, ColorMatrix: ColorMatrixBT601})
	for i, f := range all {
		img := image.NewNRGBA(image.Rect(0, 0, 640, 272))
		for p := range 640 * 272 {
			copy(img.Pix[4*p:], f.pix[3*p:3*p+3])
			img.Pix[4*p+3] = 255
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.png", i)), pngBytes(t, img), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var wants []frame.Want
	for _, f := range []frame.Filter{"nearest", "linear", "area", "cubic", "lanczos", "pillow-bicubic", "torch-bilinear"} {
		wants = append(wants, frame.Want{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: f})
	}
	region := ingest.Region{X: 11, Y: 3, Width: 501, Height: 263}
	video, err := Open(t.Context(), Config{Path: footage(t, "bikes.mp4"), Wants: wants, Pool: new(frame.Pool), ColorMatrix: ColorMatrixBT601, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	defer video.Close()
	folder, err := images.Open(t.Context(), images.Config{Path: dir, Wants: wants, Pool: new(frame.Pool), Codec: pictures(t), Region: region})
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	var f, g frame.Frame
	for range all {
		if err := video.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		if err := folder.Read(t.Context(), &g); err != nil {
			t.Fatal(err)
		}
		for i := range wants {
			if !bytes.Equal(f.Pictures[i].Pix, g.Pictures[i].Pix) {
				t.Errorf("frame %d: %s differs", f.Seq, wants[i].Filter)
			}
		}
	}
}
