package onnx

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// choice is what Auto came to.
type choice struct {
	offer Offer
	why   string // why nothing that comes before it
}

// preference is the order in which Auto tries accelerators. Without a wish
// for less than fp32 it takes only what computes in full: a faster precision
// changes labels, and is never chosen for the user.
//
// TensorRT is left to those who ask for it, by name or by its precisions: it
// builds an engine first, which takes long. OpenVINO in fp32 is left to those
// who ask for it, too: it is no faster than the CPU provider (make
// bench-models), which is the one that results are compared with.
func preference(precision string) []Accelerator {
	if precision == "" || precision == "fp32" {
		return []Accelerator{CUDA, CPU}
	}
	return []Accelerator{TensorRT, OpenVINO, CPU}
}

// choose picks from the offers of all libraries, in the order of preference.
// CPU is always among them, and what it can't do is said when the model is
// opened.
func (s *surveyor) choose(offers []Offer, precision string) choice {
	var reasons []string
	for _, a := range preference(precision) {
		var missing string
		for _, o := range offers {
			switch why := o.Refuses(precision); {
			case o.Accelerator != a || why != "" && o.absent:
			case why != "":
				missing = orText(missing, why)
			default:
				return choice{o, strings.Join(reasons, "; ")}
			}
		}
		if missing == "" && providerParts[a].fetch == "cuda" && len(s.machine.GPUs) == 0 {
			missing = noGPU
		} else if missing == "" {
			missing = fmt.Sprintf("not installed (make ort ACCEL=%s)", providerParts[a].fetch)
		}
		reasons = append(reasons, fmt.Sprintf("%s: %s", a, missing))
	}
	return choice{Offer{Accelerator: CPU}, strings.Join(reasons, "; ")}
}

// Refuses says why an accelerator can't run in a precision, "" if it can.
func (o *Offer) Refuses(precision string) string {
	switch {
	case o.Missing != "":
		return o.Missing
	case o.Accelerator == CPU || precision == "" || slices.Contains(o.Precisions, precision):
		return ""
	case o.Accelerator == OpenVINO && (precision == "bf16" || precision == "fp16"):
		return fmt.Sprintf("%s does not compute in %s, and OpenVINO would take fp32 in silence", o.Device, precision)
	default:
		return fmt.Sprintf("it has no precision %q (%s)", precision, strings.Join(o.Precisions, ", "))
	}
}

// text is the choice as a person is told it.
func (c choice) text() string {
	s := string(c.offer.Accelerator)
	if c.offer.Device != "" {
		s += " on " + c.offer.Device
	}
	if c.why != "" {
		s += " (" + c.why + ")"
	}
	return s
}

// order puts the library first that has the accelerator that is wanted, or if
// others are wanted beside it, all of them, and says what was found in each.
// Names for the system's loader are not looked into.
func (s *surveyor) order(paths []string, cfg Config) ([]string, []Offer) {
	var files []string
	for _, p := range paths {
		if filepath.IsAbs(p) || strings.ContainsRune(p, filepath.Separator) {
			files = append(files, p)
		}
	}
	offers := s.offers(files)
	best := s.libraryOfAll(offers, cfg)
	if best == "" {
		best = s.libraryOf(offers, cfg.Accelerator, cfg.Precision)
	}
	i := slices.Index(paths, best)
	if i < 0 {
		return paths, offers
	}
	return append([]string{best}, slices.Delete(slices.Clone(paths), i, i+1)...), offers
}

// libraryOf is the library that has an accelerator, "" if none has it.
func (s *surveyor) libraryOf(offers []Offer, a Accelerator, precision string) string {
	if a == "" || a == Auto {
		return s.choose(offers, precision).offer.Library
	}
	for _, o := range offers {
		if o.Accelerator == a && o.Missing == "" {
			return o.Library
		}
	}
	return ""
}

// libraryOfAll is the library that has all that is wanted at the same time,
// "" if only one thing is, or if none has it all. Auto is content with what
// the others want.
func (s *surveyor) libraryOfAll(offers []Offer, cfg Config) string {
	wanted := append([]Accelerator{cfg.Accelerator}, cfg.Beside...)
	wanted = slices.DeleteFunc(wanted, func(a Accelerator) bool { return a == "" || a == Auto })
	if len(cfg.Beside) == 0 || len(wanted) == 0 {
		return ""
	}
	for _, o := range offers {
		if !slices.ContainsFunc(wanted, func(a Accelerator) bool {
			return !slices.ContainsFunc(offers, func(p Offer) bool {
				return p.Library == o.Library && p.Accelerator == a && p.Missing == ""
			})
		}) {
			return o.Library
		}
	}
	return ""
}
