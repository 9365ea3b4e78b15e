package laboratory

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/report/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeModels opens classifiers of ten classes that add up what they see.
// After so many answers it calls then.
type fakeModels struct {
	sessions int
	random   string
	left     atomic.Int64
	then     func()
}

func (m *fakeModels) Open(_ context.Context, name string) (Network, error) {
	c := infertest.New(infertest.Config{Width: 32, Height: 32, Sessions: m.sessions, Script: func(_ *frame.Frame, p frame.Picture, probs []float32) error {
		sum := 0
		for i, b := range p.Pix {
			sum += int(b) * (i%7 + 1)
		}
		for i := range probs {
			probs[i] = .02
		}
		probs[sum%len(probs)] = .82
		if m.then != nil && m.left.Add(-1) == 0 {
			m.then()
		}
		return nil
	}})
	*c.Model() = infer.ModelInfo{Name: name, SHA256: "sha of " + name, RandomWeights: m.random, Preprocessing: c.Model().Preprocessing, Metadata: map[string]string{"": ""},
		Labels: []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}}
	return Network{Classifier: c, Path: name + ".onnx", Depth: 3}, nil
}

func (m *fakeModels) OpenTaps(context.Context, string, []string) (infer.Classifier, error) {
	return nil, errors.New("there are none")
}

// photos are a folder of so many pictures, in a folder of that name.
func photos(t *testing.T, n int, in string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), in)
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for k := range n {
		img := image.NewGray(image.Rect(0, 0, 50+k, 40))
		for i := range img.Pix {
			img.Pix[i] = byte(i*i>>2 + k*i)
		}
		img.Set(0, 0, color.White)
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("p%d.png", k)))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func settings(pictures, out string, experiments ...string) Settings {
	o := DefaultSettings()
	o.Pictures, o.Out, o.Experiments, o.Models, o.Tables = []string{pictures}, out, experiments, []string{"m"}, string(table.CSV)
	o.Translation = perturb.DefaultTranslation(perturb.Crop)
	o.Scale.Sizes, o.Rescale.Sizes = []int{20, 21}, []int{20, 24}
	return o
}

// measure is one run; said is what it told the person.
func measure(ctx context.Context, o Settings, m *fakeModels) (res *Result, said string, err error) {
	var text strings.Builder
	run, err := Open(ctx, o, Deps{
		Codec:    images.PureGo(),
		Models:   func() (Models, error) { return m, nil },
		Say:      func(s string) { text.WriteString(s + "\n") },
		Progress: func(string) (func(perturb.Progress), func()) { return nil, func() {} },
	})
	if err != nil {
		return nil, text.String(), err
	}
	res, err = run.Measure(ctx)
	return res, text.String(), errors.Join(err, run.Close())
}

// contents are all files below a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*", ".resume/*", "figures/*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if data, err := os.ReadFile(name); err == nil {
				all[strings.TrimPrefix(name, dir)] = string(data)
			}
		}
	}
	return all
}

// TestInterruptedRunsGoOn: stopped after any number of answers, torn in the
// middle of a record, and continued with another number of sessions, a run
// ends with the same bytes as one that was not.
func TestInterruptedRunsGoOn(t *testing.T) {
	pictures, whole := photos(t, 5, "photos"), t.TempDir()
	experiments := []string{"translate", "scale"}
	all := &fakeModels{sessions: 1, then: func() {}}
	if res, _, err := measure(t.Context(), settings(pictures, whole, experiments...), all); err != nil || !res.Summary.Complete {
		t.Fatal(err)
	}
	want := contents(t, whole)
	if len(want) < 6 || want["/translate-crop.csv"] == "" || want["/probe.html"] == "" {
		t.Fatalf("%q", slices.Collect(maps.Keys(want)))
	}
	// What is done is written in the order of the pictures: several sessions may
	// have answered most when the first picture still lacks an answer.
	for stop, c := range map[int64]struct {
		sessions int
		written  bool // something must have been
	}{1: {3, false}, 30: {3, false}, -all.left.Load() * 4 / 5: {1, true}} {
		o := settings(pictures, t.TempDir(), experiments...)
		ctx, cancel := context.WithCancel(t.Context())
		m := &fakeModels{sessions: c.sessions, then: cancel}
		m.left.Store(stop)
		res, _, err := measure(ctx, o, m)
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) || err == nil && res.Summary.Complete {
			t.Fatalf("stopped after %d answers: %v", stop, err)
		}
		journal := filepath.Join(o.Out, ".resume", "probe.journal")
		if f, err := os.OpenFile(journal, os.O_APPEND|os.O_WRONLY, 0); err == nil {
			_, err = f.WriteString(`{"key":"torn`)
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		} else if c.written {
			t.Errorf("stopped after %d answers: %v", stop, err)
		}
		o.Resume = true
		res, said, err := measure(t.Context(), o, &fakeModels{sessions: 2})
		if err != nil || !res.Summary.Complete || c.written && !strings.Contains(said, "going on after") {
			t.Fatalf("continued after %d answers: %v, said %q", stop, err, said)
		}
		if got := contents(t, o.Out); !maps.Equal(got, want) {
			t.Errorf("stopped after %d answers and continued: other bytes", stop)
		}
	}
}

