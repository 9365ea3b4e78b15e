package scene

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// recorded is what PySceneDetect says, see testdata/pyscenedetect.py.
type recorded struct {
	FFmpeg   []string  `json:"ffmpeg"`
	Width    int       `json:"width"`
	Height   int       `json:"height"`
	FPS      int       `json:"fps"`
	Adaptive []int     `json:"adaptive"`
	Content  []int     `json:"content"`
	Counted  []int     `json:"adaptive_min_scene_15"`
	Scores   []float64 `json:"scores"`
	HSVCube  string    `json:"hsv_cube_sha256"`
}

func readRecorded(t *testing.T) recorded {
	t.Helper()
	b, err := os.ReadFile("testdata/pyscenedetect.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Scores) < 300 || len(r.Adaptive) < 10 {
		t.Fatalf("recorded %d scores and %d cuts", len(r.Scores), len(r.Adaptive))
	}
	return r
}

func TestHSVIsOpenCVsForAllColours(t *testing.T) {
	tables := newReciprocals()
	hash := sha256.New()
	rgb, hsv := make([]byte, 3*65536), make([]byte, 3*65536)
	for r := range 256 {
		for i := range 65536 {
			rgb[3*i], rgb[3*i+1], rgb[3*i+2] = byte(r), byte(i>>8), byte(i)
		}
		tables.convert(hsv, rgb)
		hash.Write(hsv)
	}
	if got, want := hex.EncodeToString(hash.Sum(nil)), readRecorded(t).HSVCube; got != want {
		t.Errorf("the HSV cube hashes to %s, OpenCV's to %s", got, want)
	}
}

// Scores and cuts on a montage of real footage must be PySceneDetect's. A
// score may differ by what another build of ffmpeg decodes differently.
func TestCutsArePySceneDetects(t *testing.T) {
	r := readRecorded(t)
	frames := decode(t, r.Width, r.Height, 3, r.FFmpeg...)
	if len(frames) != len(r.Scores) {
		t.Fatalf("the montage has %d frames, recorded are %d", len(frames), len(r.Scores))
	}
	content := NewContent()
	var scores []float64
	for i, f := range frames {
		score, ok := content.Score(f)
		if ok != (i > 0) {
			t.Fatalf("frame %d has a score: %v", i, ok)
		}
		if math.Abs(score-r.Scores[i]) > 0.05 {
			t.Errorf("frame %d scores %.4f, PySceneDetect has %.4f", i, score, r.Scores[i])
		}
		scores = append(scores, score)
	}
	// Where neighbours are missing PySceneDetect decides nothing, and we by
	// the content rule.
	edge := func(i int) bool { return i < 2 || i >= len(frames)-2 }
	adaptive := slices.Clone(r.Adaptive)
	for _, i := range r.Content {
		if edge(i) {
			adaptive = append(adaptive, i)
		}
	}
	if got := cutsOf(ModeAdaptive, scores); !slices.Equal(got, adaptive) {
		t.Errorf("adaptive cuts %v, want %v", got, adaptive)
	}
	if got := cutsOf(ModeContent, scores); !slices.Equal(got, r.Content) {
		t.Errorf("content cuts %v, want %v", got, r.Content)
	}
	if got := cutsOf(ModeOff, scores); got != nil {
		t.Errorf("cuts %v although off", got)
	}

	var counter SceneCounter
	var counted []int
	for i := range frames {
		at := time.Duration(i) * time.Second / time.Duration(r.FPS)
		if counter.Observe(at, slices.Contains(r.Adaptive, i)) {
			counted = append(counted, i)
		}
	}
	if !slices.Equal(counted, r.Counted) || counter.Count() != int64(len(counted)) {
		t.Errorf("scenes begin at %v, want %v", counted, r.Counted)
	}
}

func cutsOf(mode Mode, scores []float64) []int {
	var cuts []int
	c := NewCuts(mode, func(i int, cut bool) {
		if cut {
			cuts = append(cuts, i)
		}
	})
	c.First()
	for _, s := range scores[1:] {
		c.Push(s)
	}
	c.Flush()
	return cuts
}

