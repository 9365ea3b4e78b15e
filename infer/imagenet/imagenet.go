// Package imagenet knows the names of ImageNet's 1,000 classes. It knows no
// network.
package imagenet

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// classesCSV lists the 1,000 classes of ILSVRC 2012: index in the usual
// order of networks (by WordNet id), WordNet id, and the first name of the
// WordNet synset.
//
//go:embed classes.csv
var classesCSV string

var classes = sync.OnceValues(func() ([]string, []string) {
	rows, err := csv.NewReader(strings.NewReader(classesCSV)).ReadAll()
	if err != nil || len(rows) != 1001 {
		panic(fmt.Sprintf("BUG: imagenet: embedded ImageNet classes: %d rows, %v", len(rows), err))
	}
	var names, wnids []string
	for i, row := range rows[1:] {
		if row[0] != strconv.Itoa(i) {
			panic(fmt.Sprintf("BUG: imagenet: embedded ImageNet classes: row %d is class %s", i, row[0]))
		}
		wnids, names = append(wnids, row[1]), append(names, row[2])
	}
	return names, wnids
})

// Labels are the names and WordNet ids of the classes, in the usual order of
// networks' outputs. The caller does not change them.
func Labels() (names, wnids []string) { return classes() }
