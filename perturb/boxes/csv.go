package boxes

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/perturb"
)

// columns are what a CSV file may call its columns. Either the maximum or the
// size of a box must be there, counted in pixels from 0; the picture's size
// may be.
var columns = map[string][]string{
	"file":   {"file", "filename", "file_name", "path", "picture", "image", "imageid", "image_id"},
	"class":  {"class", "label", "category", "name", "wnid"},
	"xmin":   {"xmin", "x_min", "left", "x", "x1"},
	"ymin":   {"ymin", "y_min", "top", "y", "y1"},
	"xmax":   {"xmax", "x_max", "right", "x2"},
	"ymax":   {"ymax", "y_max", "bottom", "y2"},
	"w":      {"w", "box_width", "bbox_width"},
	"h":      {"h", "box_height", "bbox_height"},
	"width":  {"width", "picture_width", "image_width"},
	"height": {"height", "picture_height", "image_height"},
}

func (s *Set) csv(_ string, data []byte) error {
	r := csv.NewReader(bytes.NewReader(data))
	r.TrimLeadingSpace = true
	first, _, _ := strings.Cut(string(data), "\n")
	for _, c := range ";\t" {
		if !strings.Contains(first, ",") && strings.ContainsRune(first, c) {
			r.Comma = c
		}
	}
	head, err := r.Read()
	if err != nil {
		return err
	}
	at := make(map[string]int)
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		for key, names := range columns {
			if _, ok := at[key]; !ok && slices.Contains(names, name) {
				at[key] = i
			}
		}
	}
	for _, need := range []string{"file", "class", "xmin", "ymin"} {
		if _, ok := at[need]; !ok {
			return fmt.Errorf("line 1: no column is called %s (or %s)", need, strings.Join(columns[need][1:], ", "))
		}
	}
	_, byMax := at["xmax"]
	_, byMaxY := at["ymax"]
	_, bySize := at["w"]
	_, bySizeY := at["h"]
	if !(byMax && byMaxY) && !(bySize && bySizeY) {
		return errors.New("line 1: it needs columns xmax and ymax, or w and h")
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
		if err := s.record(record, at, byMax && byMaxY, line); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (s *Set) record(record []string, at map[string]int, byMax bool, line int) error {
	number := func(key string) (float64, error) {
		i, ok := at[key]
		if !ok || record[i] == "" {
			return 0, nil
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(record[i]), 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %.40q is not a number", key, record[i])
		}
		return v, nil
	}
	v := make(map[string]float64)
	for _, key := range []string{"xmin", "ymin", "xmax", "ymax", "w", "h", "width", "height"} {
		var err error
		if v[key], err = number(key); err != nil {
			return err
		}
	}
	if !byMax {
		v["xmax"], v["ymax"] = v["xmin"]+v["w"], v["ymin"]+v["h"]
	}
	b := perturb.Box{Picture: strings.TrimSpace(record[at["file"]]), Class: strings.TrimSpace(record[at["class"]])}
	if v["width"] > 0 && v["height"] > 0 && v["width"] < 1<<24 && v["height"] < 1<<24 {
		b.Width, b.Height = int(v["width"]), int(v["height"])
	}
	if b.Picture == "" {
		return errors.New("no picture is named")
	}
	s.add(b, v["xmin"], v["ymin"], v["xmax"], v["ymax"], fmt.Sprintf("%s: line %d", b.Picture, line))
	return nil
}
