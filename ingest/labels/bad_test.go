package labels

import (
	"strings"
	"testing"
)

// Each rule about bad input, with what it says and where.
func TestBadInput(t *testing.T) {
	fps := func(c *Config) { c.FPS = 25 }
	for _, c := range []struct {
		name, file, text, want string
		change                 func(*Config)
	}{
		{"empty file", "a.csv", "", "a.csv: the file is empty", nil},
		{"only space", "a.txt", " \n\n", "a.txt: the file is empty", nil},
		{"no rows", "a.csv", "label,score\n", "a.csv: the file is empty", nil},
		{"no rows of a list", "a.jsonl", "\n", "the file is empty", nil},
		{"no column of labels", "a.csv", "klass,score\ncat,1\n", `a.csv: no column is called label or label_index; there are "klass", "score"`, nil},
		{"gzip", "a.csv.gz", "\x1f\x8b\x08", "it is compressed: unpack it first", nil},
		{"array", "a.json", "[\n {\"label\":\"cat\"}\n]\n", "it is one JSON array: write one object a line", nil},
		{"array in a line", "a.json", "[{\"label\":\"cat\"}]\n", "it is one JSON array", nil},
		{"indented", "a.json", "{\n \"label\": \"cat\"\n}\n", "a.json:1: not JSON, one object a line", nil},
		{"twice in two cases", "a.csv", "label,Label\na,b\n", "two columns are called label", nil},
		{"unclear", "a.txt", "cat,0.5\ndog,0.7\n", "what its columns are is not clear: name them in a first line", nil},
		{"not Parquet", "a.parquet", "label\ncat\n", "it is no Parquet file", nil},
		{"UTF-16", "a.csv", "\xff\xfel\x00a\x00", "a.csv: the file is UTF-16", nil},
		{"twice", "a.csv", "label,score,label\nx,1,y\n", "two columns are called label", nil},
		{"two times", "a.csv", "label,pts_s,pts_ms\nx,1,y\n", "times are given twice", nil},
		{"scores without classes", "a.csv", "label,top5_score\nx,[1]\n", "top5_score without top5_index", nil},
		{"a hole in p", "a.csv", "p0,p2\n1,0\n", "p1 is missing", nil},
		{"p twice", "a.csv", "p0,p1,p1\n1,0,0\n", "p2 is there twice", nil},

		{"ragged row", "a.csv", "label,score\ncat,0.5\ncat\n", "a.csv:3: 1 cells, but the first line names 2 columns", nil},
		{"open quote", "a.csv", "label,score\ncat,0.5\n\"dog,1\n", "a.csv:3: a quote that begins in line 3 has no end", nil},
		{"quote within", "a.csv", "label,score\nc\"a\"t,0.5\n", "a.csv:2: a quote within the cell", nil},
		{"after a quote", "a.csv", "label,score\n\"cat\"s,0.5\n", `a.csv:2: "s" follows a closing quote`, nil},

		{"NaN score", "a.csv", "label,score\ncat,NaN\n", `a.csv:2: column score: "NaN" is not a number`, nil},
		{"negative score", "a.csv", "label,score\ncat,-0.1\n", `a.csv:2: column score: -0.1 is no probability`, nil},
		{"percent", "a.csv", "label,score\ncat,0.5\ncat,87\n", `a.csv:3: column score: 87 is no probability`, nil},
		{"NaN in a vector", "a.csv", "p0,p1\n0.5,0.5\nNaN,1\n", `a.csv:3: column p0: "NaN" is not a number`, nil},
		{"negative in a vector", "a.csv", "p0,p1\n0.5,0.5\n1.2,-0.2\n", `a.csv:3: the probability of class 0 is 1.2`, nil},
		{"logits", "a.csv", "p0,p1\n-3.5,0.5\n", `a.csv:2: the probability of class 0 is -3.5: it must be a number from 0 to 1; give --logits if`, nil},
		{"huge logit", "a.csv", "p0,p1\n1e60,0.5\n", `a.csv:2: column p0: "1e60" is too large`, func(c *Config) { c.Logits = true }},
		{"part of a vector", "a.csv", "p0,p1\n0.5,\n", "a.csv:2: 1 of 2 probabilities are missing", nil},
		{"vectors of two lengths", "a.jsonl", "{\"probs\":[0.5,0.5]}\n{\"probs\":[1]}\n", "a.jsonl:2: a vector of 1 probabilities, after vectors of 2", nil},
		{"NaN in a list", "a.jsonl", "{\"probs\":[0.5,null]}\n", `a.jsonl:1: "null" is not a number`, nil},
		{"another label than the vector's", "a.csv", "label_index,p0,p1\n0,0.4,0.6\n", "a.csv:2: label_index is 0, but class 1 has the highest probability", nil},
		{"a label without its vector", "a.csv", "label_index,p0,p1\n0,,\n", "a.csv:2: there is a label, but no probabilities", nil},

		{"out of order", "a.csv", "seq,label\n1,a\n2,a\n1,b\n", "a.csv:4: rows are out of order: seq 1 after 2 (line 3)", nil},
		{"duplicate seq", "a.csv", "seq,label\n1,a\n2,a\n2,b\n", "a.csv:4: seq 2 is there twice, first in line 3", nil},
		{"epoch goes back", "a.csv", "epoch,seq,label\n2,1,a\n1,2,a\n", "a.csv:3: rows are out of order: epoch 1 after 2", nil},
		{"order in a stream", "a.csv", "stream,seq,label\nx,1,a\ny,1,a\ny,2,b\nx,1,b\n", `a.csv:5: stream "x": seq 1 is there twice, first in line 2`, nil},
		{"no stream", "a.csv", "stream,label\nx,a\n,a\n", "a.csv:3: the cell of column stream is empty", nil},
		{"no seq", "a.csv", "seq,label\n1,a\n,a\n", "a.csv:3: column seq: the cell is empty", nil},
		{"negative seq", "a.csv", "seq,label\n-1,a\n", `a.csv:2: column seq: "-1" is not a whole number from 0`, nil},
		{"a time missing", "a.csv", "pts_ms,label\n0,a\n,b\n", "a.csv:3: the cell of column pts_ms is empty: give a time in every row, or in none", nil},
		{"a time in a later row", "a.csv", "pts_ms,label\n,a\n40,b\n", "a.csv:3: there is a time, but none in the first row: give a time in every row, or in none", nil},
		{"far away", "a.csv", "pts_s,label\n1e12,a\n", "a.csv:2: column pts_s: 1e+12 lies centuries away", nil},
		{"far seq", "a.csv", "seq,label\n0,a\n18446744073709551615,a\n", "centuries behind the first", fps},

		{"ragged ranking", "a.csv", "top5_index,top5_score\n\"[1,2]\",\"[0.5]\"\n", "a.csv:2: top5_index has 2 classes, top5_score 1 scores", nil},
		{"rankings of two lengths", "a.csv", "top5_index\n\"[1,2]\"\n\"[1,2,3]\"\n", "a.csv:3: 3 ranked classes, after rankings of 2", nil},
		{"ranked twice", "a.csv", "top5_index\n\"[1,2,1]\"\n", "a.csv:2: column top5_index: class 1 is ranked twice", nil},
		{"best not first", "a.csv", "top5_index,top5_score\n\"[1,2]\",\"[0.2,0.5]\"\n", "the best class comes first", nil},
		{"another label than the ranking's", "a.csv", "label_index,top5_index\n3,\"[1,2]\"\n", "the best class is 1, but label_index is 3", nil},
		{"no list", "a.csv", "top5_index\n1;2\n", `a.csv:2: column top5_index: "1;2" is not a list like [1,2,3]`, nil},
		{"half a class", "a.csv", "top5_index\n[1.5]\n", `"1.5" is not the number of a class`, nil},

		{"class of two names", "a.csv", "label_index,label\n1,cat\n2,dog\n1,dog\n", `a.csv:4: class 1 is called "dog", and was called "cat" before`, nil},
		{"name of two classes", "a.csv", "label_index,label\n1,cat\n2,cat\n", `a.csv:3: label "cat" has the number 2, and had 1 before`, nil},
		{"no number", "a.csv", "label_index,label\n1,cat\n,dog\n", `a.csv:3: label "dog" has no number in this row`, nil},
		{"not a number", "a.csv", "label_index\ncat\n", `a.csv:2: column label_index: "cat" is not the number of a class`, nil},
		{"a name in a list of numbers", "a.txt", "1\n2\ncat\n", `a.txt:3: column label_index: "cat" is not the number of a class`, nil},
		{"not UTF-8", "a.csv", "label,score\n\xe9t\xe9,1\n", "a.csv:2: label \"\\xe9t\\xe9\" is not UTF-8", nil},
		{"a reason", "a.csv", "label,break\na,\nb,lunch\n", `a.csv:3: column break: "lunch" is none of gap, reconnect`, nil},
		{"a score without a label", "a.csv", "label,score\n,0.5\n", "a.csv:2: column score: there is a score, but no label", nil},

		{"no JSON", "a.jsonl", "{\"label\":\"a\"}\n{\"label\":\n", "a.jsonl:2: not JSON", nil},
		{"JSON of another type", "a.jsonl", "{\"label\":1}\n", "a.jsonl:1: label is a number, not a string", nil},
		{"JSON, a list", "a.jsonl", "[1]\n", "a.jsonl:1: a line must be an object", nil},
		{"a new key", "a.jsonl", "{\"label\":\"a\"}\n{\"label\":\"a\",\"seq\":1}\n", "a.jsonl:2: there is a seq, but the first line has none", nil},
		{"a lost key", "a.jsonl", "{\"label\":\"a\",\"seq\":1}\n{\"label\":\"a\"}\n", "a.jsonl:2: there is no seq, but the first line has one", nil},
		{"a negative class", "a.jsonl", "{\"label_index\":-1}\n", "a.jsonl:1: label_index is -1", nil},

		{"not in the list of labels", "a.csv", "label\ncat\ncow\n", `a.csv:3: label "cow" is not in the list of labels`, closed},
		{"beyond the list of labels", "a.csv", "label_index\n2\n", "a.csv:2: class 2 is not in the list of labels, which ends with 1", closed},
		{"vector of another length", "a.csv", "p0,p1,p2\n1,0,0\n", "a.csv:2: a vector of 3 probabilities, but the list of labels has 2", closed},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*Config) {}
			}
			_, err := readText(c.file, c.text, change)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %v", err)
			}
		})
	}
}