// TestResumeNeedsTheSameInput: records hold classes, boxes and neighbours, so
// that those of another input must not be gone on with.
func TestResumeNeedsTheSameInput(t *testing.T) {
	pictures, dir := photos(t, 4, "photos"), t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	truth := write("truth.csv", "file,label\np0.png,three\n")
	boxes := write("boxes.csv", "file,class,xmin,ymin,xmax,ymax\np0.png,cat,1,1,9,9\n")
	for name, change := range map[string]func(o *Settings){
		"truth":       func(o *Settings) { o.Truth = truth },
		"boxes":       func(o *Settings) { o.Boxes = []string{boxes} },
		"neighbours":  func(o *Settings) { o.Sequences = true },
		"none at all": nil,
	} {
		o := settings(pictures, t.TempDir(), "translate")
		ctx, cancel := context.WithCancel(t.Context())
		m := &fakeModels{sessions: 1, then: cancel}
		m.left.Store(25)
		if _, _, err := measure(ctx, o, m); err != nil {
			t.Fatal(err)
		}
		cancel()
		o.Resume = true
		if change == nil {
			if _, _, err := measure(t.Context(), o, &fakeModels{sessions: 1}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		change(&o)
		if _, _, err := measure(t.Context(), o, &fakeModels{sessions: 1}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "on other pictures, or with other classes or boxes") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestClassesFromFoldersAreTold: a folder's name may be a class by accident.
func TestClassesFromFoldersAreTold(t *testing.T) {
	for folder, want := range map[string]string{"three": "three: three", "7": "7: seven", "holidays": ""} {
		res, said, err := measure(t.Context(), settings(photos(t, 2, folder), t.TempDir(), "translate"), &fakeModels{sessions: 1})
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(said, "names of folders were taken for the true classes of 2 of 2 pictures ("+want+")"); told != (want != "") {
			t.Errorf("%s: said %q", folder, said)
		}
		if len(res.Summary.Notes) != len(strings.Fields(want))/2 {
			t.Errorf("%s: notes %q", folder, res.Summary.Notes)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	pictures := photos(t, 1, "photos")
	for _, name := range []string{"IMG_1.HEIC", "scan.gif"} {
		if err := os.WriteFile(filepath.Join(pictures, name), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run := func(m *fakeModels, change func(o *Settings)) (string, error) {
		o := settings(pictures, t.TempDir(), "translate")
		change(&o)
		_, said, err := measure(t.Context(), o, m)
		return said, err
	}
	for want, change := range map[string]func(o *Settings){
		"names m twice":            func(o *Settings) { o.Models = []string{"m", "m"} },
		"class of none of the":     func(o *Settings) { o.Experiments = []string{"rescale"} },
		"--truth: open":            func(o *Settings) { o.Truth = "nowhere.csv" },
		"--boxes: open":            func(o *Settings) { o.Boxes = []string{"nowhere.csv"} },
		"convert it to JPEG or PN": func(o *Settings) { o.Pictures = []string{filepath.Join(pictures, "IMG_1.HEIC")} },
	} {
		if _, err := run(&fakeModels{sessions: 1}, change); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := run(&fakeModels{sessions: 1, random: "5"}, func(*Settings) {}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "random weights") {
		t.Errorf("random weights: %v", err)
	}
	said, err := run(&fakeModels{sessions: 1, random: "5"}, func(o *Settings) { o.ForceRandom = true })
	if err != nil || !strings.Contains(said, "2 files like ") {
		t.Errorf("%q, %v", said, err)
	}
}

// TestAllNamesWhatIsMissing: of the experiments of "all", one without its
// input becomes a section that says so.
func TestAllNamesWhatIsMissing(t *testing.T) {
	o := settings(photos(t, 1, "photos"), t.TempDir())
	o.All(1)
	o.Experiments = []string{"translate crop", "rescale"}
	res, _, err := measure(t.Context(), o, &fakeModels{sessions: 1})
	if err != nil {
		t.Fatal(err)
	}
	last := res.Page.Sections[len(res.Page.Sections)-1]
	if last.Title != "Not done: rescale" || !strings.HasPrefix(last.Lead, "rescale measures accuracy") {
		t.Errorf("%+v", last)
	}
}

// TestWhatFollowsWhat: frames of a clip do, unless they are taken evenly;
// pictures of a folder only where somebody says so.
func TestWhatFollowsWhat(t *testing.T) {
	refs := []pictureRef{{"a/1", "a/1", -1}, {"a/2", "a/2", -1}, {"b/3", "b/3", -1}, {"v#0", "v", 0}, {"v#1", "v", 1}, {"v#3", "v", 3}, {"w#4", "w", 4}}
	for _, c := range []struct {
		consecutive, sequences bool
		want                   string
	}{{false, false, "0000000"}, {true, false, "0000100"}, {true, true, "0100100"}, {false, true, "0100000"}} {
		m := &modelPictures{pictureList: &pictureList{refs: refs, consecutive: c.consecutive, sequences: c.sequences}}
		got := ""
		for i := range refs {
			got += map[bool]string{true: "1", false: "0"}[m.Follows(i)]
		}
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
