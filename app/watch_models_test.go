package app

import (
	"reflect"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/web/metrics"
)

// Every key of a model's section changes the options that a model is opened
// with, whether analyze opens it or watch.
func TestEveryKeyOfAModelIsUsed(t *testing.T) {
	var none AnalyzeOptions
	none.useModel(&configs.Model{})
	for i := range reflect.TypeFor[configs.Model]().NumField() {
		var m configs.Model
		f := reflect.ValueOf(&m).Elem().Field(i)
		switch {
		case f.CanInt():
			f.SetInt(7)
		case f.Kind() == reflect.String:
			f.SetString("7")
		default:
			t.Fatalf("no value for %s", reflect.TypeFor[configs.Model]().Field(i).Name)
		}
		var o AnalyzeOptions
		o.useModel(&m)
		if reflect.DeepEqual(o, none) {
			t.Errorf("%s changes nothing", reflect.TypeFor[configs.Model]().Field(i).Name)
		}
	}
}

// counted is a classifier that says how much it did.
type counted struct {
	infer.Classifier
	did infer.Stats
}

func (c counted) Stats() infer.Stats { return c.did }

// Runs are counted as the classifier counts them, and one for each frame where
// it doesn't; what closed models did stays in the sum.
func TestRunsOfAllModels(t *testing.T) {
	p := &models{
		gone: infer.Stats{Frames: 5, Batches: 5, Busy: time.Second},
		used: map[configs.Model]*sharedModel{
			{Name: "single"}:  {Classifier: counted{did: infer.Stats{Frames: 10, Busy: time.Second}}},
			{Name: "batched"}: {Classifier: counted{did: infer.Stats{Frames: 24, Batches: 3, Busy: time.Second}}},
			{Name: "opening"}: {},
		},
	}
	if got, want := p.inference(), (metrics.Inference{Frames: 39, Batches: 18, Busy: 3 * time.Second}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
