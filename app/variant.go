package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// variant is one way to classify the footage that is compared: what it does
// differently, in words of the command line.
type variant struct {
	name   string
	change func(o *AnalyzeOptions) error
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

// number sets a field from a text that parse reads.
func number[T any](field func(o *AnalyzeOptions) *T, parse func(string) (T, error)) func(*AnalyzeOptions, string) error {
	return func(o *AnalyzeOptions, value string) error {
		v, err := parse(value)
		if err != nil {
			return fmt.Errorf("%q can't be read as one", value)
		}
		*field(o) = v
		return nil
	}
}

// variantKeys are what a variant may change, with how.
func variantKeys() map[string]func(o *AnalyzeOptions, value string) error {
	text := func(field func(o *AnalyzeOptions) *string) func(*AnalyzeOptions, string) error {
		return func(o *AnalyzeOptions, value string) error {
			*field(o) = value
			return nil
		}
	}
	return map[string]func(*AnalyzeOptions, string) error{
		"on":           func(o *AnalyzeOptions, v string) error { o.Sources = []string{v}; return nil },
		"model":        text(func(o *AnalyzeOptions) *string { return &o.Model }),
		"resize":       text(func(o *AnalyzeOptions) *string { return &o.Resize }),
		"fit":          text(func(o *AnalyzeOptions) *string { return &o.Fit }),
		"accelerator":  text(func(o *AnalyzeOptions) *string { return &o.Accelerator }),
		"precision":    text(func(o *AnalyzeOptions) *string { return &o.Precision }),
		"color-matrix": text(func(o *AnalyzeOptions) *string { return &o.ColorMatrix }),
		"deinterlace":  text(func(o *AnalyzeOptions) *string { return &o.Deinterlace }),
		"roi":          text(func(o *AnalyzeOptions) *string { return &o.Region }),
		"mask":         text(func(o *AnalyzeOptions) *string { return &o.Mask }),
		"cuts":         text(func(o *AnalyzeOptions) *string { return &o.Cuts }),
		"label-map":    text(func(o *AnalyzeOptions) *string { return &o.LabelMap }),
		"smooth": func(o *AnalyzeOptions, v string) error {
			s, err := stability.ParseSmoother(v)
			o.show = &s
			return err
		},
		"tta":       number(func(o *AnalyzeOptions) *int { return &o.TTA }, strconv.Atoi),
		"sessions":  number(func(o *AnalyzeOptions) *int { return &o.Sessions }, strconv.Atoi),
		"stride":    number(func(o *AnalyzeOptions) *int { return &o.Stride }, strconv.Atoi),
		"start":     number(func(o *AnalyzeOptions) *time.Duration { return &o.Start }, time.ParseDuration),
		"end":       number(func(o *AnalyzeOptions) *time.Duration { return &o.End }, time.ParseDuration),
		"fps":       number(func(o *AnalyzeOptions) *float64 { return &o.FPS }, parseFloat),
		"min-score": number(func(o *AnalyzeOptions) *float64 { return &o.Measures.MinScore }, parseFloat),
	}
}

// VariantKeys lists what --variant may change, in order.
func VariantKeys() []string {
	var keys []string
	for key := range variantKeys() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// parseVariant reads "NAME:key=value,key=value". The name may be left out: it
// is then the rest; and the rest may be left out: nothing is changed.
func parseVariant(text string) (variant, error) {
	v := variant{name: strings.TrimSpace(text)}
	rest := v.name
	if name, after, ok := strings.Cut(rest, ":"); ok && !strings.ContainsAny(name, "=,") {
		v.name, rest = strings.TrimSpace(name), after
	}
	if v.name == "" {
		v.name = "as it is"
	}
	type setting struct{ key, value string }
	var settings []setting
	for _, part := range splitOutside(rest) {
		part = strings.TrimSpace(part)
		key, value, ok := strings.Cut(part, "=")
		switch key = strings.TrimSpace(key); {
		case part == "":
		case ok:
			settings = append(settings, setting{key, strings.TrimSpace(value)})
		case len(settings) > 0: // a comma within a value, as in roi=0,0,640,480
			settings[len(settings)-1].value += "," + part
		default:
			return v, fmt.Errorf("%w: --variant %q: want key=value, as in resize=linear", ErrUsage, text)
		}
	}
	keys := variantKeys()
	for _, s := range settings {
		if keys[s.key] == nil {
			return v, fmt.Errorf("%w: --variant %q: %s is not among %s", ErrUsage, text, s.key, strings.Join(VariantKeys(), ", "))
		}
	}
	v.change = func(o *AnalyzeOptions) error {
		for _, s := range settings {
			if err := keys[s.key](o, s.value); err != nil {
				return fmt.Errorf("%w: --variant %q: %s: %w", ErrUsage, text, s.key, err)
			}
		}
		return nil
	}
	return v, nil
}

// splitOutside splits at commas that stand outside of parentheses.
func splitOutside(s string) []string {
	var parts []string
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, s[from:])
}
