package report

import (
	"fmt"
	"strconv"
	"strings"
)

// measured tells how the figures came about: enough to repeat them.
func measured(s *stream, sum *StreamSummary, cfg Config) []Detail {
	var d []Detail
	add := func(name, value string) {
		if value != "" {
			d = append(d, Detail{name, value})
		}
	}
	id := sum.Identity
	add("Source", s.cfg.Source.Name)
	if sum.Source.SHA256 != nil {
		add("Source SHA-256", *sum.Source.SHA256)
	}
	add("Decoded by", id.Decoder)
	add("Colour matrix", colorMatrix(id.ColorMatrix, s.cfg.Source.ColorMatrixWhy))
	add("Model", id.Model)
	add("Model SHA-256", id.ModelSHA256)
	add("Preprocessing", preprocessingWords(&id.Preprocessing))
	add("Label map SHA-256", id.Preprocessing.LabelMap)
	add("Inference", strings.Join(nonEmpty(id.Runtime, id.Provider, id.Precision), ", "))
	add("Identity", id.SHA256)
	add("Coverage", coverageWords(sum))
	add("Breaks", breakWords(&sum.Breaks))
	if sum.Repeats > 0 {
		add("Repeated pictures", countWord(sum.Repeats)+" (neither pair nor break)")
	}
	if sum.Cuts >= 0 {
		add("Scene cuts", fmt.Sprintf("%s; the label changed over %s of them, which is no flip", countWord(sum.Cuts), countWord(sum.CutChanges)))
	}
	add("Top-5 distance", fixed(sum.T5D, 2)+" of at most 18 (T5D)")
	add("Label entropy", fixed(sum.EntropyBits, 2)+" bits over "+plural(sum.Labels, "label", "labels"))
	add("Speed", speedWords(&sum.FPS))
	d = append(d, s.cfg.Details...)
	add("Written by", cfg.Tool)
	return d
}

func nonEmpty(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

func colorMatrix(matrix, why string) string {
	if why == "" || matrix == "" {
		return matrix
	}
	return matrix + " (by " + why + ")"
}

func preprocessingWords(p *Preprocessing) string {
	if p.Width == 0 {
		return ""
	}
	words := fmt.Sprintf("%d×%d, %s", p.Width, p.Height, p.Fit)
	if p.ShortSide > 0 {
		words += fmt.Sprintf(" from short side %d", p.ShortSide)
	}
	words += fmt.Sprintf(", %s filter, %s", p.Filter, p.Order)
	if p.Region != "" {
		words += ", region " + p.Region
	}
	if p.Masked {
		words += ", masked"
	}
	if p.Deinterlaced {
		words += ", deinterlaced"
	}
	if p.Stride > 1 {
		words += ", every " + strconv.Itoa(p.Stride) + ". frame"
	}
	return words
}

func coverageWords(sum *StreamSummary) string {
	return percent(sum.Coverage) + " of the time lies in " + plural(sum.Pairs, "pair", "pairs") + " of neighbouring frames"
}

func breakWords(b *BreakCounts) string {
	var parts []string
	for _, r := range []struct {
		n    Count
		name string
	}{{b.Gap, "gap"}, {b.Reconnect, "reconnect"}, {b.Size, "size"}, {b.Model, "model"}, {b.Time, "time"}, {b.Cut, "cut"}} {
		if r.n > 0 {
			parts = append(parts, countWord(r.n)+" "+r.name)
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func speedWords(f *FPSSummary) string {
	var parts []string
	for _, s := range []struct {
		n    Number
		name string
	}{{f.Pipeline, "whole pipeline"}, {f.Infer, "inference"}, {f.Decode, "decoding"}, {f.Preprocess, "preprocessing"}} {
		if s.n.Known() {
			parts = append(parts, fixed(s.n, 1)+" fps "+s.name)
		}
	}
	return strings.Join(parts, ", ")
}
