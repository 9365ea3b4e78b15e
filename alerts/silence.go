package alerts

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Silence keeps alerts from being told for some time. The rules go on
// judging; what fires when the silence ends is told then.
type Silence struct {
	ID string `json:"id"`
	// Camera and Rule are names, in which * stands for any letters and ?
	// for one; "" is any.
	Camera string    `json:"camera"`
	Rule   string    `json:"rule"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	// Lasting is set where it was asked to hold for a time rather than until
	// a date: it does, wherever the wall clock is set in between.
	Lasting bool `json:"lasting,omitempty"`
	// By is who made it, Comment why.
	By      string `json:"by"`
	Comment string `json:"comment"`
}

// Bounds of what a silence may say.
const (
	MaxSilence   = 90 * 24 * time.Hour
	maxSilences  = 1000
	maxPattern   = 256
	maxComment   = 1024
	maxSilenceBy = 128
)

// Validate says everything that is wrong with a silence, each error with the
// key in front. ID may be empty.
func (s *Silence) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for name, p := range map[string]string{"camera": s.Camera, "rule": s.Rule} {
		_, err := path.Match(escape(p), "")
		check(err == nil && len(p) <= maxPattern, "%s: must be a name or a pattern with * and ?, at most %d letters", name, maxPattern)
	}
	check(s.Until.After(s.From), "until: must be after from")
	check(s.Until.Sub(s.From) <= MaxSilence, "until: must be within %d days after from", int(MaxSilence.Hours())/24)
	check(len(s.By) <= maxSilenceBy, "by: must have at most %d letters", maxSilenceBy)
	check(len(s.Comment) <= maxComment, "comment: must have at most %d letters", maxComment)
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// Covers says whether the silence holds for a rule and a camera at a time.
func (s *Silence) Covers(at time.Time, camera, rule string) bool {
	return !at.Before(s.From) && at.Before(s.Until) && matches(s.Camera, camera) && matches(s.Rule, rule)
}

func matches(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	// A / in a name is a letter like any other.
	ok, err := path.Match(escape(strings.ReplaceAll(pattern, "/", "\x00")), strings.ReplaceAll(name, "/", "\x00"))
	return ok && err == nil
}

// escape leaves * and ? the only letters with a meaning.
func escape(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(pattern)
}
