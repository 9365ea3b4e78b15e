package labels

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flipmeter/flipmeter/stability"
)

// checkRead holds what every file must keep to that could be read, in whole
// or in part.
func checkRead(t *testing.T, r *read) {
	if r == nil {
		return
	}
	last := map[string]stability.Observation{}
	for i, o := range r.obs {
		if prev, ok := last[r.streams[i]]; ok && (o.Epoch < prev.Epoch || o.Epoch == prev.Epoch && o.Seq <= prev.Seq) {
			t.Fatalf("row %d: %d/%d after %d/%d", i, o.Epoch, o.Seq, prev.Epoch, prev.Seq)
		}
		last[r.streams[i]] = o
		if o.Label < stability.NoLabel || o.N < 0 || o.N > stability.TopK || o.Score < 0 || o.Score > 1.01 {
			t.Fatalf("row %d: %+v", i, o)
		}
		if o.N > 0 && o.Label != o.Top[0].Index {
			t.Fatalf("row %d: label %d, ranking %v", i, o.Label, o.Top)
		}
		if i > 0 && r.lines[i] <= r.lines[i-1] {
			t.Fatalf("line %d after %d", r.lines[i], r.lines[i-1])
		}
	}
}

func fuzzText(f *testing.F, name string, format Format) {
	f.Fuzz(func(t *testing.T, text string, fps float64) {
		r, err := readText(name, text, func(c *Config) {
			c.Format = format
			if fps > 0 && fps < 1000 {
				c.FPS = fps
			}
		})
		checkRead(t, r)
		if err == nil && len(r.obs) == 0 {
			t.Fatal("no rows and no error")
		}
	})
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"label,score\ncat,0.5\n\"d,\"\"og\",1\n", "seq,pts_ms,label_index\n1,33.3,4\n2,66.7,5\n",
		"label\n\ncat\n", "p0,p1\n.5,.5\n", "stream,top5_index,top5_score,break\na,\"[1,2]\",\"[.5,.25]\",gap\n",
		"stream;epoch;seq;label;cut;repeat;change\nx;1;2;cat;true;false;3\n",
	} {
		f.Add(s, 25.0)
	}
	fuzzText(f, "a.csv", CSV)
}

func FuzzList(f *testing.F) {
	f.Add("cat\n\ncat\ndog\n", 30.0)
	f.Add("1\r\n2\r\n\r\n", 0.0)
	fuzzText(f, "a.txt", List)
}

func FuzzJSONL(f *testing.F) {
	f.Add("{\"label\":\"cat\",\"seq\":1,\"score\":0.5}\n{\"label\":null,\"seq\":2}\n", 0.0)
	f.Add("{\"probs\":[0.25,0.75],\"stream\":\"a\"}\n", 10.0)
	f.Add("{\"top5_index\":[1,2,3],\"top5_score\":[0.5,0.25,0.125],\"pts_s\":1e3}", 10.0)
	fuzzText(f, "a.jsonl", JSONL)
}

func FuzzSniff(f *testing.F) {
	f.Add("label\tscore\ncat\t1\n", 1.0)
	f.Add("cat\ndog\n", 1.0)
	fuzzText(f, "labels", Auto)
}

// FuzzParquet damages small files; Go's fuzzing gets hardly anywhere with
// the library's code, so most of the work is TestDamagedParquet's.
func FuzzParquet(f *testing.F) {
	f.Add(parquetOf(f, randomTable(rand.New(rand.NewPCG(1, 1)), 5)))
	f.Add(parquetOf(f, []plainRow{{Label: ptr("a"), PTSMs: ptr(1.)}}))
	path := filepath.Join(f.TempDir(), "a.parquet")
	f.Fuzz(func(t *testing.T, data []byte) { readDamaged(t, path, data) })
}

func readDamaged(t *testing.T, path string, data []byte) {
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	r, _ := readAll(Config{Path: path, Format: Parquet})
	checkRead(t, r)
}

// Damaged Parquet files are refused or read in part, at once and without a
// panic.
func TestDamagedParquet(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	plain := make([]plainRow, 40)
	for i := range plain {
		plain[i] = plainRow{Seq: uint64(i), PTSMs: ptr(float64(i)), Label: ptr(string(rune('a' + i%3)))}
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	for _, whole := range [][]byte{parquetOf(t, randomTable(rng, 4)), parquetOf(t, plain)} {
		for range 1000 {
			d := slices.Clone(whole)
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
			readDamaged(t, path, d)
		}
	}
}
