package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/table"
)

// Side is a saved run: one side of a comparison. It holds no open file.
type Side struct {
	Name    string // unique within a comparison
	Dir     string
	Summary *report.Summary

	frames, flips string // files; flips is "" where there is no such table
	format        table.Format
}

// Open reads a run's summary and looks for its tables. The error says in one
// line what is missing and what to do.
func Open(dir, name string) (*Side, error) {
	data, err := os.ReadFile(filepath.Join(dir, report.SummaryName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no %s: name an output folder of flipmeter analyze or score", dir, report.SummaryName)
	}
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	sum := new(report.Summary)
	if err := json.Unmarshal(data, sum); err != nil {
		return nil, fmt.Errorf("read run %s: %s is damaged: %w", dir, report.SummaryName, err)
	}
	if sum.Schema != report.Schema {
		return nil, fmt.Errorf("read run %s: its %s has the schema %q, this program reads %q", dir, report.SummaryName, sum.Schema, report.Schema)
	}
	s := &Side{Name: name, Dir: dir, Summary: sum}
	if err := s.findTables(); err != nil {
		return nil, err
	}
	return s, nil
}

// findTables looks for the frames table in each format. Two of them mean that
// one is older than the summary, and nobody knows which.
func (s *Side) findTables() error {
	for _, format := range []table.Format{table.Parquet, table.CSV, table.JSONL} {
		path := filepath.Join(s.Dir, table.FramesName+"."+string(format))
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if s.frames != "" {
			return fmt.Errorf("%s holds both %s and %s: remove the one that is older than %s",
				s.Dir, filepath.Base(s.frames), filepath.Base(path), report.SummaryName)
		}
		s.frames, s.format = path, format
	}
	if s.frames == "" {
		return fmt.Errorf("%s holds no table of frames: repeat the run without --tables none", s.Dir)
	}
	s.addFlips(s.Dir)
	return nil
}

func (s *Side) addFlips(dir string) {
	path := filepath.Join(dir, table.FlipsName+"."+string(s.format))
	if _, err := os.Stat(path); err == nil {
		s.flips = path
	}
}

// FromTables is a run that is not put in place yet: its tables lie in dir.
func FromTables(dir, name string, sum *report.Summary) (*Side, error) {
	s := &Side{Name: name, Dir: dir, Summary: sum}
	return s, s.findTables()
}

// stream is the summary of the i-th stream, in the order of the tables.
func (s *Side) stream(i int) *report.StreamSummary { return &s.Summary.Streams[i] }