func closed(c *Config) {
	var err error
	if c.Classes, err = ClosedClasses([]string{"cat", "dog"}, nil); err != nil {
		panic("BUG: " + err.Error())
	}
}

// Labels in one file and numbers in another can't be brought together.
func TestNamesHereNumbersThere(t *testing.T) {
	share := NewClasses()
	with := func(c *Config) { c.Classes = share }
	if _, err := readText("a.csv", "label\ncat\n", with); err != nil {
		t.Fatal(err)
	}
	_, err := readText("b.csv", "label_index\n1\n", with)
	if err == nil || !strings.Contains(err.Error(), "b.csv: classes are given by number here, and by name in a.csv: give label_index in both, or the names of all classes with --labels") {
		t.Errorf("got %v", err)
	}
	share = NewClasses()
	if _, err := readText("b.csv", "label_index,label\n1,cat\n", with); err != nil {
		t.Fatal(err)
	}
	if _, err = readText("a.csv", "label\ncat\n", with); err == nil || !strings.Contains(err.Error(), "a.csv: classes are given by name here, and by number in b.csv") {
		t.Errorf("got %v", err)
	}
	var cfg Config
	closed(&cfg)
	share = cfg.Classes
	for _, text := range []string{"label\ndog\n", "label_index\n1\n"} {
		r, err := readText("a.csv", text, with)
		if err != nil || r.obs[0].Label != 1 {
			t.Errorf("%q: %v", text, err)
		}
	}
}
