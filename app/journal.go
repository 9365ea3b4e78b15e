package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
)

// openJournal opens the stream's journal. Without --resume an old one is
// removed first.
func (a *analysis) openJournal(source, name string, id report.Identity, probs bool) (*pipeline.Journal, uint64, error) {
	path, err := a.journalPath(name)
	if err != nil {
		return nil, 0, err
	}
	if !a.o.Resume {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, 0, fmt.Errorf("remove the journal of an earlier run: %w", err)
		}
	}
	run, err := runText(source, id, a.o, probs)
	if err != nil {
		return nil, 0, err
	}
	j, epoch, err := pipeline.OpenJournal(path, run, bus.NewEpoch(a.began))
	var other *pipeline.OtherRunError
	if errors.As(err, &other) {
		return nil, 0, fmt.Errorf("the unfinished run in %s is not this one (%s): repeat its options to go on with it, or leave out --resume to start anew",
			a.o.Out, strings.Join(differences(other.Run, run), "; "))
	}
	if err != nil {
		return nil, 0, err
	}
	switch n := j.Records(); {
	case n > 0:
		a.say("%s: going on after %d frames that were analysed before", name, n)
	case a.o.Resume:
		a.say("%s: no unfinished run in %s, so this starts from the beginning", name, a.o.Out)
	}
	return j, epoch, nil
}

// journalPath is where a stream's journal lies. The folder is hidden,
// because it is there only while a run is unfinished.
func (a *analysis) journalPath(name string) (string, error) {
	dir := filepath.Join(a.o.Out, ".resume")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("create folder for the journal: %w", err)
	}
	return filepath.Join(dir, name+".journal"), nil
}

// removeJournals ends the possibility to resume: everything is written.
func (a *analysis) removeJournals() error {
	for _, j := range a.journals {
		if err := j.Remove(); err != nil {
			return fmt.Errorf("remove the journal: %w", err)
		}
		_ = os.Remove(filepath.Dir(j.Path())) // it stays while it holds others
	}
	return nil
}

// runText describes everything that a stream's records depend on, as a JSON
// object whose keys a person knows. probs says that they hold probabilities.
func runText(source string, id report.Identity, o *AnalyzeOptions, probs bool) (string, error) {
	id.Thresholds = nil // records are what the network said, before any threshold
	size, changed := int64(-1), time.Time{}
	if st, err := os.Stat(source); err == nil {
		size, changed = st.Size(), st.ModTime().UTC()
	}
	run := map[string]any{
		"source": source, "size of the source": size, "change of the source": changed,
		"identity": id,
		"--start":  o.Start.String(), "--end": o.End.String(), "--trace": o.Trace, "--fps": o.FPS, "--mask": o.Mask,
	}
	if probs {
		run["--smooth or --recommend by probabilities"] = true
	}
	b, err := json.Marshal(run)
	if err != nil {
		return "", fmt.Errorf("describe the run: %w", err)
	}
	return string(b), nil
}

// differences says where two run texts differ, one phrase a key.
func differences(before, now string) []string {
	var a, b map[string]any
	if json.Unmarshal([]byte(before), &a) != nil || json.Unmarshal([]byte(now), &b) != nil {
		return []string{"it was begun by another version"}
	}
	var out []string
	compareMaps("", a, b, &out)
	slices.Sort(out)
	return out
}

func compareMaps(prefix string, a, b map[string]any, out *[]string) {
	keys := make(map[string]bool, len(a))
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	for k := range keys {
		inA, okA := a[k].(map[string]any)
		inB, okB := b[k].(map[string]any)
		if okA && okB {
			compareMaps(prefix+k+".", inA, inB, out)
			continue
		}
		was, is := jsonText(a[k]), jsonText(b[k])
		if was != is {
			*out = append(*out, fmt.Sprintf("%s%s was %s, is %s", prefix, k, was, is))
		}
	}
}

// jsonText is a value as JSON, shortened where it is long: hashes.
func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	const enough = 60
	if len(b) > enough {
		return string(b[:enough-1]) + "…"
	}
	return string(b)
}
