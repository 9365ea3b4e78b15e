package page

import (
	"bytes"
	"image"
	"regexp"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/perturb"
)

func exampleChains(picture string, n int) []perturb.Chain {
	var chains []perturb.Chain
	for k := range n {
		c := perturb.Chain{Picture: picture + string(rune('a'+k)), Truth: -1, Reference: 1}
		for i := range 11 {
			s := perturb.Step{At: image.Pt(0, i-5), Reference: float32(i) / 20}
			for r := range 5 {
				s.Top = append(s.Top, infer.Ranked{Index: int32((i/3 + r) % 7), Score: .5 / float32(r+1)})
			}
			if i > 0 {
				v := float32(.25)
				s.Before = &v
			}
			c.Steps = append(c.Steps, s)
		}
		chains = append(chains, c)
	}
	return chains
}

func exampleModel(name string) *infer.ModelInfo {
	return &infer.ModelInfo{Name: name, Labels: []string{"<b>cat</b>", "dog", "c", "d", "e", "f", "g"}}
}

func examplePage() *Page {
	sweep := perturb.DefaultTranslation(perturb.Sweep)
	models := []Moved{}
	for _, name := range []string{"alpha <i>", "beta/../x"} {
		chains := exampleChains("p & ", 3)
		models = append(models, Moved{Model: exampleModel(name), Chains: chains, Measures: perturb.Measure(chains),
			LeftOut: []perturb.LeftOut{{Name: "<script>", Why: "it is damaged"}}, Complete: true})
	}
	models[1].Model.RandomWeights = "1"
	depth := Depth(models, []int{20, 90})
	p := &Page{Title: "Title", Tool: "flipmeter", Warnings: []string{"<u>"}, Facts: []Fact{{"a", "<u>"}}}
	for _, proto := range []perturb.Protocol{perturb.Sweep, perturb.Crop, perturb.Embed, perturb.BBox} {
		t := perturb.DefaultTranslation(proto)
		p.Sections = append(p.Sections, Translate(t, models))
	}
	p.Sections[0].Figures = append(p.Sections[0].Figures, *depth)
	p.Sections = append(p.Sections, Translate(sweep, []Moved{{Model: exampleModel("none")}}))
	return p
}

func TestPage(t *testing.T) {
	var a, b bytes.Buffer
	if err := examplePage().Write(&a); err != nil {
		t.Fatal(err)
	}
	if err := examplePage().Write(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same results give another page")
	}
	text := a.String()
	for _, bad := range []string{"<script>", "<i>", "<u>", "<b>cat", "NaN", "%!", "http://", "https://"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, want := range []string{"VGG16, paper", "0.062", "random weights", "it is damaged", "No picture could be measured", "interrupted", "seed 1", "90 layers"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if regexp.MustCompile(`(?:src|href)="[^#d]`).MatchString(text) {
		t.Error("the page refers to something outside of it")
	}
}

func TestDepthNeedsSeveralModels(t *testing.T) {
	if Depth(nil, nil) != nil || Depth(make([]Moved, 1), []int{3}) != nil || Depth(make([]Moved, 2), []int{3}) != nil {
		t.Error("a figure of one model")
	}
}

func TestFiles(t *testing.T) {
	name := regexp.MustCompile(`^[A-Za-z0-9.-]+\.(svg|png)$`)
	p := examplePage()
	p.Sections = p.Sections[:4]
	seen := map[string]bool{}
	for _, f := range p.Files() {
		if !name.MatchString(f.Name) || seen[f.Name] || strings.HasPrefix(f.Name, ".") {
			t.Errorf("file name %q", f.Name)
		}
		seen[f.Name] = true
		if strings.HasSuffix(f.Name, ".png") && len(seen) > 4 {
			continue // they take their time under the race detector
		}
		var b bytes.Buffer
		if err := f.Write(&b); err != nil || b.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", f.Name, b.Len(), err)
		}
	}
	if len(seen) != 2*(6+1+1+1) {
		t.Errorf("%d files", len(seen))
	}
}
