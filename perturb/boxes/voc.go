package boxes

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/flipmeter/flipmeter/perturb"
)

// vocFile is an annotation of Pascal VOC, which ILSVRC uses, too. Corners
// count from 1 and the maximum belongs to the box.
type vocFile struct {
	XMLName  xml.Name `xml:"annotation"`
	Filename string   `xml:"filename"`
	Size     struct {
		Width  int `xml:"width"`
		Height int `xml:"height"`
	} `xml:"size"`
	Objects []struct {
		Name string `xml:"name"`
		Box  *struct {
			XMin float64 `xml:"xmin"`
			YMin float64 `xml:"ymin"`
			XMax float64 `xml:"xmax"`
			YMax float64 `xml:"ymax"`
		} `xml:"bndbox"`
	} `xml:"object"`
}

func (s *Set) voc(name string, data []byte) error {
	var f vocFile
	if err := xml.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("it is no annotation like Pascal VOC's: %w", err)
	}
	picture := strings.TrimSpace(f.Filename)
	if own := strings.TrimSuffix(path.Base(name), path.Ext(name)); picture == "" || picture == "%s" {
		picture = own // some of ILSVRC's files don't say
	}
	if picture == "" {
		return errors.New("it does not name its picture")
	}
	for i, o := range f.Objects {
		where := fmt.Sprintf("%s: object %d", picture, i+1)
		if o.Box == nil {
			s.LeftOut = append(s.LeftOut, perturb.LeftOut{Name: where, Why: "it has no bndbox"})
			continue
		}
		b := perturb.Box{Picture: picture, Width: f.Size.Width, Height: f.Size.Height, Class: strings.TrimSpace(o.Name)}
		s.add(b, o.Box.XMin-1, o.Box.YMin-1, o.Box.XMax, o.Box.YMax, where)
	}
	return nil
}
