package laboratory

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/perturb/truth"
)

// modelPictures are the pictures with the classes of one model: a
// perturb.Source.
type modelPictures struct {
	*pictureList
	classes []int32
}

// Len implements perturb.Source.
func (m *modelPictures) Len() int { return len(m.refs) }

// Name implements perturb.Source.
func (m *modelPictures) Name(i int) string { return m.refs[i].name }

// Class implements perturb.Source.
func (m *modelPictures) Class(i int) int32 { return m.classes[i] }

// Load implements perturb.Source.
func (m *modelPictures) Load(ctx context.Context, i int) (frame.Picture, error) {
	return m.load(ctx, i)
}

// Follows implements perturb.Followed.
func (m *modelPictures) Follows(i int) bool {
	if i == 0 {
		return false
	}
	a, b := m.refs[i-1], m.refs[i]
	if b.frame < 0 {
		return m.sequences && a.frame < 0 && filepath.Dir(a.path) == filepath.Dir(b.path)
	}
	return m.consecutive && a.path == b.path && a.frame == b.frame-1
}

// anyClass says that the class of some picture is known.
func (m *modelPictures) anyClass() bool {
	return slices.ContainsFunc(m.classes, func(c int32) bool { return c >= 0 })
}

// forModel finds the pictures' classes: in the file that the user gives, whose
// content is data, or in the names of the folders that they lie in. With a
// file, a class that the model does not know is an error; a folder may be
// called anything. The notes say what is missing, and what was taken for a
// class.
func (l *pictureList) forModel(m *infer.ModelInfo, file string, data []byte) (*modelPictures, []string, error) {
	out := &modelPictures{l, make([]int32, len(l.refs))}
	t, err := l.truth(file, data)
	if err != nil {
		return nil, nil, err
	}
	classes := truth.NewClasses(m)
	known, example := 0, ""
	for i, r := range l.refs {
		out.classes[i] = truth.Unknown
		name := r.name
		if file == "" {
			name = filepath.ToSlash(r.path)
		}
		said, ok := t.Of(name)
		if !ok {
			continue
		}
		c, err := classes.Find(said)
		switch {
		case err == nil:
			out.classes[i] = c
			if known++; example == "" {
				example = fmt.Sprintf("%s: %s", said, m.Label(c))
			}
		case file != "":
			return nil, nil, bad("--truth %s: %s: %w", file, r.name, err)
		}
	}
	var notes []string
	switch missing := len(l.refs) - known; {
	case file != "" && known == 0:
		return nil, nil, bad("--truth %s says nothing of these pictures: does it name them as their files are called?", file)
	case known > 0 && missing > 0:
		notes = append(notes, fmt.Sprintf("%s: the class of %d of %d pictures is not known: what needs it leaves them out", m.Name, missing, len(l.refs)))
	}
	if file == "" && known > 0 {
		notes = append(notes, fmt.Sprintf("%s: the names of folders were taken for the true classes of %d of %d pictures (%s): move the pictures elsewhere where that is wrong", m.Name, known, len(l.refs), example))
	}
	return out, notes, nil
}

// truth is what the file says, or else the names of the folders.
func (l *pictureList) truth(file string, data []byte) (*truth.Truth, error) {
	if file != "" {
		t, err := truth.Parse(file, data)
		if err != nil {
			return nil, bad("--truth: %w", err)
		}
		return t, nil
	}
	names := make([]string, len(l.refs))
	for i, r := range l.refs {
		names[i] = filepath.ToSlash(r.path)
		if r.frame >= 0 {
			names[i] = ""
		}
	}
	return truth.Folders(names), nil
}
