package laboratory

import (
	"slices"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/report/table"
)

// Settings say what to measure on which pictures.
type Settings struct {
	Experiments []string // translate, …
	Pictures    []string // files, folders and videos
	Frames      int      // taken of each video
	Limit       int      // of pictures, evenly; 0: all
	// Consecutive takes the first frames of videos, not evenly, and counts
	// flips between neighbours. Sequences does the same with the pictures of
	// a folder, which may as well have nothing to do with each other.
	Consecutive, Sequences bool
	Truth                  string   // file; empty: the folders' names, where they are classes
	Boxes                  []string // annotation files and folders of them

	Models []string // names or files; none: the preferred one that is installed
	// ForceRandom allows networks with random weights.
	ForceRandom bool

	Translation    perturb.Translation
	Scale, Rescale perturb.Scaling
	TTA            perturb.Averaging
	Layers         perturb.Translation // always a sweep

	all bool // see All

	Out    string // folder, which must exist
	Tables string
	Resume bool

	Tool string // what probe.json calls the program
}

// DefaultSettings are the paper's.
func DefaultSettings() Settings {
	return Settings{
		Frames: 50, Out: "flipmeter-probe", Tables: string(table.Parquet),
		Translation: perturb.DefaultTranslation(perturb.Sweep),
		Scale:       perturb.DefaultScale(), Rescale: perturb.DefaultRescale(),
		TTA: perturb.DefaultAveraging(), Layers: perturb.DefaultTranslation(perturb.Sweep),
	}
}

// Validate says what can't be done, in the words of the command line.
func (o *Settings) Validate() error {
	switch {
	case len(o.Pictures) == 0 && o.needsModel():
		return bad("no pictures: name picture files, folders of pictures or video files")
	case slices.Contains(o.Pictures, ""):
		return bad("a source of pictures is an empty text")
	case o.Out == "":
		return bad("--out must name a folder")
	case o.Frames < 1:
		return bad("--frames must be at least 1, got %d", o.Frames)
	case o.Limit < 0:
		return bad("--limit must not be negative, got %d", o.Limit)
	case !table.Format(o.Tables).Valid():
		return bad("--tables must be parquet, csv, jsonl or none, got %q", o.Tables)
	}
	if slices.Contains(o.Experiments, "translate") {
		if err := o.Translation.Validate(); err != nil {
			return bad("%w", err)
		}
		if o.Translation.Protocol == perturb.BBox && len(o.Boxes) == 0 {
			return bad("the protocol bbox needs --boxes: annotations as Pascal VOC's XML, COCO's JSON or CSV")
		}
	}
	for name, s := range map[string]*perturb.Scaling{"scale": &o.Scale, "rescale": &o.Rescale} {
		if slices.Contains(o.Experiments, name) {
			if err := s.Validate(); err != nil {
				return bad("%w", err)
			}
		}
	}
	if slices.Contains(o.Experiments, "layers") {
		if err := o.Layers.Validate(); err != nil {
			return bad("%w", err)
		}
	}
	if slices.Contains(o.Experiments, "tta") {
		if err := o.TTA.Validate(); err != nil {
			return bad("%w", err)
		}
	}
	return nil
}

// needsModel says that some experiment asks a classifier.
func (o *Settings) needsModel() bool {
	return slices.ContainsFunc(o.Experiments, func(name string) bool { return name != "bias" })
}
