package labels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/flipmeter/flipmeter/stability"
)

// TruthConfig says where the truth is.
type TruthConfig struct {
	// Path is a table or list, as labels are; or a folder with one for each
	// stream, called like the stream, or with a folder of video annotations
	// for each; or a folder of video annotations.
	Path    string
	Format  Format
	Classes *Classes
	FPS     float64
	// AllObjects makes every class in a frame's annotation right; else that
	// of its largest object is.
	AllObjects bool
	// Resolve, where set, turns the truth's labels into those of the
	// labels: class is the number of a class, or -1 where name is none.
	// ok is false where the label is not known.
	Resolve func(class int32, name string) (label int32, ok bool, err error)
}

// Truth is the truth of a run's streams. Streams are read when they are
// asked for. One goroutine uses it, but for Stream of a truth with Apart.
type Truth struct {
	cfg    TruthConfig
	folder bool
	flat   bool                   // a folder of one stream's annotations
	tracks map[string]*TruthTrack // of a table
	single bool                   // the table has one stream, without a name
	used   string                 // the stream that got it
}

// OpenTruth looks at a truth, and reads it unless it is a folder.
func OpenTruth(ctx context.Context, cfg TruthConfig) (*Truth, error) {
	st, err := os.Stat(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("open truth: %w", err)
	}
	t := &Truth{cfg: cfg, folder: st.IsDir()}
	if t.folder {
		t.flat = len(annotationsIn(cfg.Path)) > 0
		return t, nil
	}
	t.tracks, t.single, err = t.readTable(ctx, cfg.Path)
	return t, err
}

// Apart says whether each stream has a file or folder of its own, which may
// be read side by side with others as far as the labels are known.
func (t *Truth) Apart() bool { return t.folder && !t.flat }

// Stream is the truth of a stream; an error where there is none.
func (t *Truth) Stream(ctx context.Context, name string) (*TruthTrack, error) {
	if t.folder {
		return t.fromFolder(ctx, name)
	}
	if t.single {
		if t.used != "" && t.used != name {
			return nil, fmt.Errorf("%s: the truth has no column stream, and there are several: %s, %s", t.cfg.Path, t.used, name)
		}
		t.used = name
		return t.tracks[""], nil
	}
	track, ok := t.tracks[name]
	if !ok {
		return nil, fmt.Errorf("%s: there is no truth of stream %q", t.cfg.Path, name)
	}
	return track, nil
}

