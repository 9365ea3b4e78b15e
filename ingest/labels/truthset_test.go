package labels

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/stability"
	"github.com/parquet-go/parquet-go"
)

// allowed are the labels that each of the first n rows of a truth allows, by
// name.
func allowed(t *testing.T, cfg TruthConfig, n int) ([]string, error) {
	t.Helper()
	truth, err := OpenTruth(t.Context(), cfg)
	if err != nil {
		return nil, err
	}
	track, err := truth.Stream(t.Context(), "x")
	if err != nil {
		return nil, err
	}
	track.Align(false, false)
	var out []string
	for i := range n {
		o := unknownObservation()
		o.Seq = uint64(i)
		label, err := track.At(&o)
		if err != nil {
			return nil, err
		}
		set := track.Sets().Of(label)
		if set == nil && label != stability.NoLabel {
			set = []int32{label}
		}
		var names []string
		for _, l := range set {
			names = append(names, cfg.Classes.Name(l))
		}
		slices.Sort(names)
		out = append(out, strings.Join(names, "+"))
	}
	return out, track.End()
}

func TestSetsOfLabelsInATruth(t *testing.T) {
	closed := func() *Classes {
		c, err := ClosedClasses([]string{"zebra", "lion", "a|b"}, []string{"n02391049", "n02129165", ""})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		file, text string
		classes    *Classes
		want       string // or the error
	}{
		{"t.csv", "label\na|b\nb | a|b\nb\n\"\"\na|a\n", NewClasses(), "a+b a+b b  a"},
		{"t.csv", "label_index\n3|5\n5\n5|3\n", NewClasses(), "class 3+class 5 class 5 class 3+class 5"},
		{"t.csv", "label,label_index\nany|pet,3|5\ncat,5\n", NewClasses(), "cat+class 3 cat"},
		{"t.txt", "3|5\n3\n", NewClasses(), "class 3+class 5 class 3"},
		{"t.txt", "a|b\nc\n", NewClasses(), "a+b c"},
		{"t.jsonl", `{"label":"a|b"}` + "\n" + `{"label":"b"}` + "\n", NewClasses(), "a+b b"},
		{"t.jsonl", `{"label_index":[3,5]}` + "\n" + `{"label_index":5}` + "\n" + `{"label_index":[]}` + "\n" + `{"label_index":[5,3]}` + "\n", NewClasses(), "class 3+class 5 class 5  class 3+class 5"},
		{"t.jsonl", `{"label_index":[3,-5]}` + "\n", NewClasses(), `t.jsonl:1: "-5" is not the number of a class`},
		{"t.jsonl", `{"label_index":2.5}` + "\n", NewClasses(), `t.jsonl:1: label_index is a number 2.5, not a int32`},
		// A label that is called so goes before.
		{"t.csv", "label\na|b\nzebra|n02129165\nlion\n", closed(), "a|b lion+zebra lion"},
		{"t.csv", "label\nzebra\nzebra|gnu\n", closed(), `t.csv:3: label "gnu" is not in the list of labels`},
		{"t.csv", "label\na||b\n", NewClasses(), `t.csv:2: "a||b" has an empty label between its strokes: write a|b`},
		{"t.csv", "label_index\n1|x\n", NewClasses(), `t.csv:2: column label_index: "x" is not the number of a class`},
		{"t.csv", "label_index\n1|\n", NewClasses(), `t.csv:2: column label_index: "1|" has an empty label`},
		{"t.csv", "label\n" + strings.Repeat("a|", maxSetLabels) + "a\n", NewClasses(), "t.csv:2: 1025 labels for one frame are more than 1024"},
	} {
		t.Run(c.text[:min(len(c.text), 20)], func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile(c.file, []byte(c.text), 0o666); err != nil {
				t.Fatal(err)
			}
			rows := strings.Count(c.text, "\n")
			if strings.HasPrefix(c.text, "label") {
				rows--
			}
			got, err := allowed(t, TruthConfig{Path: c.file, Classes: c.classes}, rows)
			if said := strings.Join(got, " "); err != nil && !strings.Contains(err.Error(), c.want) || err == nil && said != c.want {
				t.Errorf("got %q, %v\nwant %q", said, err, c.want)
			}
		})
	}
}

