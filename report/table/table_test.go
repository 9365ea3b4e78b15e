package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func ptr[T any](v T) *T { return &v }

func sampleFrames(n int) []Frame {
	rng := rand.New(rand.NewPCG(1, 2))
	rows := make([]Frame, n)
	for i := range rows {
		r := &rows[i]
		*r = Frame{Stream: "a,\"b\"\n", Epoch: 1<<63 + 5, Seq: uint64(i), PTSEstimated: i%7 == 0, Repeat: i%5 == 0, Cut: i%11 == 0}
		if i%3 > 0 {
			r.PTSMs, r.Score = ptr(float64(i)*1000/29.97), ptr(rng.Float32())
			r.LabelIndex, r.Label = ptr(int32(i%4)), ptr([]string{"", "hen", "<b>", "été"}[i%4])
			r.Margin, r.PrevLabelScore = ptr(rng.Float32()/1e6), ptr(float32(0))
			r.Top5Index, r.Top5Score = []int32{4, 3, 2, 1, 0}, []float32{.5, .25, .1, .01, 1e-9}
			r.Change, r.ChangeMax, r.Still = ptr(int32(i%1024)), ptr(float32(12.25)), ptr(i%2 == 0)
			r.Decided, r.Flip, r.Kind = ptr(false), ptr(true), ptr("glitch")
		} else {
			r.Break = ptr("gap")
		}
	}
	return rows
}

func sampleFlips(n int) []Flip {
	rows := make([]Flip, n)
	for i := range rows {
		rows[i] = Flip{Stream: "s", Epoch: 2, Seq: uint64(i), FromIndex: 1, From: "one", ToIndex: 2, To: "two",
			NearCut: i%2 == 0, Unexplained: i%3 == 0, ID: FlipID("s", 2, uint64(i))}
		if i%2 == 0 {
			rows[i].PTSMs, rows[i].FromScore, rows[i].ToScore = ptr(1.5), ptr(float32(.1)), ptr(float32(.9))
			rows[i].MarginBefore, rows[i].MarginAfter = ptr(float32(.01)), ptr(float32(.8))
			rows[i].Kind, rows[i].GlitchID, rows[i].Still = ptr("glitch"), ptr(uint64(i)), ptr(true)
			rows[i].HeldBeforeMs, rows[i].HeldAfterMs = ptr(400.0), ptr(40.0)
		}
	}
	return rows
}

// The columns are a contract with everyone who loads the tables.
func TestColumns(t *testing.T) {
	frames := "stream, epoch, seq, pts_ms, pts_estimated, label_index, label, score, margin, prev_label_score, " +
		"top5_index, top5_score, change, change_max, repeat, cut, break, decided, flip, kind, still"
	flips := "stream, epoch, seq, pts_ms, from_index, from, to_index, to, from_score, to_score, margin_before, " +
		"margin_after, kind, glitch_id, still, near_cut, unexplained, held_before_ms, held_after_ms, id"
	if got := strings.Join(Columns[Frame](), ", "); got != frames {
		t.Errorf("frames: %s", got)
	}
	if got := strings.Join(Columns[Flip](), ", "); got != flips {
		t.Errorf("flips: %s", got)
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Frame](), reflect.TypeFor[Flip]()} {
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
			if name != f.Tag.Get("json") {
				t.Errorf("%s.%s: parquet %q, json %q", typ.Name(), f.Name, name, f.Tag.Get("json"))
			}
		}
	}
}

