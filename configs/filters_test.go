package configs

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/resample"
)

// TestEveryResizeFunctionCanBeChosen keeps the list of the declaration in step
// with the functions that there are.
func TestEveryResizeFunctionCanBeChosen(t *testing.T) {
	want := append(resample.Names(), "")
	for _, f := range []frame.Filter{frame.FilterNearest, frame.FilterLinear, frame.FilterArea, frame.FilterCubic, frame.FilterLanczos} {
		want = append(want, string(f))
	}
	slices.Sort(want)
	field, ok := reflect.TypeFor[Model]().FieldByName("Resize")
	got := strings.Split(field.Tag.Get("enum"), "|")
	if slices.Sort(got); !ok || !slices.Equal(got, want) {
		t.Errorf("the configuration knows %q, there are %q", got, want)
	}
}
