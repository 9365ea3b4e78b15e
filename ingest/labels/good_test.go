package labels

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// brief is what the tests of single rules look at: label, then what is
// unusual.
func brief(r *read) string {
	var out []string
	for _, o := range r.obs {
		s := fmt.Sprint(o.Label)
		if o.HasPTS {
			s += fmt.Sprintf("@%v", o.PTS)
		}
		if o.Break != stability.ReasonNone {
			s += "!" + o.Break.String()
		}
		if o.Cut {
			s += "|"
		}
		if o.Repeat {
			s += "="
		}
		if o.Score == o.Score {
			s += fmt.Sprintf("~%.2g", o.Score)
		}
		if o.PrevLabelScore == o.PrevLabelScore {
			s += fmt.Sprintf("<%.2g", o.PrevLabelScore)
		}
		if o.N > 0 {
			s += "["
			for _, x := range o.Top[:o.N] {
				s += fmt.Sprint(x.Index)
			}
			s += "]"
			if o.TopComplete {
				s += "all"
			}
		}
		if o.Change >= 0 {
			s += fmt.Sprintf("#%d", o.Change)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		name, file, text, want string
		change                 func(*Config)
	}{
		{"a list", "a.txt", "cat\ncat\n dog \ncat", "0 0 1 0", nil},
		{"a list with a frame without a label", "a.txt", "cat\n\n\ndog\n\n", "0 -1 -1 1", nil},
		{"a list of numbers", "a.txt", "7\n7\n\n3\r\n", "7 7 -1 3", nil},
		{"a list with times", "a.txt", "cat\ncat\ndog\n", "0@0s 0@40ms 1@80ms", func(c *Config) { c.FPS = 25 }},
		{"a list by hint", "a.csv", "cat,black\ndog\n", "0 1", func(c *Config) { c.Format = List }},
		{"one column", "a.csv", "label\ncat\n\ndog\n", "0 -1 1", nil},
		{"semicolons", "a.csv", "score;label\n0.5;cat\n0.25;\"d;\"\"og\"\n", "0~0.5 1~0.25", nil},
		{"tabs", "a.tsv", "label\tscore\ncat\t0.5\n", "0~0.5", nil},
		{"tabs in a csv", "a.csv", "label\tscore\ncat\t0.5\n", "0~0.5", nil},
		{"byte order mark, Windows", "a.csv", "\xef\xbb\xbflabel,score\r\ncat,0.5\r\n", "0~0.5", nil},
		{"a quoted line break", "a.csv", "label,note\ncat,\"two\nlines\"\ndog,x\n", "0 1", nil},
		{"empty lines in a table", "a.csv", "label,score\n\ncat,0.5\n\n\ndog,1\n", "0~0.5 1~1", nil},
		{"unknown columns", "a.csv", "frame,label,p\n1,cat,nonsense\n", "0", nil},
		{"a gap in seq", "a.csv", "seq,label\n4,a\n5,a\n7,a\n", "0 0 0!gap", nil},
		{"a stride", "a.csv", "seq,label\n0,a\n3,a\n6,a\n12,a\n", "0 0 0 0!gap", func(c *Config) { c.Stride = 3 }},
		{"the table knows better", "a.csv", "seq,label,break\n4,a,\n9,a,\n10,a,size\n", "0 0 0!size", nil},
		{"seq begins anew with an epoch", "a.csv", "epoch,seq,label\n1,5,a\n2,0,a\n2,1,a\n", "0@0s 0@0s 0@40ms", func(c *Config) { c.FPS = 25 }},
		{"times made of seq", "a.csv", "seq,label\n10,a\n11,a\n14,a\n", "0@0s 0@40ms 0@160ms!gap", func(c *Config) { c.FPS = 25 }},
		{"times count from the first", "a.csv", "pts_s,label\n1700000000.5,a\n1700000001,b\n", "0@0s 1@500ms", nil},
		{"times before rate", "a.csv", "pts_ms,label\n0,a\n10,b\n", "0@0s 1@10ms", func(c *Config) { c.FPS = 25 }},
		{"cuts and repeats", "a.csv", "label,cut,repeat,change\na,false,0,\na,true,1,3\n", "0 0|=#3", nil},
		{"a vector", "a.csv", "p0,p1,p2\n0.2,0.5,0.3\n0.6,0.1,0.3\n0.4,0.4,0.2\n", "1~0.5[120]all 0~0.6<0.1[021]all 0~0.4<0.4[012]all", nil},
		{"a vector as a list", "a.csv", "probs\n\"[0.2, 0.5,0.3]\"\n\"[]\"\n\"[0.6,0.1,0.3]\"\n", "1~0.5[120]all -1 0~0.6<0.1[021]all", nil},
		{"logits", "a.csv", "p0,p1\n0,0\n0,1.0986123\n", "0~0.5[01]all 1~0.75<0.25[10]all", func(c *Config) { c.Logits = true }},
		{"a ranking", "a.csv", "top5_index,top5_score\n\"[4,2,9,1,0,3]\",\"[.3,.2,.1,.05,.02,.01]\"\n", "4~0.3[42910]", nil},
		{"a ranking without scores", "a.csv", "label_index,top5_index\n4,\"[4,2]\"\n", "4[42]", nil},
		{"JSON lines", "a.jsonl", "{\"label\":\"cat\",\"pts_ms\":5,\"x\":[1]}\n\n{\"pts_ms\":45,\"label\":null}\n", "0@0s -1@40ms", nil},
		{"JSON vectors", "a.jsonl", "{\"probs\":[0.25,0.75]}\n{\"probs\":[1,0]}\n", "1~0.75[10]all 0~1<0[01]all", nil},
		{"the list of labels", "a.csv", "label\ndog\ncat\n", "1 0", closed},
		{"no column of scores", "a.csv", "score,label\n,cat\n0.5,cat\n", "0 0~0.5", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*Config) {}
			}
			r, err := readText(c.file, c.text, change)
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(r); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestStreamsAndLines(t *testing.T) {
	r, err := readText("a.csv", "stream,label,note\nx,a,\ny,b,\n\nx,c,\"two\nlines\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.streams, []string{"x", "y", "x"}) || !slices.Equal(r.lines, []int64{2, 3, 6}) {
		t.Errorf("streams %v, lines %v", r.streams, r.lines)
	}
	if r.obs[2].Seq != 1 {
		t.Errorf("seq %d of the stream's second row", r.obs[2].Seq)
	}
}

func TestFactsSayWhatIsUnknown(t *testing.T) {
	r, err := readText("a.txt", "cat\n")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(r.facts.Unknown(), "\n")
	for _, want := range []string{"no times", "no scores", "no pictures"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q: %s", want, text)
		}
	}
	r, err = readText("a.csv", "label_index,pts_ms,score,top5_index,top5_score,change,cut\n1,0,.5,[1],[.5],0,false\n")
	if err != nil || len(r.facts.Unknown()) > 0 {
		t.Errorf("%v %v", err, r.facts.Unknown())
	}
}

// TestNumbers holds the quick way of reading numbers against strconv's.
func TestNumbers(t *testing.T) {
	for _, s := range []string{"0", "-0", "1", "33.333333333333336", "0.1", "1e-3", "123456789012345678", "9007199254740993",
		"0.000000000000000001", "1.7976931348623157e308", ".5", "5.", "-12.25", "99999999999999999999.5"} {
		got, err := parseFloat([]byte(s))
		var want float64
		if _, e := fmt.Sscanf(s, "%g", &want); e != nil {
			t.Fatal(e)
		}
		if err != nil || got != want || math.Signbit(got) != math.Signbit(want) {
			t.Errorf("%s: got %v (%v), want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "-", ".", "1.2.3", "0x10", "1_000", "inf", "NaN", "1e400", "--1", "1 2"} {
		if v, err := parseFloat([]byte(s)); err == nil {
			t.Errorf("%q was read as %v", s, v)
		}
	}
}

func TestReadOneByOne(t *testing.T) {
	text := strings.Repeat("cat\ndog\n", 700)
	f, err := Open(Config{Path: "x", In: strings.NewReader(text), Classes: NewClasses(), FPS: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var source Source = f
	var o stability.Observation
	n := 0
	for ; source.Read(t.Context(), &o) == nil; n++ {
		if o.Seq != uint64(n) || o.PTS != time.Duration(n)*100*time.Millisecond || o.Label != int32(n%2) {
			t.Fatalf("row %d: %+v", n, o)
		}
	}
	if n != 1400 {
		t.Errorf("%d rows of 1400", n)
	}
}