func write[T Frame | Flip](t testing.TB, format Format, rows []T, portion int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter[T](&b, format)
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(rows, portion) {
		if err := w.Write(part...); err != nil {
			t.Fatal(err)
		}
	}
	if w.Rows() != int64(len(rows)) {
		t.Errorf("rows counted: %d of %d", w.Rows(), len(rows))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readAll[T Frame | Flip](format Format, data []byte) ([]T, error) {
	r, err := NewReader[T](bytes.NewReader(data), int64(len(data)), format, 0)
	if err != nil {
		return nil, err
	}
	var all []T
	for range 1000 { // what a damaged file claims has no end
		buf := make([]T, 100)
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return all, r.Close()
		}
		if err != nil {
			return all, errors.Join(err, r.Close())
		}
	}
	return all, errors.Join(errors.New("too many rows for a test"), r.Close())
}

func roundTrip[T Frame | Flip](t *testing.T, rows []T, formats ...Format) {
	for _, format := range formats {
		t.Run(fmt.Sprintf("%T %s %d rows", rows, format, len(rows)), func(t *testing.T) {
			one := write(t, format, rows, 1)
			if many := write(t, format, rows, 5000); !bytes.Equal(one, many) {
				t.Error("the bytes depend on the portions that rows come in")
			}
			got, err := readAll[T](format, one)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(rows) {
				t.Fatalf("%d rows of %d came back", len(got), len(rows))
			}
			for i := range rows {
				if want := normal(rows[i], format); !reflect.DeepEqual(normal(got[i], format), want) {
					t.Fatalf("row %d: got %+v, want %+v", i, got[i], want)
				}
			}
		})
	}
}

// normal makes what a format can't tell apart equal: an empty and a missing
// string in CSV, an empty and a missing list in Parquet.
func normal[T Frame | Flip](row T, format Format) T {
	v := reflect.ValueOf(&row).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Slice && f.Len() == 0 {
			f.SetZero()
		}
		if format == CSV && f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.String && !f.IsNil() && f.Elem().Len() == 0 {
			f.SetZero()
		}
	}
	return row
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 101} {
		roundTrip(t, sampleFrames(n), Parquet, CSV, JSONL)
		roundTrip(t, sampleFlips(n), Parquet, CSV, JSONL)
	}
	// More than a row group.
	roundTrip(t, sampleFrames(rowGroup+77), Parquet)
}

