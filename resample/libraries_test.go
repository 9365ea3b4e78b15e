package resample

import (
	"compress/gzip"
	"encoding/json"
	"image"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// names of the recorded functions where they aren't ours with underscores.
var recordedName = map[string]string{"tf1-bilinear": "tf1_legacy_bilinear"}

type libraryCase struct {
	Picture int                    `json:"picture"`
	In      [2]int                 `json:"in_hw"`
	Out     [2]int                 `json:"out_hw"`
	Rows    []int                  `json:"rows"`
	Outputs map[string][][]float32 `json:"outputs"`
}

func readLibraries(t *testing.T) []libraryCase {
	t.Helper()
	f, err := os.Open("testdata/libraries.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []libraryCase `json:"cases"`
	}
	if err := json.NewDecoder(z).Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 5 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	return file.Cases
}

// testPicture is picture number k of the recorded cases.
func testPicture(k, w, h int) []byte {
	pix := make([]byte, 0, 3*w*h)
	for y := range h {
		for x := range w {
			for c := range 3 {
				pix = append(pix, byte(x*(7+3*c+k)+y*(11-2*c)+(x*y>>4)*5+((x^y)&63)*2))
			}
		}
	}
	return pix
}

// Pillow's pixels must come out exactly, TensorFlow's and PyTorch's within
// a thousandth of a grey level.
func TestFunctionsAreTheLibraries(t *testing.T) {
	cases := readLibraries(t)
	for _, name := range Names() {
		key, ok := recordedName[name]
		if !ok {
			key = strings.ReplaceAll(name, "-", "_")
		}
		tolerance := 1e-3
		if strings.HasPrefix(name, "pillow-") {
			tolerance = 0
		}
		f, _ := Lookup(name)
		var most float64
		for _, c := range cases {
			p, err := f(c.In[1], c.In[0], c.Out[1], c.Out[0], image.Rectangle{}, 3)
			if err != nil {
				t.Fatal(err)
			}
			width := 3 * c.Out[1]
			got := make([]float32, width*c.Out[0])
			p.Resize(got, testPicture(c.Picture, c.In[1], c.In[0]), 3*c.In[1])
			want, ok := c.Outputs[key]
			if !ok {
				t.Fatalf("nothing is recorded for %s", key)
			}
			for i, r := range c.Rows {
				for x, v := range want[i] {
					d := math.Abs(float64(got[r*width+x] - v))
					if most = max(most, d); d > tolerance {
						t.Errorf("%s, picture %d, row %d, sample %d: %v, want %v", name, c.Picture, r, x, got[r*width+x], v)
						break
					}
				}
			}
		}
		t.Logf("%s: at most %.5f off", name, most)
	}
	if n := len(cases[0].Outputs); n != len(Names()) {
		t.Errorf("%d functions are recorded, %d are known", n, len(Names()))
	}
}

// A crop shows what the whole result shows there, and bytes are the rounded
// values.
func TestFunctionsCrop(t *testing.T) {
	src := testPicture(2, 64, 48)
	crop := image.Rect(5, 3, 19, 12)
	for _, name := range Names() {
		f, _ := Lookup(name)
		for _, size := range [][2]int{{30, 22}, {100, 81}} {
			all, err := f(64, 48, size[0], size[1], image.Rectangle{}, 3)
			if err != nil {
				t.Fatal(err)
			}
			part, err := f(64, 48, size[0], size[1], crop, 3)
			if err != nil {
				t.Fatal(err)
			}
			whole := make([]float32, 3*size[0]*size[1])
			got := make([]float32, 3*crop.Dx()*crop.Dy())
			bytes := make([]byte, len(got))
			all.Resize(whole, src, 3*64)
			part.Resize(got, src, 3*64)
			part.ResizeBytes(bytes, src, 3*64)
			for y := range crop.Dy() {
				want := whole[3*((y+crop.Min.Y)*size[0]+crop.Min.X):][:3*crop.Dx()]
				if !slices.Equal(got[y*len(want):(y+1)*len(want)], want) {
					t.Fatalf("%s: row %d of the crop differs", name, y)
				}
			}
			for i, v := range got {
				if want := byte(math.Floor(float64(min(max(v, 0), 255)) + 0.5)); bytes[i] != want {
					t.Fatalf("%s: %v became %d", name, v, bytes[i])
				}
			}
			if n := testing.AllocsPerRun(3, func() { part.ResizeBytes(bytes, src, 3*64) }); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
	}
}

// The first pixel of one row under two of the functions: the same picture
// can be two things by the resize function alone.
func TestOneRow(t *testing.T) {
	row := []byte{0, 255, 13, 200, 77, 31, 254, 1, 128, 90}
	for name, want := range map[string]float32{"tf1-bilinear": 0, "pillow-bilinear": 116} {
		f, ok := Lookup(name)
		if !ok {
			t.Fatalf("no function %s", name)
		}
		p, err := f(10, 1, 4, 1, image.Rectangle{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, 4)
		p.Resize(got, row, 10)
		if got[0] != want {
			t.Errorf("%s: %v, want %v", name, got[0], want)
		}
	}
	a, err := NewArea(10, 1, 4, 1, image.Rectangle{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	a.Resize(got, row, 10)
	if got[0] != 105 {
		t.Errorf("OpenCV area: %d, want 105", got[0])
	}
	if _, ok := Lookup("opencv-quintic"); ok {
		t.Error("a function that isn't there was found")
	}
}

// Pillow on many sizes, noise and extremes: every pixel.
func TestPillowOnManySizes(t *testing.T) {
	b, err := os.ReadFile("testdata/pillow.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Kind   string            `json:"kind"`
			Src    [2]int            `json:"src"`
			Dst    [2]int            `json:"dst"`
			SHA256 map[string]string `json:"sha256"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 30 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		src := picture(c.Kind, c.Src[0], c.Src[1], 3)
		dst := make([]byte, 3*c.Dst[0]*c.Dst[1])
		for name, want := range c.SHA256 {
			f, ok := Lookup(name)
			if !ok {
				t.Fatalf("no function %s", name)
			}
			p, err := f(c.Src[0], c.Src[1], c.Dst[0], c.Dst[1], image.Rectangle{}, 3)
			if err != nil {
				t.Fatal(err)
			}
			p.ResizeBytes(dst, src, 3*c.Src[0])
			if sum(dst) != want {
				t.Errorf("%s of %s, %v to %v: not Pillow's pixels", name, c.Kind, c.Src, c.Dst)
			}
		}
	}
}
