package report

import (
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// Thresholds are the choices that the measures of a run depend on.
type Thresholds struct {
	MinScore    float64 `json:"min_score"` // 0 to 1
	DwellMinMs  float64 `json:"dwell_min_ms"`
	GlitchMaxMs float64 `json:"glitch_max_ms"`
	NearCutMs   float64 `json:"near_cut_ms"`
	MinSceneMs  float64 `json:"min_scene_ms"`
	// Cuts is how cuts were looked for: adaptive, content or off; left out
	// where the input tells them.
	Cuts string `json:"cuts,omitempty"`
}

// ThresholdsOf are those of a tracker's configuration, and how cuts are found.
func ThresholdsOf(cfg *stability.Config, cuts string) *Thresholds {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return &Thresholds{
		MinScore: cfg.MinScore, DwellMinMs: ms(cfg.DwellMin), GlitchMaxMs: ms(cfg.GlitchMax),
		NearCutMs: ms(cfg.NearCut), MinSceneMs: ms(cfg.MinSceneGap), Cuts: cuts,
	}
}