func TestReadForeignCSV(t *testing.T) {
	data := "\xef\xbb\xbflabel;extra;score;flip\ncat;1;0.5;True\n\"d;og\";2;;\n"
	r, err := NewReader[Frame](strings.NewReader(data), int64(len(data)), CSV, ';')
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]Frame, 3)
	if n, err := r.Read(rows); n != 2 || !errors.Is(err, io.EOF) {
		t.Fatalf("read %d rows: %v", n, err)
	}
	if *rows[0].Label != "cat" || *rows[0].Score != .5 || !*rows[0].Flip || *rows[1].Label != "d;og" || rows[1].Score != nil || rows[1].Flip != nil {
		t.Errorf("rows: %+v", rows[:2])
	}
	if !r.Has("label") || r.Has("pts_ms") {
		t.Error("columns are not told apart")
	}
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		format Format
		data   string
		want   string
	}{
		{"empty", CSV, "", "first line must name the columns"},
		{"number", CSV, "label,score\ncat,high\n", `line 2, column score: "high" is not a number`},
		{"NaN", CSV, "score\nNaN\n", `"NaN" is not a number`},
		{"whole number", CSV, "label_index\n1.5\n", `line 2, column label_index: "1.5" is not a whole number`},
		{"truth", CSV, "label,flip\ncat,maybe\n", `neither true nor false`},
		{"list", CSV, "top5_index\n1;2\n", `not a list like [1,2,3]`},
		{"ragged", CSV, "label,score\ncat\n", "wrong number of fields"},
		{"json", JSONL, "{\"label\":1}\n", "row 1: json: cannot unmarshal number"},
		{"parquet", Parquet, "PAR1 no", "open Parquet table"},
		{"format", None, "", `no table can be read as "none"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll[Frame](c.format, []byte(c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := NewWriter[Frame](io.Discard, "xls"); err == nil || !strings.Contains(err.Error(), "use parquet, csv or jsonl") {
		t.Errorf("writer: %v", err)
	}
}

func TestReadRefusesLZ4(t *testing.T) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[Flip](&b, parquet.Compression(&parquet.Lz4Raw))
	if _, err := w.Write(sampleFlips(10)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := readAll[Flip](Parquet, b.Bytes()); err == nil || !strings.Contains(err.Error(), "with zstd or snappy") {
		t.Errorf("error %v", err)
	}
}

// Tables that others wrote have other types of numbers and no nulls.
func TestReadForeignParquet(t *testing.T) {
	type foreign struct {
		Label      string  `parquet:"label"`
		LabelIndex int64   `parquet:"label_index"`
		Score      float64 `parquet:"score"`
		PTS        int32   `parquet:"pts_ms"`
		Seq        int64   `parquet:"seq,optional"`
		Tops       []int64 `parquet:"top5_index"`
		Other      struct{ A, B string }
	}
	write := func(rows ...foreign) []byte {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[foreign](&b, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(2))
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	rows, err := readAll[Frame](Parquet, write(foreign{Label: "cat", LabelIndex: 3, Score: .5, PTS: 40, Seq: 7, Tops: []int64{3, 1}},
		foreign{Label: "", LabelIndex: -1}, foreign{Label: "dog", Tops: []int64{1}}))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	r := rows[0]
	if *r.Label != "cat" || *r.LabelIndex != 3 || *r.Score != .5 || *r.PTSMs != 40 || r.Seq != 7 || !slices.Equal(r.Top5Index, []int32{3, 1}) || r.Flip != nil {
		t.Errorf("row: %+v", r)
	}
	if *rows[1].LabelIndex != -1 || rows[1].Top5Index != nil || *rows[2].Label != "dog" {
		t.Errorf("rows: %+v", rows[1:])
	}
	for want, row := range map[string]foreign{"column label_index: 4294967296 is not": {LabelIndex: 1 << 32}, "column seq: -1 is not": {Seq: -1}} {
		if _, err := readAll[Frame](Parquet, write(row)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	type wrong struct {
		Score string `parquet:"score"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[wrong](&b)
	if _, err := w.Write([]wrong{{"high"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := readAll[Frame](Parquet, b.Bytes()); err == nil || !strings.Contains(err.Error(), "column score holds BYTE_ARRAY, not a number") {
		t.Errorf("error %v", err)
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestWriteErrorIsTold(t *testing.T) {
	for _, format := range []Format{Parquet, CSV, JSONL} {
		w, err := NewWriter[Frame](&failing{left: 10000}, format)
		for range 100 {
			if err == nil {
				err = w.Write(sampleFrames(500)...)
			}
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// Memory must not grow with the number of rows: ten times as many may not
// take more than a few row groups.
func TestMemoryIsBounded(t *testing.T) {
	heap := func(n int) int64 {
		w, err := NewWriter[Frame](io.Discard, Parquet)
		if err != nil {
			t.Fatal(err)
		}
		rows := sampleFrames(1000)
		for range n / len(rows) {
			if err := w.Write(rows...); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return int64(m.HeapAlloc)
	}
	small, large := heap(10_000), heap(40_000)
	if large-small > 8<<20 {
		t.Errorf("%d MB more for four times the rows", (large-small)>>20)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("label,score,top5_index\ncat,0.5,\"[1,2]\"\n"))
	f.Add(write(f, CSV, sampleFrames(5), 5))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, CSV, data) })
}

func FuzzReadJSONL(f *testing.F) {
	f.Add([]byte(`{"label":"cat"}` + "\n" + `{"label":null,"top5_score":[1]}`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, JSONL, data) })
}

// Damaged Parquet files are refused or read in part, at once and without a
// panic. (Go's fuzzing gets hardly anywhere with the library's code.)
func TestReadDamagedParquet(t *testing.T) {
	data := write(t, Parquet, sampleFrames(3), 3)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		d := slices.Clone(data)
		at := rng.IntN(len(d))
		switch rng.IntN(3) {
		case 0:
			for range 1 + rng.IntN(4) {
				d[rng.IntN(len(d))] = byte(rng.IntN(256))
			}
		case 1:
			d = slices.Delete(d, at, min(len(d), at+1+rng.IntN(8)))
		case 2:
			d[at] ^= 1 << rng.IntN(8)
		}
		_, _ = readAll[Frame](Parquet, d)
	}
}

// fuzzed reads whatever it is; what could be read must survive writing.
func fuzzed(t *testing.T, format Format, data []byte) {
	rows, err := readAll[Frame](format, data)
	if err != nil {
		return
	}
	again, err := readAll[Frame](format, write(t, format, rows, 10))
	if err != nil || len(again) != len(rows) {
		t.Fatalf("%d rows became %d: %v", len(rows), len(again), err)
	}
}
