package labels

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// frames are observations as "seq@pts" in milliseconds.
func frames(t *testing.T, text string) []stability.Observation {
	t.Helper()
	var out []stability.Observation
	for _, word := range strings.Fields(text) {
		o := unknownObservation()
		var pts int64
		if _, err := fmt.Sscanf(word, "%d@%d", &o.Seq, &pts); err != nil {
			t.Fatal(err)
		}
		o.PTS, o.HasPTS = time.Duration(pts)*time.Millisecond, true
		out = append(out, o)
	}
	return out
}

func TestTruthIsAligned(t *testing.T) {
	for _, c := range []struct {
		name, file, truth, frames string
		seqs, times               bool
		want                      string // labels, or the error
	}{
		{"row by row", "t.txt", "a\na\n\nb\n", "0@0 1@40 2@80 3@120", false, false, "0 0 -1 1"},
		{"rows against numbers", "t.txt", "a\na\nb\n", "10@0 20@40 30@80", true, true, "0 0 1"},
		{"by seq", "t.csv", "seq,label\n5,a\n6,b\n7,b\n8,a\n", "5@0 6@40 8@120", true, true, "0 1 0"},
		{"changes only", "t.csv", "seq,label\n0,a\n4,b\n9,c\n", "0@0 1@40 3@120 4@160 8@320 9@360 10@400", true, true, "0 0 0 1 1 2 2"},
		{"by time", "t.csv", "pts_ms,label\n0,a\n33.4,a\n66.7,b\n", "0@0 1@33 2@67", true, true, "0 0 1"},
		{"changes by time", "t.csv", "pts_s,label\n0,a\n0.1,b\n", "0@0 1@40 2@80 3@120", false, true, "0 0 0 1"},
		{"no times in the labels", "t.csv", "pts_ms,label\n0,a\n40,b\n", "0@0 1@0", false, false, "0 1"},

		{"too short", "t.txt", "a\nb\n", "0@0 1@40 2@80", false, false, "t.txt: the truth ends at row 2, before this frame (row 3)"},
		{"too long", "t.txt", "a\nb\na\n", "0@0 1@40", false, false, "t.txt: the truth goes on until row 3, but the labels end at row 2: they are of different length"},
		{"begins late", "t.csv", "seq,label\n3,a\n4,a\n", "2@0 3@40", true, false, "t.csv: the truth begins at seq 3, after the first frame (seq 2)"},
		{"ends early by seq", "t.csv", "seq,label\n2,a\n3,a\n", "2@0 3@40 4@80", true, false, "t.csv: the truth ends at seq 3, before this frame (seq 4)"},
		{"goes on by seq", "t.csv", "seq,label\n2,a\n3,a\n4,a\n", "2@0 3@40", true, false, "t.csv: the truth goes on until seq 4, but the labels end at seq 3"},
		{"a stride", "t.csv", "seq,label\n0,a\n1,a\n2,b\n3,b\n", "0@0 2@80", true, false, "0 1"},
		{"ends early by time", "t.csv", "pts_ms,label\n0,a\n40,a\n", "0@0 1@40 2@120", false, true, "t.csv: the truth ends at 40ms, before this frame (120ms)"},
		{"goes on by time", "t.csv", "pts_ms,label\n0,a\n40,a\n5000,a\n", "0@0 1@40", false, true, "t.csv: the truth goes on until 5s, but the labels end at 40ms"},
		{"times stand still", "t.csv", "pts_ms,label\n0,a\n0,b\n", "0@0", false, true, "t.csv:3: the times of the truth don't increase"},
		{"empty", "t.csv", "label\n", "0@0", false, false, "t.csv: the file is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := alignTruth(t, c.file, c.truth, c.frames, c.seqs, c.times)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) || err == nil && got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

func alignTruth(t *testing.T, name, text, list string, seqs, times bool) (string, error) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	truth, err := OpenTruth(t.Context(), TruthConfig{Path: name, Classes: NewClasses()})
	if err != nil {
		return "", err
	}
	track, err := truth.Stream(t.Context(), "x")
	if err != nil {
		return "", err
	}
	track.Align(seqs, times)
	var out []string
	for _, o := range frames(t, list) {
		label, err := track.At(&o)
		if err != nil {
			return "", err
		}
		out = append(out, fmt.Sprint(label))
	}
	return strings.Join(out, " "), track.End()
}

const zebraXML = `<annotation><folder>ILSVRC2015_val_0</folder><filename>%06d</filename>
<source><database>ILSVRC_2015</database></source><size><width>1280</width><height>720</height></size>
%s</annotation>`

func object(name string, width int) string {
	return fmt.Sprintf("<object><trackid>0</trackid><name>%s</name><bndbox><xmax>%d</xmax><xmin>10</xmin><ymax>30</ymax><ymin>20</ymin></bndbox></object>", name, 10+width)
}

func annotate(t *testing.T, dir string, frames ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for i, objects := range frames {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d.xml", i)), fmt.Appendf(nil, zebraXML, i, objects), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func labelsOf(t *testing.T, track *TruthTrack, n int) (out []int32) {
	t.Helper()
	track.Align(true, false)
	for i := range n {
		o := unknownObservation()
		o.Seq = uint64(i)
		label, err := track.At(&o)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, label)
	}
	return out
}

func TestFoldersOfTruth(t *testing.T) {
	dir := t.TempDir()
	zebra, lion := object("n02391049", 100), object("n02129165", 50)
	annotate(t, filepath.Join(dir, "clip"), zebra+lion, lion, "", zebra)
	for name, text := range map[string]string{"list.txt": "n02391049\nn02129165\n", "table.csv": "stream,label\ntable,n02129165\nother,x\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	classes, err := ClosedClasses([]string{"zebra", "lion"}, []string{"n02391049", "n02129165"})
	if err != nil {
		t.Fatal(err)
	}
	truth, err := OpenTruth(t.Context(), TruthConfig{Path: dir, Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]int32{"clip": {0, 1, -1, 0}, "list": {0, 1}} {
		track, err := truth.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got := labelsOf(t, track, len(want)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"nowhere": `there is no truth of stream "nowhere": neither a table nowhere.csv`,
		"../x":    "no file can be called like stream",
		"table":   `table.csv:3: label "x" is not in the list of labels`,
	} {
		if _, err := truth.Stream(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// The folder of one stream itself.
	truth, err = OpenTruth(t.Context(), TruthConfig{Path: filepath.Join(dir, "clip"), Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := truth.Stream(t.Context(), "whatever"); err != nil {
		t.Error(err)
	}
	if _, err := truth.Stream(t.Context(), "another"); err == nil || !strings.Contains(err.Error(), "these annotations are of one stream") {
		t.Errorf("got %v", err)
	}
}

func TestTruthOfSeveralStreams(t *testing.T) {
	classes := NewClasses()
	path := writeFile(t, "t.csv", []byte("stream,label\na,x\nb,y\n"))
	truth, err := OpenTruth(t.Context(), TruthConfig{Path: path, Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	track, err := truth.Stream(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	if got := labelsOf(t, track, 1); got[0] != 1 {
		t.Errorf("label %v", got)
	}
	if _, err := truth.Stream(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), `no truth of stream "c"`) {
		t.Errorf("got %v", err)
	}
	truth, err = OpenTruth(t.Context(), TruthConfig{Path: writeFile(t, "t.txt", []byte("x\n")), Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := truth.Stream(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if _, err := truth.Stream(t.Context(), "b"); err == nil || !strings.Contains(err.Error(), "has no column stream") {
		t.Errorf("got %v", err)
	}
}

// A label map calls its groups by names that no list of labels has.
func TestTruthIsResolved(t *testing.T) {
	classes, err := ClosedClasses([]string{"zebra", "lion"}, []string{"n02391049", "n02129165"})
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, "t.txt", []byte("animal\nlion\nnothing\nzebra\n"))
	truth, err := OpenTruth(t.Context(), TruthConfig{Path: path, Classes: classes, Resolve: func(class int32, name string) (int32, bool, error) {
		switch {
		case name == "animal":
			return 0, true, nil
		case name == "nothing":
			return stability.NoLabel, true, nil
		case class >= 0:
			return 10 + class, true, nil
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
	track.Align(false, false)
	if got := labelsOf(t, track, 4); !slices.Equal(got, []int32{0, 11, stability.NoLabel, 10}) {
		t.Errorf("labels %v", got)
	}
}

func TestAnnotations(t *testing.T) {
	for text, want := range map[string]string{
		fmt.Sprintf(zebraXML, 0, object("b", 5)+object("a", 5)):   "a", // as large: by name
		fmt.Sprintf(zebraXML, 0, ""):                              "",
		"<annotation><object><name></name></object></annotation>": "!an object has no name",
		"<html></html>":        "!not an annotation",
		"<annotation><object>": "!line 1: not an annotation",
		"":                     "!not an annotation",
		fmt.Sprintf(zebraXML, 0, object("a", -5)): "!the box of a has the size -50",
	} {
		_, got, err := parseAnnotation(strings.NewReader(text))
		if err != nil {
			got = "!" + err.Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	for name, want := range map[string]int64{"000042.xml": 42, "a/b_7.xml": 7, "frame.xml": -1} {
		n, err := annotationNumber(name)
		if err != nil {
			n = 1<<64 - 1
		}
		if int64(n) != want {
			t.Errorf("%s: %d", name, int64(n))
		}
	}
}

func FuzzAnnotation(f *testing.F) {
	f.Add(fmt.Sprintf(zebraXML, 3, object("n02391049", 100)))
	f.Fuzz(func(_ *testing.T, text string) {
		_, _, _ = parseAnnotation(strings.NewReader(text))
	})
}
