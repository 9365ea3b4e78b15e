// Package suite holds clips to expectations: a manifest in YAML names them, a
// function of the caller measures each, and every expectation becomes a
// verdict that package junit can write for a CI's own display.
//
// It knows neither how a clip is measured nor which fields a summary has.
package suite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// Manifest is a list of clips with what is expected of them.
type Manifest struct {
	Defaults Defaults `yaml:"defaults" doc:"What holds for every clip that doesn't say otherwise."`
	Clips    []Clip   `yaml:"clips" required:"true" doc:"The clips."`
}

// Defaults go before each clip's own.
type Defaults struct {
	Expect        []string          `yaml:"expect" doc:"Conditions that every clip must meet, beside its own."`
	MinCoverage   float64           `yaml:"min_coverage" min:"0" max:"1" doc:"Share of the time that must be covered by pairs."`
	AllowIdentity []string          `yaml:"allow_identity" doc:"Parts of the identity that may differ from a baseline's."`
	With          map[string]string `yaml:"with" doc:"Options of the measurement, as flags without their dashes. A clip's own go before them."`
}

// Clip is something to measure.
type Clip struct {
	Name string `yaml:"name" doc:"What it is called; the file's name unless given."`
	File string `yaml:"file" required:"true" doc:"The footage or the labels, relative to the manifest."`
	// Expect are conditions that must hold.
	Expect        []string          `yaml:"expect" doc:"Conditions that must hold, such as flip_fraction<0.05 or delta.mac.low<=0. What is null never holds."`
	MinCoverage   *float64          `yaml:"min_coverage" min:"0" max:"1" doc:"Share of the time that must be covered by pairs."`
	Baseline      string            `yaml:"baseline" doc:"Folder of a saved run that it is compared with, relative to the manifest."`
	AllowIdentity []string          `yaml:"allow_identity" doc:"Parts of the identity that may differ from the baseline's."`
	With          map[string]string `yaml:"with" doc:"Options of the measurement, as flags without their dashes."`

	conditions []alerts.Condition
}

// Load reads a manifest and puts the defaults in. Check says what is wrong
// with a condition, or nil; the error tells everything that is wrong, one line
// a problem.
func Load(name string, data []byte, check func(c alerts.Condition, clip *Clip) error) (*Manifest, error) {
	m := &Manifest{}
	if err := strictyaml.Decode(name, data, m); err != nil {
		return nil, err
	}
	dir := filepath.Dir(name)
	var errs []error
	seen := make(map[string]bool)
	for i := range m.Clips {
		c := &m.Clips[i]
		if c.File == "" {
			errs = append(errs, fmt.Errorf("%s: clips[%d].file: must not be empty", name, i))
		}
		c.settle(&m.Defaults, dir)
		if c.Name != folder(c.Name) {
			errs = append(errs, fmt.Errorf("%s: clips[%d].name: a folder is called like it: no / \\ : ? in it and no dot before it, got %q", name, i, c.Name))
		}
		if seen[c.Name] {
			errs = append(errs, fmt.Errorf("%s: clips[%d].name: another clip is called %s: give it a name of its own", name, i, c.Name))
		}
		seen[c.Name] = true
		for k, text := range c.Expect {
			condition, err := alerts.ParseCondition(text)
			if err == nil {
				err = check(condition, c)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: clip %s: expect[%d]: %w", name, c.Name, k, err))
			}
			c.conditions = append(c.conditions, condition)
		}
	}
	return m, errors.Join(errs...)
}

// Validate checks what single keys don't tell.
func (m *Manifest) Validate() error {
	if len(m.Clips) == 0 {
		return errors.New("clips: want at least one")
	}
	return nil
}

