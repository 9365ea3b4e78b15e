package labels

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/flipmeter/flipmeter/stability"
)

// tableRow is a row of any table, as Parquet holds it.
type tableRow struct {
	Stream         string    `parquet:"stream,dict" json:"stream"`
	Epoch          uint64    `parquet:"epoch" json:"epoch"`
	Seq            int64     `parquet:"seq" json:"seq"`
	PTSMs          *float64  `parquet:"pts_ms,optional" json:"pts_ms"`
	PTSEstimated   bool      `parquet:"pts_estimated" json:"pts_estimated"`
	LabelIndex     *int32    `parquet:"label_index,optional" json:"label_index"`
	Label          *string   `parquet:"label,optional,dict" json:"label"`
	Score          *float32  `parquet:"score,optional" json:"score"`
	PrevLabelScore *float64  `parquet:"prev_label_score,optional" json:"prev_label_score"`
	Top5Index      []int32   `parquet:"top5_index,list" json:"top5_index"`
	Top5Score      []float32 `parquet:"top5_score,list" json:"top5_score"`
	Change         *int64    `parquet:"change,optional" json:"change"`
	ChangeMax      *float32  `parquet:"change_max,optional" json:"change_max"`
	Repeat         bool      `parquet:"repeat" json:"repeat"`
	Cut            bool      `parquet:"cut" json:"cut"`
	Break          *string   `parquet:"break,optional" json:"break"`
}

func ptr[T any](v T) *T { return &v }

// randomTable is a valid table of some streams with everything in it.
func randomTable(rng *rand.Rand, rows int) []tableRow {
	var out []tableRow
	seq := map[string]int64{}
	ranked := rng.IntN(2) == 0
	for range rows {
		s := fmt.Sprintf("cam %d", rng.IntN(3))
		seq[s] += 1 + rng.Int64N(3)
		r := tableRow{Stream: s, Epoch: 7, Seq: seq[s], PTSMs: ptr(float64(seq[s]) * 33.367), PTSEstimated: rng.IntN(9) == 0,
			Repeat: rng.IntN(9) == 0, Cut: rng.IntN(20) == 0}
		if rng.IntN(10) > 0 {
			label := rng.Int32N(12)
			r.LabelIndex, r.Label, r.Score = ptr(label), ptr(fmt.Sprintf("label, \"%d\"", label)), ptr(0.5+rng.Float32()/2)
			if rng.IntN(2) == 0 {
				r.PrevLabelScore = ptr(float64(rng.Float32()))
			}
			if ranked {
				r.Top5Index, r.Top5Score = []int32{label, 20 + label, 90}, []float32{*r.Score, .25, .125}
			}
			if rng.IntN(3) > 0 {
				r.Change, r.ChangeMax = ptr(rng.Int64N(100)), ptr(rng.Float32()*9)
			}
		}
		if rng.IntN(12) == 0 {
			r.Break = ptr([]string{"gap", "size", "model", "reconnect"}[rng.IntN(4)])
		}
		out = append(out, r)
	}
	return out
}

// cellsOf writes a row as JSON and as cells of a text.
func cellsOf(t *testing.T, r *tableRow) (line []byte, cells []string) {
	t.Helper()
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Pointer {
			if f.IsNil() {
				cells = append(cells, "")
				continue
			}
			f = f.Elem()
		}
		switch f.Kind() {
		case reflect.Float32:
			cells = append(cells, strconv.FormatFloat(f.Float(), 'g', -1, 32))
		case reflect.Float64:
			cells = append(cells, strconv.FormatFloat(f.Float(), 'f', -1, 64))
		case reflect.Slice:
			b, err := json.Marshal(f.Interface())
			if err != nil {
				t.Fatal(err)
			}
			cells = append(cells, strings.Replace(string(b), "null", "", 1))
		default:
			cells = append(cells, fmt.Sprint(f.Interface()))
		}
	}
	return line, cells
}

func columnsOfRow() (names []string) {
	for f := range reflect.TypeFor[tableRow]().Fields() {
		names = append(names, f.Tag.Get("json"))
	}
	return names
}

func parquetOf[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFormatsAgree writes the same table in every format; all say the same.
func TestFormatsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for _, n := range []int{1, 30, 1500} {
		rows := randomTable(rng, n)
		var lines bytes.Buffer
		var texts [3]bytes.Buffer
		var writers [3]*csv.Writer
		for i, comma := range []rune{',', ';', '\t'} {
			writers[i] = csv.NewWriter(&texts[i])
			writers[i].Comma, writers[i].UseCRLF = comma, i == 1
			_ = writers[i].Write(columnsOfRow())
		}
		for i := range rows {
			line, cells := cellsOf(t, &rows[i])
			lines.Write(append(line, '\n'))
			for _, w := range writers {
				_ = w.Write(cells)
			}
		}
		for _, w := range writers {
			w.Flush()
		}
		files := map[string][]byte{
			"comma.csv": texts[0].Bytes(), "semicolon.csv": texts[1].Bytes(), "tab.tsv": texts[2].Bytes(),
			"lines.jsonl": lines.Bytes(),
			"one.parquet": parquetOf(t, rows),
			"small pages.parquet": parquetOf(t, rows, parquet.PageBufferSize(200), parquet.MaxRowsPerRowGroup(100),
				parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy)),
		}
		want, err := readText("comma.csv", texts[0].String())
		if err != nil {
			t.Fatal(err)
		}
		if len(want.obs) != n {
			t.Fatalf("%d rows of %d", len(want.obs), n)
		}
		checkRows(t, rows, want)
		for name, data := range files {
			got, err := readAll(Config{Path: writeFile(t, name, data)})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			sameRows(t, name, want, got)
		}
	}
}

