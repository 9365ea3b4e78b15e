package zoo

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// imageNetCSV lists the 1,000 classes of ILSVRC 2012: index in the usual
// order of networks (by WordNet id), WordNet id, and the first name of the
// WordNet synset.
//
//go:embed imagenet_classes.csv
var imageNetCSV string

var imageNet = sync.OnceValues(func() ([]string, []string) {
	rows, err := csv.NewReader(strings.NewReader(imageNetCSV)).ReadAll()
	if err != nil || len(rows) != 1001 {
		panic(fmt.Sprintf("BUG: zoo: embedded ImageNet classes: %d rows, %v", len(rows), err))
	}
	var names, wnids []string
	for i, row := range rows[1:] {
		if row[0] != strconv.Itoa(i) {
			panic(fmt.Sprintf("BUG: zoo: embedded ImageNet classes: row %d is class %s", i, row[0]))
		}
		wnids, names = append(wnids, row[1]), append(names, row[2])
	}
	return names, wnids
})

// ImageNetLabels are the names and WordNet ids of the 1,000 ImageNet
// classes in the order of the networks' outputs. The caller does not change
// them.
func ImageNetLabels() (names, wnids []string) { return imageNet() }