// settle puts the defaults in and makes paths relative to here.
func (c *Clip) settle(d *Defaults, dir string) {
	if c.Name == "" {
		base := filepath.Base(c.File)
		c.Name = folder(strings.TrimSuffix(base, filepath.Ext(base)))
	}
	own := c.Expect
	c.Expect = append(append([]string{}, d.Expect...), own...)
	least := d.MinCoverage
	if c.MinCoverage != nil {
		least = *c.MinCoverage
	}
	if least > 0 {
		c.Expect = append(c.Expect, fmt.Sprintf("streams.*.coverage>=%v", least))
	}
	c.AllowIdentity = append(append([]string{}, d.AllowIdentity...), c.AllowIdentity...)
	with := make(map[string]string)
	for _, options := range []map[string]string{d.With, c.With} {
		for key, value := range options {
			with[key] = value
		}
	}
	c.With = with
	c.File, c.Baseline = from(dir, c.File), from(dir, c.Baseline)
	if c.Baseline == "" {
		c.AllowIdentity = nil
	}
}

// folder is a name that a folder can have.
func folder(name string) string {
	name = strings.TrimLeft(strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:?*"<>|`, r) {
			return '-'
		}
		return r
	}, name), ".")
	if name == "" {
		return "clip"
	}
	return name
}

// from makes a path relative to dir, unless it is absolute or an address such
// as synth:square.
func from(dir, path string) string {
	scheme, _, address := strings.Cut(path, ":")
	if path == "" || filepath.IsAbs(path) || address && len(scheme) > 1 && !strings.ContainsAny(scheme, `/\.`) {
		return path
	}
	return filepath.Join(dir, path)
}

// Judge evaluates an expectation on a clip that was measured: one result, or
// one for each stream.
type Judge func(c alerts.Condition) []alerts.Result

// Measure measures a clip. An error says why it could not be measured.
type Measure func(ctx context.Context, c *Clip) (Judge, error)

// Result is how a whole suite went.
type Result struct {
	Name  string
	Clips []ClipResult
}

// ClipResult is how a clip did.
type ClipResult struct {
	Name     string
	Took     time.Duration
	Err      error // why it was not measured
	Verdicts []Verdict
}

// Verdict is an expectation with what was found.
type Verdict struct {
	Expect  string
	Passed  bool
	Skipped bool // the clip was not measured
	Message string
}

// Run measures the clips one after the other and judges them. It ends early
// with ctx; what was not measured then is skipped. Tell is called after each
// clip; now is the clock.
func (m *Manifest) Run(ctx context.Context, name string, measure Measure, now func() time.Time, tell func(*ClipResult)) *Result {
	res := &Result{Name: name}
	for i := range m.Clips {
		c := &m.Clips[i]
		out := ClipResult{Name: c.Name}
		began := now()
		var judge Judge
		if out.Err = context.Cause(ctx); out.Err == nil {
			judge, out.Err = measure(ctx, c)
		}
		out.Took = now().Sub(began)
		for _, condition := range c.conditions {
			v := Verdict{Expect: condition.String(), Passed: true}
			if out.Err != nil {
				v.Passed, v.Skipped, v.Message = false, true, "the clip was not measured"
			} else {
				v.judge(judge(condition))
			}
			out.Verdicts = append(out.Verdicts, v)
		}
		res.Clips = append(res.Clips, out)
		tell(&out)
	}
	return res
}

// judge joins the results of all streams: all of them must hold.
func (v *Verdict) judge(results []alerts.Result) {
	var messages []string
	for _, r := range results {
		if r.Failed {
			if v.Passed { // forget what held
				messages = nil
			}
			v.Passed = false
		} else if !v.Passed {
			continue
		}
		messages = append(messages, r.Message)
	}
	v.Message = strings.Join(messages, "; ")
}

// Failed counts the expectations that don't hold, and Errors the clips that
// were not measured.
func (r *Result) Failed() (failed, errs int) {
	for i := range r.Clips {
		if r.Clips[i].Err != nil {
			errs++
		}
		for _, v := range r.Clips[i].Verdicts {
			if !v.Passed && !v.Skipped {
				failed++
			}
		}
	}
	return failed, errs
}
