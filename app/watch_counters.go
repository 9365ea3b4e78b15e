package app

import (
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/web/metrics"
)

// childCauses are the losses after which a decoding process is started anew
// because of itself.
func childCauses() []ingest.Cause { return []ingest.Cause{ingest.CauseCrash, ingest.CauseHang} }

// counters are the metrics of a camera, all that can be counted at zero: an
// increase over a series that was not there before is not known.
func (w *watching) counters(camera string) *metrics.Camera {
	c := w.metrics.Camera(camera)
	c.Losses(words(ingest.Causes()), words(childCauses()), words(ingest.DropReasons()))
	return c
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}