func TestScoreIsTheDefinition(t *testing.T) {
	c := NewContent()
	tables := newReciprocals()
	var prev []byte
	for i, size := range [][2]int{{256, 192}, {256, 192}, {5, 3}, {5, 3}, {1, 1}, {1, 1}, {256, 144}} {
		p := noisePicture(size[0], size[1], 3, uint64(i))
		score, ok := c.Score(p)
		hsv := make([]byte, len(p.Pix))
		tables.convert(hsv, p.Pix)
		if ok != (len(prev) == len(hsv)) {
			t.Fatalf("picture %d has a score: %v", i, ok)
		}
		if ok {
			var sum [3]float64
			for k := range hsv {
				sum[k%3] += math.Abs(float64(hsv[k]) - float64(prev[k]))
			}
			n := float64(size[0] * size[1])
			if want := (sum[0]/n + sum[1]/n + sum[2]/n) / 3; math.Abs(score-want) > 1e-9 {
				t.Errorf("picture %d scores %v, want %v", i, score, want)
			}
		}
		prev = hsv
	}
	c.Reset()
	if _, ok := c.Score(noisePicture(256, 144, 3, 9)); ok {
		t.Error("a score after a reset")
	}
	p, q := noisePicture(256, 144, 3, 9), noisePicture(256, 144, 3, 10)
	c.Score(p)
	if n := testing.AllocsPerRun(100, func() { c.Score(p); c.Score(q) }); n != 0 {
		t.Errorf("%v allocations a picture", n)
	}
}

func FuzzSumAbsDiff(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuv"))
	f.Add(slices.Concat(make([]byte, 3000), slices.Repeat([]byte{255}, 3000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, b := data[:len(data)/2], data[len(data)/2:][:len(data)/2]
		var want uint64
		for i := range a {
			want += uint64(math.Abs(float64(a[i]) - float64(b[i])))
		}
		if got := sumAbsDiff(a, b); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	})
}

// slowCuts is the rule in words, over one chain.
func slowCuts(mode Mode, scores []float64) []bool {
	cuts := make([]bool, len(scores))
	for i, s := range scores {
		switch {
		case mode == ModeOff || i == 0:
		case mode == ModeContent || i < 2 || i >= len(scores)-2:
			cuts[i] = s >= 27
		default:
			mean := (scores[i-2] + scores[i-1] + scores[i+1] + scores[i+2]) / 4
			cuts[i] = s >= 15 && (mean < 1e-5 || min(255, s/mean) >= 3)
		}
	}
	return cuts
}

func FuzzCuts(f *testing.F) {
	f.Add([]byte{0, 10, 90, 3, 4, 255, 80, 1, 1, 60, 255, 30, 255, 255, 9}, uint8(0))
	f.Add([]byte{0, 0, 0, 60, 0, 0, 0, 0, 54, 53}, uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, m uint8) {
		mode := []Mode{ModeAdaptive, ModeContent, ModeOff}[int(m)%3]
		var want, got []bool
		c := NewCuts(mode, func(i int, cut bool) {
			if i != len(got) {
				t.Fatalf("frame %d was decided after %d others", i, len(got))
			}
			got = append(got, cut)
		})
		var chain []float64
		for i, b := range data {
			if b == 255 || i == 0 { // a break
				want = append(want, slowCuts(mode, chain)...)
				chain = []float64{0}
				c.First()
			} else {
				chain = append(chain, float64(b)/2)
				c.Push(float64(b) / 2)
			}
			if n := c.Waiting(); n > 2 || n != i+1-len(got) || n > 0 && mode != ModeAdaptive {
				t.Fatalf("%s: %d frames wait after %d of which %d are decided", mode, n, i+1, len(got))
			}
		}
		c.Flush()
		want = append(want, slowCuts(mode, chain)...)
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %v\ngot  %v\nwant %v", mode, data, got, want)
		}
	})
}

func TestParseMode(t *testing.T) {
	for _, m := range []Mode{ModeAdaptive, ModeContent, ModeOff} {
		if got, err := ParseMode(string(m)); got != m || err != nil {
			t.Errorf("%q: %q, %v", m, got, err)
		}
	}
	if _, err := ParseMode("hash"); err == nil {
		t.Error("an unknown mode was accepted")
	}
}

// Red on both sides of hue 0 is far apart, by PySceneDetect's definition.
func TestHueDoesNotWrap(t *testing.T) {
	fill := func(r, g, b byte) frame.Picture {
		return frame.Picture{Width: 4, Height: 4, Channels: 3, Pix: slices.Repeat([]byte{r, g, b}, 16)}
	}
	c := NewContent()
	c.Score(fill(255, 0, 5))
	if score, _ := c.Score(fill(255, 5, 0)); math.Abs(score-178.0/3) > 1e-9 {
		t.Errorf("score %v, want %v", score, 178.0/3)
	}
}