// tableEndings are the endings of tables in a folder of truths.
var tableEndings = [...]string{".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".txt"}

// fromFolder finds and reads the truth of one stream.
func (t *Truth) fromFolder(ctx context.Context, name string) (*TruthTrack, error) {
	if name != filepath.Base(name) || name == ".." || name == "." {
		return nil, fmt.Errorf("%s: no file can be called like stream %q: give one table with a column stream", t.cfg.Path, name)
	}
	for _, ending := range tableEndings {
		path := filepath.Join(t.cfg.Path, name+ending)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		tracks, single, err := t.readTable(ctx, path)
		if err != nil {
			return nil, err
		}
		track, ok := tracks[name]
		if single {
			track, ok = tracks[""], true
		}
		if !ok {
			return nil, fmt.Errorf("%s: there is no truth of stream %q", path, name)
		}
		return track, nil
	}
	for _, dir := range []string{filepath.Join(t.cfg.Path, name), t.cfg.Path} {
		files := annotationsIn(dir)
		if len(files) == 0 {
			continue
		}
		if dir == t.cfg.Path {
			if t.used != "" && t.used != name {
				return nil, fmt.Errorf("%s: these annotations are of one stream, and there are several: %s, %s", dir, t.used, name)
			}
			t.used = name
		}
		return t.readAnnotations(ctx, files)
	}
	return nil, fmt.Errorf("%s: there is no truth of stream %q: neither a table %s.csv (or .jsonl, .parquet, .txt) nor a folder %s of annotations", t.cfg.Path, name, name, name)
}

// readTable reads a table or list of any format.
func (t *Truth) readTable(ctx context.Context, path string) (tracks map[string]*TruthTrack, single bool, err error) {
	sets := newRowSets()
	cfg := Config{Path: path, Format: t.cfg.Format, Classes: t.cfg.Classes, FPS: t.cfg.FPS, Stride: 1 << 30, sets: sets}
	if t.cfg.Resolve != nil {
		cfg.alias = t.alias
	}
	f, err := Open(cfg)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	tracks = make(map[string]*TruthTrack)
	b := NewBatch()
	for {
		err := f.ReadBatch(ctx, b)
		for i := range b.N {
			name := b.Names[b.Stream[i]]
			track := tracks[name]
			if track == nil {
				track = &TruthTrack{name: path, facts: f.Facts()}
				tracks[name] = track
			}
			o := &b.Obs[i]
			e := t.resolve(o, sets.of(o.Label), &track.sets)
			if e == nil {
				e = track.add(o)
			}
			if e != nil {
				return nil, false, f.At(b.Line[i], e)
			}
		}
		if errors.Is(err, io.EOF) {
			return tracks, !f.Facts().Streams, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
}

// alias is asked for names that the list of labels lacks: what is left of
// them is a label below NoLabel until it is resolved.
func (t *Truth) alias(name []byte) (int32, error) {
	label, ok, err := t.cfg.Resolve(-1, string(name))
	if err != nil || !ok {
		return 0, err
	}
	return aliasBase - label, nil
}

// aliasBase is the label of alias 0; others are below.
const aliasBase = stability.NoLabel - 1

// resolve turns the label of a row of the truth, or the several ones that it
// allows, into one of the labels, or a set of them.
func (t *Truth) resolve(o *stability.Observation, row []int32, sets *stability.TruthSets) (err error) {
	if len(row) == 1 {
		o.Label, err = t.resolved(row[0])
		return err
	}
	known := make([]int32, 0, len(row))
	for _, l := range row {
		l, err := t.resolved(l)
		if err != nil {
			return err
		}
		if l != stability.NoLabel {
			known = append(known, l)
		}
	}
	o.Label, err = sets.Add(known)
	return err
}

func (t *Truth) resolved(label int32) (int32, error) {
	switch {
	case label == stability.NoLabel || t.cfg.Resolve == nil:
		return label, nil
	case label < stability.NoLabel:
		return aliasBase - label, nil
	}
	l, ok, err := t.cfg.Resolve(label, t.cfg.Classes.Name(label))
	if err == nil && !ok {
		l = stability.NoLabel
	}
	return l, err
}

// readAnnotations reads the annotations of a stream's frames, one a file.
func (t *Truth) readAnnotations(ctx context.Context, files []string) (*TruthTrack, error) {
	type numbered struct {
		seq  uint64
		path string
	}
	var list []numbered
	for _, path := range files {
		seq, err := annotationNumber(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, numbered{seq, path})
	}
	slices.SortFunc(list, func(a, b numbered) int { return int(min(max(int64(a.seq)-int64(b.seq), -1), 1)) })
	track := &TruthTrack{name: filepath.Dir(files[0]), facts: Facts{Seqs: true}}
	if err := t.cfg.Classes.take(false, track.name); err != nil {
		return nil, fmt.Errorf("%s: %w", track.name, err)
	}
	for i, a := range list {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if i > 0 && list[i-1].seq == a.seq {
			return nil, fmt.Errorf("%s: frame %d is there twice, also as %s", a.path, a.seq, filepath.Base(list[i-1].path))
		}
		names, err := annotatedLabels(a.path, t.cfg.AllObjects)
		if err != nil {
			return nil, err
		}
		o := unknownObservation()
		o.Seq = a.seq
		if err = t.labelOf(names, &o, &track.sets); err == nil {
			err = track.add(&o)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.path, err)
		}
	}
	return track, nil
}

// labelOf gives a frame the labels of the names in its annotation.
func (t *Truth) labelOf(names []string, o *stability.Observation, sets *stability.TruthSets) error {
	cfg := Config{Classes: t.cfg.Classes}
	if t.cfg.Resolve != nil {
		cfg.alias = t.alias
	}
	row := make([]int32, 0, len(names))
	for _, name := range names {
		l, err := cfg.labelOfName([]byte(name))
		if err != nil {
			return err
		}
		row = append(row, l)
	}
	return t.resolve(o, row, sets)
}

// annotationsIn are the annotations in a folder.
func annotationsIn(dir string) []string {
	files, err := filepath.Glob(filepath.Join(globEscape(dir), "*.xml"))
	if err != nil {
		panic("BUG: an escaped pattern: " + err.Error())
	}
	return files
}

func globEscape(path string) string {
	out := make([]byte, 0, len(path))
	for i := range len(path) {
		switch path[i] {
		case '\\', '*', '?', '[':
			out = append(out, '\\')
		}
		out = append(out, path[i])
	}
	return string(out)
}
