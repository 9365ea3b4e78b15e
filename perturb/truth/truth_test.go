package truth

import (
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
)

func model() *infer.ModelInfo {
	return &infer.ModelInfo{
		Name: "m", Labels: []string{"tench", "crane", "hen of the woods", "crane"},
		WNIDs: []string{"n01440764", "n02012849", "n13052670", "n03126707"},
	}
}

func TestFind(t *testing.T) {
	c := NewClasses(model())
	for name, want := range map[string]int32{
		"tench": 0, " Tench ": 0, "HEN_OF_THE_WOODS": 2, "hen of the woods": 2, "n03126707": 3, "3": 3, "0": 0,
	} {
		if got, err := c.Find(name); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"crane": "2 classes", "4": "counted from 0", "-1": "counted from 0", "fish": "no class", "n00000000": "no class",
	} {
		if _, err := c.Find(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ text, picture, want string }{
		"csv":          {"file,label\na.jpg,tench\nb.jpg,\"crane, bird\"\n", "b.jpg", "crane, bird"},
		"other order":  {"\ufeffid;Class;Path\n1;tench;x/a.jpg\n", "x/a.jpg", "tench"},
		"tabs":         {"picture\tlabel_index\na.jpg\t3\n", "dir/a.png", "3"},
		"kaggle":       {"ImageId,PredictionString\nILSVRC2012_val_00048981,n03995372 85 1 499 272\nx,n01440764 1 2 3 4 n01440764 3 4 5 6\n", "val/ILSVRC2012_val_00048981.JPEG", "n03995372"},
		"val.txt":      {"ILSVRC2012_val_00000001.JPEG 65\nILSVRC2012_val_00000002.JPEG 970\n", "ILSVRC2012_val_00000002.JPEG", "970"},
		"blanks":       {"# mine\nmy cat.jpg  tench\n\n", "my cat.jpg", "tench"},
		"windows":      {"file,label\r\nx\\a.jpg,tench\r\n", "x/a.jpg", "tench"},
		"path decides": {"file,label\na/1.jpg,tench\nb/1.jpg,crane\n", "b/1.jpg", "crane"},
		"ambiguous":    {"file,label\na/1.jpg,tench\nb/1.jpg,crane\n", "c/1.jpg", ""},
		"not there":    {"file,label\na.jpg,tench\n", "b.jpg", ""},
	} {
		tr, err := Parse("t", []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, _ := tr.Of(c.picture); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {" \n", "empty"},
		"ground truth": {"490\n361\n171\n", "development kit"},
		"no columns":   {"a,b\n1,2\n", "call them file and label"},
		"one word":     {"file label\na.jpg\n", "line 2"},
		"missing":      {"file,label\na.jpg,\n", "line 2"},
		"two classes":  {"file,label\na.jpg,x\na.jpg,y\n", "both x and y"},
		"ragged":       {"file,label\na.jpg\n", "line 2"},
	} {
		if _, err := Parse("t", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	f := Folders([]string{"n01440764/a.jpg", "x/tench/b.jpg", "c.jpg"})
	for picture, want := range map[string]string{"n01440764/a.jpg": "n01440764", "x/tench/b.jpg": "tench", "c.jpg": ""} {
		if got, _ := f.Of(picture); got != want {
			t.Errorf("folder of %s: %q, want %q", picture, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("file,label\na.jpg,tench\n")
	f.Add("a.jpg 3\n")
	f.Add("ImageId,PredictionString\nx,n01 1 2 3 4\n")
	f.Fuzz(func(t *testing.T, text string) {
		tr, err := Parse("t", []byte(text))
		if err != nil {
			return
		}
		for p, c := range tr.paths {
			if got, ok := tr.Of(p); !ok || got != c || c == "" || p == "" {
				t.Errorf("%q: %q, %v; want %q", p, got, ok, c)
			}
		}
	})
}
