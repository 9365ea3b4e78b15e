package infer

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

func validModel() ModelInfo {
	return ModelInfo{
		Name:   "efficientnet-lite0",
		Labels: []string{"tench", `a "quoted", <odd> name`}, WNIDs: []string{"n01440764", "n01443537"},
		Preprocessing: Preprocessing{Width: 224, Height: 200, ShortSide: 256, Fit: frame.FitCrop, Filter: frame.FilterArea,
			EvaluatedFilter: "bicubic", Order: "RGB", Mean: [3]float32{127, 123.675, 0.1}, Scale: [3]float32{128, 58.395, 1}, InGraph: true},
		Output: OutputLogits, License: "Apache-2.0", RandomWeights: "7",
	}
}

func TestMetadataRoundTrip(t *testing.T) {
	m := validModel()
	m.Metadata = map[string]string{MetaSourceSHA256: "ab", "other": "kept", MetaLicense: "stale"}
	props, err := EncodeMetadata(&m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeMetadata(props)
	if err != nil {
		t.Fatal(err)
	}
	if got.Metadata["other"] != "kept" || got.Metadata[MetaSourceSHA256] != "ab" || got.License != "Apache-2.0" {
		t.Errorf("metadata %v", got.Metadata)
	}
	m.Metadata, got.Metadata = nil, nil
	if !reflect.DeepEqual(got, m) {
		t.Errorf("got  %+v\nwant %+v", got, m)
	}
	if want := `{"width":224,"height":200,"short_side":256,"fit":"crop","filter":"area","evaluated_filter":"bicubic","order":"RGB","mean":[127,123.675,0.1],"scale":[128,58.395,1],"in_graph":true}`; props[MetaPreprocessing] != want {
		t.Errorf("the names in the file changed:\ngot  %s\nwant %s", props[MetaPreprocessing], want)
	}
}

func TestMetadataLeavesOutWhatIsUnknownAndWhatBelongsToARun(t *testing.T) {
	m := validModel()
	m.Labels, m.WNIDs, m.RandomWeights, m.Output = nil, nil, "", OutputUnknown
	m.SHA256, m.Provider, m.Precision, m.Runtime = "x", "x", "x", "x"
	props, err := EncodeMetadata(&m)
	if err != nil {
		t.Fatal(err)
	}
	if len(props) != 4 { // schema, name, preprocessing, license
		t.Errorf("props %v", props)
	}
}

func TestEncodeMetadataRefuses(t *testing.T) {
	for name, mutate := range map[string]func(*ModelInfo){
		"no name":              func(m *ModelInfo) { m.Name = "" },
		"order":                func(m *ModelInfo) { m.Preprocessing.Order = "GBR" },
		"scale":                func(m *ModelInfo) { m.Preprocessing.Scale[1] = 0 },
		"NaN":                  func(m *ModelInfo) { m.Preprocessing.Mean[2] = float32(math.NaN()) },
		"infinite":             func(m *ModelInfo) { m.Preprocessing.Scale[0] = float32(math.Inf(1)) },
		"width":                func(m *ModelInfo) { m.Preprocessing.Width = 0 },
		"height 0 with squash": func(m *ModelInfo) { m.Preprocessing.Height, m.Preprocessing.Fit = 0, frame.FitSquash },
		"fit":                  func(m *ModelInfo) { m.Preprocessing.Fit = "stretch" },
		"filter":               func(m *ModelInfo) { m.Preprocessing.Filter = "" },
		"short side":           func(m *ModelInfo) { m.Preprocessing.ShortSide = -1 },
		"output":               func(m *ModelInfo) { m.Output = "scores" },
		"wnids":                func(m *ModelInfo) { m.WNIDs = m.WNIDs[:1] },
		"not UTF-8":            func(m *ModelInfo) { m.License = "\xff" },
	} {
		m := validModel()
		mutate(&m)
		if props, err := EncodeMetadata(&m); err == nil {
			t.Errorf("%s: no error, %v", name, props)
		}
	}
}

func TestDecodeMetadataRefuses(t *testing.T) {
	if _, err := DecodeMetadata(map[string]string{"author": "someone"}); !errors.Is(err, ErrNoMetadata) {
		t.Errorf("foreign file: %v", err)
	}
	for key, value := range map[string]string{
		MetaSchema: "2", MetaName: "", MetaLabels: `["a",`, MetaWNIDs: `["a","b","c"]`, MetaOutput: "scores",
		MetaPreprocessing: `{"width":224,"sideways":true}`,
	} {
		m := validModel()
		props, err := EncodeMetadata(&m)
		if err != nil {
			t.Fatal(err)
		}
		props[key] = value
		if m, err := DecodeMetadata(props); err == nil || errors.Is(err, ErrNoMetadata) {
			t.Errorf("%s=%s: %v, %+v", key, value, err, m)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error of several lines: %v", key, err)
		}
	}
}

// FuzzDecodeMetadata: whatever a file says, it is refused or it survives
// being written again.
func FuzzDecodeMetadata(f *testing.F) {
	m := validModel()
	props, err := EncodeMetadata(&m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(props[MetaName], props[MetaLabels], props[MetaWNIDs], props[MetaPreprocessing], props[MetaOutput])
	f.Add("a", "[]", "null", `{"width":1e99}`, "")
	f.Fuzz(func(t *testing.T, name, labels, wnids, pre, output string) {
		in := map[string]string{MetaSchema: MetadataSchema, MetaName: name, MetaLabels: labels,
			MetaWNIDs: wnids, MetaPreprocessing: pre, MetaOutput: output}
		m, err := DecodeMetadata(in)
		if err != nil {
			return
		}
		out, err := EncodeMetadata(&m)
		if err != nil {
			if strings.Contains(err.Error(), "UTF-8") {
				return
			}
			t.Fatalf("decoded but can't be encoded: %v", err)
		}
		again, err := DecodeMetadata(out)
		if err != nil {
			t.Fatal(err)
		}
		again.Metadata, m.Metadata = nil, nil
		if len(m.Labels) == 0 {
			m.Labels, m.WNIDs = nil, nil // an empty list is written as none
		}
		if !reflect.DeepEqual(again, m) {
			t.Fatalf("got %+v, want %+v", again, m)
		}
	})
}
