package labels

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxAnnotation bounds the size of an annotation, in bytes.
const maxAnnotation = 16 << 20

// annotation is the part that is read of the XML of PASCAL VOC and of the
// ILSVRC video data: the objects in a frame, each with its class and box.
type annotation struct {
	XMLName xml.Name `xml:"annotation"`
	Objects []struct {
		Name string `xml:"name"`
		Box  struct {
			XMin float64 `xml:"xmin"`
			XMax float64 `xml:"xmax"`
			YMin float64 `xml:"ymin"`
			YMax float64 `xml:"ymax"`
		} `xml:"bndbox"`
	} `xml:"object"`
}

// annotatedLabels are the classes of the objects in a frame, or that of the
// largest one by the area of its box; of equal ones the first in the order of
// their names. A frame without an object has none.
func annotatedLabels(path string, all bool) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read annotation: %w", err)
	}
	defer f.Close()
	names, largest, err := parseAnnotation(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if all || len(names) == 0 {
		return names, nil
	}
	return []string{largest}, nil
}

// parseAnnotation lists the objects' names, and the largest one's.
func parseAnnotation(r io.Reader) (names []string, largest string, err error) {
	var a annotation
	if err := xml.NewDecoder(io.LimitReader(r, maxAnnotation)).Decode(&a); err != nil {
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			return nil, "", fmt.Errorf("line %d: not an annotation: %s", syntax.Line, syntax.Msg)
		}
		return nil, "", fmt.Errorf("not an annotation: %w", err)
	}
	area := 0.0
	for _, o := range a.Objects {
		name := strings.TrimSpace(o.Name)
		if name == "" {
			return nil, "", errors.New("an object has no name")
		}
		size := (o.Box.XMax - o.Box.XMin) * (o.Box.YMax - o.Box.YMin)
		if !(size >= 0) {
			return nil, "", fmt.Errorf("the box of %s has the size %v", name, size)
		}
		if names = append(names, name); len(names) == 1 || size > area || size == area && name < largest {
			largest, area = name, size
		}
	}
	return names, largest, nil
}

// annotationNumber is the number of a frame by the name of its annotation:
// the digits at its end, as in 000042.xml.
func annotationNumber(path string) (uint64, error) {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return 0, errors.New("the name of an annotation ends with the number of its frame, as 000042.xml")
	}
	return n, nil
}
