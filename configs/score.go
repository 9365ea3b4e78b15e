package configs

import (
	"errors"
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/stability"
)

// Score are the defaults of flipmeter score.
type Score struct {
	Out         string   `yaml:"out" doc:"Folder that the report, the summary and the tables are written into."`
	Tables      string   `yaml:"tables" enum:"parquet|csv|jsonl|none" doc:"Format of the tables of frames and flips: parquet, csv, jsonl or none."`
	Format      string   `yaml:"format" enum:"auto|csv|tsv|jsonl|parquet|list" doc:"Format of the files that are scored: auto looks at them; csv, tsv, jsonl, parquet, or list for one label a line."`
	FPS         float64  `yaml:"fps" min:"0" max:"1000000" doc:"Frames a second of files without times, to make times of. 0 makes none: what needs times is then null."`
	Stride      int      `yaml:"stride" min:"1" max:"100000" doc:"By how much the frames' numbers go on from row to row. More than that is a gap, over which nothing is a flip."`
	Logits      bool     `yaml:"logits" doc:"Vectors of scores are logits, not probabilities."`
	Labels      string   `yaml:"labels" doc:"File with the names of all classes, one a line, or imagenet. Empty: the files say."`
	LabelMap    string   `yaml:"label_map" doc:"File that says which labels are merged, and which ignored. Empty: none. Results with different ones can't be compared."`
	FailOn      []string `yaml:"fail_on" doc:"Conditions that a run must not meet; it exits with 3 if one holds, or if its measure is unknown."`
	MinCoverage float64  `yaml:"min_coverage" min:"0" max:"1" doc:"Share of its time, 0 to 1, that every stream must be covered for by pairs of neighbouring frames; a run exits with 3 below it. 0: any."`

	Smoothing Smoothing `yaml:"smoothing" doc:"What smoothing would leave of the flips."`
	Truth     Truth     `yaml:"truth" doc:"How labels are held against a truth; which one belongs to a run."`
	Measures  Measures  `yaml:"measures" doc:"Thresholds of the measures. Results with different ones can't be compared. No windows: one of ten seconds."`
}

// Validate checks what single keys don't tell.
func (s *Score) Validate() error {
	var errs []error
	if s.Out == "" {
		errs = append(errs, errors.New("out: must name a folder"))
	}
	return errors.Join(append(errs, conditions(s.FailOn)...)...)
}

// conditions are the problems of a fail_on.
func conditions(texts []string) (errs []error) {
	for i, text := range texts {
		if _, err := alerts.ParseCondition(text); err != nil {
			errs = append(errs, fmt.Errorf("fail_on[%d]: %w", i, err))
		}
	}
	return errs
}

// Smoothing says which smoothers are tried as what-ifs.
type Smoothing struct {
	Smoothers []string      `yaml:"smoothers" doc:"Smoothers of which is told what they would leave of the flips, and how late they would follow.\n  smoothers: [three-in-a-row, ema(0.2), \"lock(votes=10,confidence=0,lead=3,switch_after=10)\"]"`
	Recommend bool          `yaml:"recommend" doc:"Search for the smoother that leaves the fewest unexplained flips within max_lag. It keeps all probabilities of every frame in the journal."`
	MaxLag    time.Duration `yaml:"max_lag" min:"0s" doc:"How late a recommended smoother may follow a change. More lag leaves fewer flips."`
}

// Validate reads the smoothers.
func (s *Smoothing) Validate() error {
	var errs []error
	for i, text := range s.Smoothers {
		if _, err := stability.ParseSmoother(text); err != nil {
			errs = append(errs, fmt.Errorf("smoothers[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// Truth says how labels are held against a truth.
type Truth struct {
	Tolerance  int    `yaml:"tolerance" min:"0" max:"100000" doc:"A flip within so many frames of a true change is at it. More forgives a network, or annotations, that come late."`
	Objects    string `yaml:"objects" enum:"largest|all" doc:"Which objects of an annotated frame are right: the largest, or all of them."`
	Background string `yaml:"background" doc:"Label that forms no segment in the segmental scores. Empty: none."`
}
