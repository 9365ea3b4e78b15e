package truth

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Truth says which class each picture shows, as its author wrote it.
type Truth struct {
	// By the file's name without its folder and extension; "" where two
	// files of that name have different classes.
	classes map[string]string
	paths   map[string]string // by the path as it was written
	Name    string            // where it comes from, for messages
}

// Of is what is said of a picture, by its path. A path with folders counts
// before a mere name.
func (t *Truth) Of(picture string) (class string, ok bool) {
	if class, ok = t.paths[picture]; ok {
		return class, true
	}
	class = t.classes[stem(picture)]
	return class, class != ""
}

// Len is the number of pictures that something is said of.
func (t *Truth) Len() int { return len(t.paths) }

// stem is a file's name without its folder and extension, by which Kaggle's
// tables know their pictures.
func stem(p string) string {
	base := path.Base(strings.ReplaceAll(p, `\`, "/"))
	ext := path.Ext(base)
	if strings.ContainsAny(ext, "# ") { // the frame of a video: its number counts
		return base
	}
	return strings.TrimSuffix(base, ext)
}

var (
	fileColumns  = []string{"file", "filename", "file_name", "path", "picture", "image", "imageid", "image_id"}
	classColumns = []string{"label", "class", "wnid", "synset", "truth", "label_index", "predictionstring", "category"}
)

// Parse reads a table of pictures and classes. It may be
//
//   - CSV with a line of column names, one of them for the file (file, path,
//     picture, image, ImageId, …) and one for the class (label, class, wnid, …),
//   - LOC_val_solution.csv or LOC_train_solution.csv of ILSVRC, whose second
//     column begins with the WordNet id,
//   - val.txt and its like: a file name, blanks, and a class on each line.
//
// ILSVRC2012_validation_ground_truth.txt is refused: its numbers are those of
// the development kit, not a model's.
func Parse(name string, data []byte) (*Truth, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	t := &Truth{classes: make(map[string]string), paths: make(map[string]string), Name: name}
	first, _, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	first = strings.TrimSpace(first)
	var err error
	switch {
	case first == "":
		err = errors.New("it is empty")
	case isNumber(first):
		err = errors.New("it lists numbers without pictures, like ILSVRC2012_validation_ground_truth.txt, whose numbers are the development kit's own: give val.txt or LOC_val_solution.csv, or a CSV file with the columns file and label")
	case strings.ContainsAny(first, ",;\t") && !strings.Contains(first, " "), header(first) != nil:
		err = t.csv(data, comma(first))
	default:
		err = t.lines(string(data))
	}
	if err != nil {
		return nil, fmt.Errorf("read truth %s: %w", name, err)
	}
	return t, nil
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

func comma(line string) rune {
	for _, c := range ",;\t" {
		if strings.ContainsRune(line, c) {
			return c
		}
	}
	return ','
}

// header finds the two columns in a line of names; nil where it is none.
func header(line string) []int {
	fields := strings.Split(line, string(comma(line)))
	file, class := -1, -1
	for i, f := range fields {
		f = strings.ToLower(strings.Trim(strings.TrimSpace(f), `"`))
		if file < 0 && slices.Contains(fileColumns, f) {
			file = i
		}
		if class < 0 && slices.Contains(classColumns, f) {
			class = i
		}
	}
	if file < 0 || class < 0 {
		return nil
	}
	return []int{file, class}
}

func (t *Truth) csv(data []byte, comma rune) error {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = comma
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return err
	}
	cols := header(strings.Join(head, string(comma)))
	if cols == nil {
		return fmt.Errorf("line 1: the columns %s name no file and class: call them file and label", strings.Join(head, ", "))
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		class := record[cols[1]]
		if strings.EqualFold(head[cols[1]], "PredictionString") {
			class, _, _ = strings.Cut(strings.TrimSpace(class), " ") // boxes follow
		}
		if err := t.set(line, record[cols[0]], class); err != nil {
			return err
		}
	}
}

func (t *Truth) lines(text string) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		at := strings.LastIndexAny(line, " \t")
		if at < 0 {
			return fmt.Errorf("line %d: %.60q is not a file name, a blank and a class", n, line)
		}
		if err := t.set(n, line[:at], line[at+1:]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Truth) set(line int, file, class string) error {
	file, class = strings.TrimSpace(file), strings.TrimSpace(class)
	if file == "" || class == "" {
		return fmt.Errorf("line %d: a file name or a class is missing", line)
	}
	file = strings.TrimPrefix(strings.ReplaceAll(file, `\`, "/"), "./")
	if old, ok := t.paths[file]; ok && old != class {
		return fmt.Errorf("line %d: %s is said to be both %s and %s", line, file, old, class)
	}
	t.paths[file] = class
	if old, ok := t.classes[stem(file)]; ok && old != class {
		class = "" // only the path tells them apart
	}
	t.classes[stem(file)] = class
	return nil
}

// Folders takes the name of the folder that a picture lies in as its class,
// for pictures that lie in one.
func Folders(pictures []string) *Truth {
	t := &Truth{classes: make(map[string]string), paths: make(map[string]string), Name: "the names of folders"}
	for _, p := range pictures {
		if dir := path.Base(path.Dir(p)); dir != "." && dir != "/" {
			t.paths[p] = dir
		}
	}
	return t
}
