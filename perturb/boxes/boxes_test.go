package boxes

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/perturb"
)

const voc = `<annotation><folder>x</folder><filename>2007_1.jpg</filename><size><width>500</width><height>300</height><depth>3</depth></size>
<object><name>dog</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>500</xmax><ymax>300</ymax></bndbox><part><name>head</name></part></object>
<object><name>cat</name><bndbox><xmin>11.5</xmin><ymin>21</ymin><xmax>900</xmax><ymax>40</ymax></bndbox></object>
<object><name>hen</name><bndbox><xmin>600</xmin><ymin>21</ymin><xmax>900</xmax><ymax>40</ymax></bndbox></object>
<object><name>cow</name><bndbox><xmin>30</xmin><ymin>21</ymin><xmax>20</xmax><ymax>40</ymax></bndbox></object>
<object><name>fox</name></object></annotation>`

const coco = `{"images":[{"id":7,"file_name":"a.jpg","width":100,"height":80}],"categories":[{"id":3,"name":"dog"}],
"annotations":[{"id":1,"image_id":7,"category_id":3,"bbox":[10,20,30,40.5],"iscrowd":0},{"id":2,"image_id":8,"category_id":3,"bbox":[1,1,1,1]},
{"id":3,"image_id":7,"category_id":3,"bbox":[1,1,1]},{"id":4,"image_id":7,"category_id":9,"bbox":[1,1,1,1]},{"id":5,"image_id":7,"category_id":3,"bbox":[1,1,1,1],"iscrowd":1}]}`

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		text, file string
		want       []perturb.Box
		left       []string
	}{
		"voc": {voc, "Annotations/2007_1.xml", []perturb.Box{
			{Picture: "2007_1.jpg", Width: 500, Height: 300, Class: "dog", Rect: image.Rect(0, 0, 500, 300)},
			{Picture: "2007_1.jpg", Width: 500, Height: 300, Class: "cat", Rect: image.Rect(10, 20, 500, 40)},
		}, []string{"object 3: it lies outside", "object 4: it has no area", "object 5: it has no bndbox"}},
		"voc without a name": {`<annotation><object><name>n01</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>`, "x/val_3.xml",
			[]perturb.Box{{Picture: "val_3", Class: "n01", Rect: image.Rect(0, 1, 3, 4)}}, nil},
		"coco": {coco, "c.json", []perturb.Box{{Picture: "a.jpg", Width: 100, Height: 80, Class: "dog", Rect: image.Rect(10, 20, 40, 61)}},
			[]string{"annotation 2: its image", "annotation 3: it has no bbox", "annotation 4: it has no class", "annotation 5: it marks a crowd"}},
		"csv": {"file,xmin,ymin,xmax,ymax,class\na.jpg,1,2,3,4,dog\na.jpg,5,5,5,9,dog\na.jpg,NaN,5,6,9,dog\n", "c.csv",
			[]perturb.Box{{Picture: "a.jpg", Class: "dog", Rect: image.Rect(1, 2, 3, 4)}}, []string{"line 3: it has no area", "line 4: its corners"}},
		"csv sizes": {"label;image;x;y;w;h;width;height\ndog;d/a.jpg;90;2;30;4;100;50\n", "c.csv",
			[]perturb.Box{{Picture: "d/a.jpg", Width: 100, Height: 50, Class: "dog", Rect: image.Rect(90, 2, 100, 6)}}, nil},
	} {
		var s Set
		if err := s.Read(c.file, []byte(c.text)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(s.Boxes, c.want) {
			t.Errorf("%s: %+v", name, s.Boxes)
		}
		if len(s.LeftOut) != len(c.left) {
			t.Errorf("%s: left out %v", name, s.LeftOut)
		}
		for i, want := range c.left {
			if got := fmt.Sprintf("%s: %s", s.LeftOut[i].Name, s.LeftOut[i].Why); !strings.Contains(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if len(c.want) > 0 {
			for _, called := range []string{c.want[0].Picture, "other/" + strings.TrimPrefix(c.want[0].Picture, "d/")} {
				if got := s.Of(called); len(got) != len(c.want) {
					t.Errorf("%s: %d boxes of %s", name, len(got), called)
				}
			}
		}
		if s.Of("nobody.jpg") != nil {
			t.Errorf("%s: boxes of a picture that has none", name)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":      {" ", "empty"},
		"xml":        {"<html></html>", "Pascal VOC"},
		"broken xml": {"<annotation>", "Pascal VOC"},
		"json":       {`{"a":1}`, "no images"},
		"bad json":   {`{`, "COCO"},
		"columns":    {"a,b\n1,2\n", "no column is called file"},
		"no size":    {"file,class,xmin,ymin\n", "xmax and ymax"},
		"text":       {"file,class,xmin,ymin,xmax,ymax\na,b,1,2,x,4\n", "line 2: xmax"},
		"no file":    {"file,class,xmin,ymin,xmax,ymax\n,b,1,2,3,4\n", "line 2: no picture"},
	} {
		var s Set
		if err := s.Read("f", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(voc)
	f.Add(coco)
	f.Add("file,class,xmin,ymin,xmax,ymax\na,b,1,2,3,4\n")
	f.Fuzz(func(t *testing.T, text string) {
		var s Set
		if s.Read("f.x", []byte(text)) != nil {
			return
		}
		for _, b := range s.Boxes {
			if b.Rect.Empty() || b.Class == "" || b.Width > 0 && b.Height > 0 && !b.Rect.In(image.Rect(0, 0, b.Width, b.Height)) {
				t.Errorf("%+v", b)
			}
		}
	})
}
