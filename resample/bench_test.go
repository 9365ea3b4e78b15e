package resample

import (
	"fmt"
	"testing"
)

// BenchmarkArea resizes a BGR frame to short side 256 and keeps the 224×224
// in the middle, as the built-in models want it.
func BenchmarkArea(b *testing.B) {
	for _, size := range [][2]int{{768, 576}, {352, 288}, {640, 480}, {1280, 720}, {1920, 1080}, {1024, 1024}} {
		w, h := size[0], size[1]
		dw, dh := ShortSideSize(w, h, 256)
		for _, squash := range []bool{false, true} {
			name := fmt.Sprintf("%dx%d/crop", w, h)
			crop := CentreCrop(dw, dh, 224, 224)
			if squash {
				name, dw, dh = fmt.Sprintf("%dx%d/squash", w, h), 224, 224
				crop = CentreCrop(224, 224, 224, 224)
			}
			b.Run(name, func(b *testing.B) {
				a, err := NewArea(w, h, dw, dh, crop, 3)
				if err != nil {
					b.Fatal(err)
				}
				src := picture("smooth", w, h, 3)
				dst := make([]byte, 224*224*3)
				b.ReportAllocs()
				for b.Loop() {
					a.ResizeBGRToRGB(dst, src, w*3)
				}
			})
		}
	}
}

// BenchmarkFunctions does the same with other libraries' functions.
func BenchmarkFunctions(b *testing.B) {
	for _, name := range []string{"pillow-bilinear", "pillow-bicubic", "torch-bilinear-antialias", "tf2-bilinear"} {
		b.Run(name, func(b *testing.B) {
			f, _ := Lookup(name)
			p, err := f(768, 576, 341, 256, CentreCrop(341, 256, 224, 224), 3)
			if err != nil {
				b.Fatal(err)
			}
			src := picture("smooth", 768, 576, 3)
			dst := make([]byte, 224*224*3)
			for b.Loop() {
				p.ResizeBytes(dst, src, 768*3)
			}
		})
	}
}