func sameRows(t *testing.T, name string, want, got *read) {
	t.Helper()
	for i := range min(len(want.obs), len(got.obs)) {
		w, g := fmt.Sprintf("%s %+v", want.streams[i], want.obs[i]), fmt.Sprintf("%s %+v", got.streams[i], got.obs[i])
		if w != g {
			t.Fatalf("%s: row %d:\n got %s\nwant %s", name, i+1, g, w)
		}
	}
	if len(want.obs) != len(got.obs) {
		t.Fatalf("%s: %d rows, want %d", name, len(got.obs), len(want.obs))
	}
}

// checkRows holds what was read against the rows themselves.
func checkRows(t *testing.T, rows []tableRow, got *read) {
	t.Helper()
	for i, r := range rows {
		o := got.obs[i]
		label := stability.NoLabel
		if r.LabelIndex != nil {
			label = *r.LabelIndex
		}
		if o.Label != label || o.Seq != uint64(r.Seq) || o.Epoch != 7 || o.Repeat != r.Repeat || o.Cut != r.Cut ||
			o.N != len(r.Top5Index) || got.streams[i] != r.Stream || o.PTSEstimated != r.PTSEstimated {
			t.Fatalf("row %d: got %+v, want %+v", i+1, o, r)
		}
		if r.Score != nil && o.Score != *r.Score || r.Break != nil && o.Break.String() != *r.Break || r.Change != nil && int64(o.Change) != *r.Change {
			t.Fatalf("row %d: got %+v, want %+v", i+1, o, r)
		}
	}
}

// plainRow is what the quick way takes.
type plainRow struct {
	Seq   uint64   `parquet:"seq"`
	PTSMs *float64 `parquet:"pts_ms,optional"`
	Label *string  `parquet:"label,optional,dict"`
	Score float32  `parquet:"score"`
}

// slowRow is the same with a column that it doesn't take.
type slowRow struct {
	Seq   uint64   `parquet:"seq"`
	PTSMs *float64 `parquet:"pts_ms,optional"`
	Label *string  `parquet:"label,optional"`
	Score float32  `parquet:"score"`
	Cut   bool     `parquet:"cut"`
}

// TestQuickWayIsTheOther holds the quick way of reading Parquet against the
// other, with and without missing labels, and over pages' ends.
func TestQuickWayIsTheOther(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	for _, missing := range []int{0, 3, 700} {
		var quick []plainRow
		var slow []slowRow
		seq := uint64(3)
		for i := range 4000 {
			seq += uint64(1 + rng.IntN(2))
			r := plainRow{Seq: seq, PTSMs: ptr(float64(i) * 33.3), Label: ptr(fmt.Sprint("label ", i/7%30)), Score: rng.Float32()}
			if missing > 0 && rng.IntN(missing) == 0 {
				r.Label, r.Score = nil, 0
			}
			if r.Label == nil {
				r.Label = ptr("") // an empty text is no label either
				if rng.IntN(2) == 0 {
					r.Label = nil
				}
			}
			quick = append(quick, r)
			slow = append(slow, slowRow{r.Seq, r.PTSMs, r.Label, r.Score, false})
		}
		for i := range quick { // a score belongs to a label
			if quick[i].Label == nil || *quick[i].Label == "" {
				quick[i].Label, slow[i].Label = ptr("unknown"), ptr("unknown")
			}
		}
		options := []parquet.WriterOption{parquet.PageBufferSize(1500), parquet.MaxRowsPerRowGroup(1111)}
		want, err := readAll(Config{Path: writeFile(t, "slow.parquet", parquetOf(t, slow, options...))})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(Config{Path: writeFile(t, "quick.parquet", parquetOf(t, quick, options...))})
		if err != nil {
			t.Fatal(err)
		}
		sameRows(t, "quick", want, got)
	}
}

func TestParquetErrorsNameTheRow(t *testing.T) {
	for _, c := range []struct {
		want string
		rows []plainRow
	}{
		{"a.parquet: row 3: seq 1 is there twice, first in row 2", []plainRow{{Label: ptr("a")}, {Seq: 1, Label: ptr("a")}, {Seq: 1, Label: ptr("a")}}},
		{"a.parquet: row 2: column score: 1.5 is no probability", []plainRow{{Label: ptr("a")}, {Seq: 1, Label: ptr("a"), Score: 1.5}}},
		{"a.parquet: row 2: the cell of column pts_ms is empty", []plainRow{{PTSMs: ptr(0.), Label: ptr("a")}, {Seq: 1, Label: ptr("a")}}},
		{"a.parquet: the file is empty", nil},
	} {
		for i := range c.rows {
			if c.rows[i].PTSMs == nil && !strings.Contains(c.want, "pts_ms") {
				c.rows[i].PTSMs = ptr(float64(i))
			}
		}
		path := writeFile(t, "a.parquet", parquetOf(t, c.rows))
		_, err := readAll(Config{Path: path})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	type wrong struct {
		Label int32 `parquet:"label"`
	}
	path := writeFile(t, "a.parquet", parquetOf(t, []wrong{{1}}))
	if _, err := readAll(Config{Path: path}); err == nil || !strings.Contains(err.Error(), "column label holds INT32, not text") {
		t.Errorf("got %v", err)
	}
	if _, err := readText("a.parquet", "PAR1....."); err == nil || !strings.Contains(err.Error(), "from a file only") {
		t.Errorf("got %v", err)
	}
	if _, err := readAll(Config{Path: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "it is a folder") {
		t.Errorf("got %v", err)
	}
	if _, err := readAll(Config{Path: "nowhere.csv"}); err == nil || !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("got %v", err)
	}
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err
		}
		if os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}