// TestSetsByNumberInParquet: a column of lists in a truth.
func TestSetsByNumberInParquet(t *testing.T) {
	type row struct {
		LabelIndex []int32 `parquet:"label_index,list"`
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{[]int32{3, 5}}, {[]int32{5}}, {}, {[]int32{5, 3}}}); err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, "t.parquet", b.Bytes())
	got, err := allowed(t, TruthConfig{Path: path, Classes: NewClasses()}, 4)
	if want := "class 3+class 5 class 5  class 3+class 5"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("got %q, %v\nwant %q", strings.Join(got, " "), err, want)
	}
	if _, err := Open(Config{Path: path, Classes: NewClasses()}); err == nil || !strings.Contains(err.Error(), "column label_index holds a list") {
		t.Errorf("as labels: %v", err)
	}
	path = writeFile(t, "l.jsonl", []byte(`{"label_index":3}`+"\n"+`{"label_index":[3,5]}`+"\n"))
	f, err := Open(Config{Path: path, Classes: NewClasses()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.ReadBatch(t.Context(), NewBatch()); err == nil || !strings.Contains(err.Error(), "l.jsonl:2: label_index: 2 classes: a frame has one answer") {
		t.Errorf("as labels: %v", err)
	}
}

// TestLabelsKnowNoSets: only a truth has several labels for a frame.
func TestLabelsKnowNoSets(t *testing.T) {
	classes := NewClasses()
	f, err := Open(Config{Path: writeFile(t, "l.csv", []byte("label\na|b\na\n")), Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o := unknownObservation()
	if err := f.Read(t.Context(), &o); err != nil || classes.Name(o.Label) != "a|b" {
		t.Errorf("label %q, %v", classes.Name(o.Label), err)
	}
}

func TestMergedSetsOfLabels(t *testing.T) {
	classes, err := ClosedClasses([]string{"tabby", "tiger cat", "lion", "fog"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, "t.txt", []byte("tabby|tiger cat\ntabby|lion\nlion|fog\nfog\npet|lion\n"))
	truth, err := OpenTruth(t.Context(), TruthConfig{Path: path, Classes: classes, Resolve: func(class int32, name string) (int32, bool, error) {
		switch {
		case class == 0, class == 1, name == "pet":
			return 0, true, nil
		case class == 2:
			return 1, true, nil
		}
		return 0, false, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	track, err := truth.Stream(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range labelsOf(t, track, 5) {
		got = append(got, fmt.Sprint(l, track.Sets().Of(l)))
	}
	if want := []string{"0 []", "-2 [0 1]", "1 []", "-1 []", "-2 [0 1]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAllObjectsOfAnAnnotation(t *testing.T) {
	dir := t.TempDir()
	zebra, lion := object("n02391049", 100), object("n02129165", 50)
	annotate(t, filepath.Join(dir, "x"), zebra+lion, lion+zebra+lion, "", zebra)
	for all, want := range map[bool]string{
		false: "n02391049 n02391049  n02391049",
		true:  "n02129165+n02391049 n02129165+n02391049  n02391049",
	} {
		got, err := allowed(t, TruthConfig{Path: dir, Classes: NewClasses(), AllObjects: all}, 4)
		if said := strings.Join(got, " "); err != nil || said != want {
			t.Errorf("all %v: got %q, %v, want %q", all, said, err, want)
		}
	}
}

func FuzzTruthTable(f *testing.F) {
	f.Add("label\na|b\nb\n", true)
	f.Add("seq,label_index\n3,4|5\n9,\n", false)
	f.Add("stream,label\nx,a|\ny,b|c\n", false)
	f.Fuzz(func(t *testing.T, text string, list bool) {
		path := filepath.Join(t.TempDir(), "t.csv")
		if list {
			path = filepath.Join(t.TempDir(), "t.txt")
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		truth, err := OpenTruth(t.Context(), TruthConfig{Path: path, Classes: NewClasses()})
		if err != nil {
			return
		}
		for _, track := range truth.tracks {
			for _, run := range track.runs {
				if run.label < stability.NoLabel && len(track.Sets().Of(run.label)) < 2 {
					t.Fatalf("label %d is neither a label nor a set of two or more", run.label)
				}
			}
		}
	})
}
