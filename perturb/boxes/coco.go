package boxes

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/perturb"
)

// cocoFile is COCO's instances_*.json: boxes are x, y, width, height, from 0.
type cocoFile struct {
	Images []struct {
		ID       int64  `json:"id"`
		FileName string `json:"file_name"`
		Width    int    `json:"width"`
		Height   int    `json:"height"`
	} `json:"images"`
	Annotations []struct {
		ID         int64     `json:"id"`
		ImageID    int64     `json:"image_id"`
		CategoryID int64     `json:"category_id"`
		BBox       []float64 `json:"bbox"`
		Crowd      int       `json:"iscrowd"`
	} `json:"annotations"`
	Categories []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"categories"`
}

func (s *Set) coco(_ string, data []byte) error {
	var f cocoFile
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("it is no file like COCO's: %w", err)
	}
	if len(f.Images) == 0 || len(f.Categories) == 0 {
		return errors.New("it is no file like COCO's: it lists no images, or no categories")
	}
	images := make(map[int64]int, len(f.Images))
	for i, m := range f.Images {
		images[m.ID] = i
	}
	names := make(map[int64]string, len(f.Categories))
	for _, c := range f.Categories {
		names[c.ID] = c.Name
	}
	for _, a := range f.Annotations {
		where := fmt.Sprintf("annotation %d", a.ID)
		drop := func(why string) { s.LeftOut = append(s.LeftOut, perturb.LeftOut{Name: where, Why: why}) }
		i, ok := images[a.ImageID]
		switch {
		case !ok:
			drop("its image is not in the file")
		case len(a.BBox) != 4:
			drop("it has no bbox of four numbers")
		case a.Crowd != 0:
			drop("it marks a crowd, not an object")
		default:
			m := f.Images[i]
			b := perturb.Box{Picture: m.FileName, Width: m.Width, Height: m.Height, Class: names[a.CategoryID]}
			s.add(b, a.BBox[0], a.BBox[1], a.BBox[0]+a.BBox[2], a.BBox[1]+a.BBox[3], m.FileName+": "+where)
		}
	}
	return nil
}
