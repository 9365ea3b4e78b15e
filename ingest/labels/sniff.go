package labels

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Format is how a file holds its rows.
type Format string

// The formats. Auto looks at the file's content, then at its name.
const (
	Auto    Format = "auto"
	CSV     Format = "csv"
	TSV     Format = "tsv"
	JSONL   Format = "jsonl"
	Parquet Format = "parquet"
	List    Format = "list" // one label a line
)

// Formats lists them all.
func Formats() []string {
	return []string{string(Auto), string(CSV), string(TSV), string(JSONL), string(Parquet), string(List)}
}

const parquetMagic = "PAR1"

// sniff finds out the format of a file by its first bytes and its name, and
// the separator of a table.
func sniff(name string, head []byte) (f Format, comma byte, err error) {
	if bytes.HasPrefix(head, []byte(parquetMagic)) {
		return Parquet, 0, nil
	}
	for _, magic := range []string{"\x1f\x8b", "\x28\xb5\x2f\xfd", "PK\x03\x04"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return "", 0, errors.New("it is compressed: unpack it first (gunzip -c FILE | flipmeter score -)")
		}
	}
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte{'\n'})
	line = trimReturn(line)
	if bytes.HasPrefix(line, []byte("{")) {
		return JSONL, 0, nil
	}
	if rest, ok := bytes.CutPrefix(line, []byte("[")); ok {
		if rest = bytes.TrimSpace(rest); len(rest) == 0 || rest[0] == '{' {
			return "", 0, errors.New("it is one JSON array: write one object a line (jq -c '.[]' FILE)")
		}
	}
	comma, named := separator(line)
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		if !named {
			comma = ',' // what is wrong is told with the columns' names
		}
		return CSV, comma, nil
	case ".tsv", ".tab":
		return TSV, '\t', nil
	case ".jsonl", ".ndjson":
		return JSONL, 0, nil
	case ".parquet", ".pq":
		return "", 0, fmt.Errorf("it is no Parquet file: it doesn't begin with %s", parquetMagic)
	}
	switch {
	case named:
		return CSV, comma, nil
	case bytes.ContainsAny(line, ",;\t"):
		return "", 0, fmt.Errorf("what its columns are is not clear: name them in a first line (label …), or say what it is with --format %s",
			strings.Join(Formats()[1:], "|"))
	default:
		return List, 0, nil
	}
}

// separator finds what separates the names of columns; named is false where
// none is known.
func separator(line []byte) (comma byte, named bool) {
	for _, comma := range []byte{',', '\t', ';'} {
		for _, cell := range bytes.Split(line, []byte{comma}) {
			name := string(bytes.Trim(cell, " \""))
			if c, _ := columnOf(name); slices.Contains([]column{colLabel, colLabelIndex, colTop5Index, colProbs}, c) || name == "p0" {
				return comma, true
			}
		}
	}
	return 0, false
}
