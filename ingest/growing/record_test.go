package growing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/ingest"
)

// kept is a folder with a record, and what the program says of it.
type kept struct {
	t         *testing.T
	dir, path string
	log       bytes.Buffer
	taken     *Taken
}

func newKept(t *testing.T) *kept {
	k := &kept{t: t, dir: t.TempDir(), path: filepath.Join(t.TempDir(), "folders", "c-yard")}
	k.restart()
	return k
}

// restart forgets everything but what is on disk, as a program does that was
// killed.
func (k *kept) restart() {
	k.log.Reset()
	k.taken = Remember(k.path, k.dir, slog.New(slog.NewTextHandler(&k.log, nil)))
}

// files are the names of those that are taken now.
func (k *kept) files() string {
	k.t.Helper()
	var names []string
	for {
		f, ok, err := k.taken.next(k.dir, time.Unix(1, 0), 0)
		if err != nil {
			k.t.Fatal(err)
		}
		if !ok {
			return strings.Join(names, " ")
		}
		names = append(names, f.name)
		if !f.picture {
			k.taken.finished()
		}
	}
}

func (k *kept) want(what, want string) {
	k.t.Helper()
	if got := k.files(); got != want {
		k.t.Errorf("%s: took %q, want %q", what, got, want)
	}
}

func (k *kept) logged(what, want string) {
	k.t.Helper()
	if got := k.log.String(); want == "" && got != "" || !strings.Contains(got, want) {
		k.t.Errorf("%s: logged %q, want %q", what, got, want)
	}
}

// What was read is not read again after a restart; what is new, was replaced
// or comes back in another form is.
func TestRestartGoesOn(t *testing.T) {
	k := newKept(t)
	put(t, k.dir, "1.png", []byte("one"))
	put(t, k.dir, "2.mp4", []byte("two"))
	k.want("the first start", "1.png 2.mp4")
	k.restart()
	k.logged("the second start", "")
	k.want("the second start", "")

	put(t, k.dir, "3.png", []byte("three"))
	k.restart()
	k.want("what came while it was away", "3.png")

	put(t, k.dir, "0.png", []byte("sorts before"))
	put(t, k.dir, "1.png", []byte("another one"))
	at := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) // copied with its time, which is old
	if err := os.Chtimes(filepath.Join(k.dir, "1.png"), at, at); err != nil {
		t.Fatal(err)
	}
	k.restart()
	k.want("a replaced file, and one that sorts before", "0.png 1.png")
	k.restart()
	k.want("once more", "")

	// A share that is away for a moment looks like an empty folder.
	away := k.dir + "-away"
	if err := errors.Join(os.Rename(k.dir, away), os.Mkdir(k.dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	k.want("an empty folder", "")
	k.restart()
	k.want("an empty folder after a restart", "")
	if err := errors.Join(os.Remove(k.dir), os.Rename(away, k.dir)); err != nil {
		t.Fatal(err)
	}
	k.want("the share is back", "")

	// Another folder under the same name knows nothing of this one.
	other := Remember(k.path, t.TempDir(), slog.New(slog.NewTextHandler(&k.log, nil)))
	k.logged("another folder", "it is of another folder")
	if len(other.seen) != 0 {
		t.Errorf("it knows %d files", len(other.seen))
	}
}

// A clip that was being read when the program was killed is not read again,
// so that no flip in it is counted twice, and the next start names it, once.
func TestKilledWhileReadingAClip(t *testing.T) {
	k := newKept(t)
	f := newFolder(t)
	f.dir, f.cfg.Dir, f.cfg.Taken = k.dir, k.dir, k.taken
	f.add("1.png", picture(t, 16, 10), 0)
	f.add("2 \"b\"\n.mp4", []byte("synth:square?frames=3&fps=10&size=16x16"), 10)
	f.want("the clip's first frame", f.read(2), "0@0, 1@10000 gap")
	k.restart() // the source was not even closed
	k.logged("the next start", `not read to its end`)
	k.logged("the next start", `2 \"b\"`)
	k.want("the next start", "")
	k.restart()
	k.logged("the start after that", "")

	f.close()
	f.cfg.Taken = k.taken
	f.add("3.mp4", []byte("synth:square?frames=2&fps=10&size=16x16"), 20)
	f.add("4.mp4", []byte("broken"), 30)
	f.add("5.png", picture(t, 16, 10), 40)
	f.want("a clip to its end, and one that can't be opened", f.read(3), "0@0, 1@100, 0@0")
	k.restart()
	k.logged("nothing is left over", "")
	k.want("nothing is left over", "")
}

// A file is on disk as read before its first frame is handed on.
func TestWrittenBeforeItIsRead(t *testing.T) {
	k := newKept(t)
	f := newFolder(t)
	f.dir, f.cfg.Dir, f.cfg.Taken = k.dir, k.dir, k.taken
	f.cfg.OpenClip = func(context.Context, string) (ingest.Source, error) {
		if text, err := os.ReadFile(k.path); err != nil || !strings.Contains(string(text), `"1.mp4"`) {
			t.Errorf("the record says %q, %v", text, err)
		}
		return nil, ingest.ErrNotConnected
	}
	f.add("1.mp4", []byte("x"), 0)
	if _, err := Open(t.Context(), f.cfg); !errors.Is(err, ingest.ErrNotConnected) {
		t.Error(err)
	}
}

// A damaged record costs what its damaged part said.
func TestDamagedRecord(t *testing.T) {
	for name, c := range map[string]struct {
		change func(lines []string) string
		took   string // afterwards
		log    string
	}{
		"a line that was torn off": {func(l []string) string { return strings.Join(l, "")[:len(strings.Join(l, ""))-3] }, "3.png", "lines=1"},
		"zeros at its end":         {func(l []string) string { return strings.Join(l[:4], "") + strings.Repeat("\x00", 19) }, "3.png", "lines=1"},
		"zeros in its middle":      {func(l []string) string { return strings.Join(l[:3], "") + strings.Repeat("\x00", 18) + "\n" + l[4] }, "2.png", "lines=1"},
		"rubbish": {func(l []string) string {
			return strings.Join(l, "") + "= 12\n+ 0123456789abcdef x\n? 0123456789abcdef\n\n"
		}, "", "lines=4"},
		"another version": {func(l []string) string { return strings.Replace(strings.Join(l, ""), "folder 1", "folder 2", 1) }, "1.png 2.png 3.png", "does not begin"},
		"half a head":     {func(l []string) string { return l[0] + l[1][:3] }, "1.png 2.png 3.png", "another folder"},
		"nothing":         {func([]string) string { return "" }, "1.png 2.png 3.png", "does not begin"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKept(t)
			for i := 1; i <= 3; i++ {
				put(t, k.dir, fmt.Sprintf("%d.png", i), []byte("x"))
			}
			k.want("at first", "1.png 2.png 3.png")
			text, err := os.ReadFile(k.path)
			if err == nil {
				err = os.WriteFile(k.path, []byte(c.change(strings.SplitAfter(string(text), "\n"))), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			k.restart()
			k.logged("damaged", c.log)
			k.want("damaged", c.took)
			k.restart()
			k.logged("mended", "")
			k.want("mended", "")
		})
	}
}

// Whatever can't be written is logged once, and the folder is read on.
func TestRecordThatCannotBeWritten(t *testing.T) {
	k := newKept(t)
	if err := os.WriteFile(filepath.Dir(k.path), nil, 0o600); err != nil { // where its folder would be
		t.Fatal(err)
	}
	put(t, k.dir, "1.png", []byte("x"))
	put(t, k.dir, "2.png", []byte("x"))
	k.want("no room", "1.png 2.png")
	if n := strings.Count(k.log.String(), "could not be written down"); n != 1 {
		t.Errorf("logged %d times: %s", n, &k.log)
	}
	if err := os.Remove(filepath.Dir(k.path)); err != nil {
		t.Fatal(err)
	}
	k.taken.record.tried = time.Time{} // a while ago
	put(t, k.dir, "3.png", []byte("x"))
	put(t, k.dir, "4.png", []byte("x"))
	k.want("room", "3.png 4.png")
	k.logged("room", "written down again")
	k.restart()
	k.want("after a restart", "")
}

// The record is as large as the folder asks for: what is gone drops out.
func TestRecordIsBounded(t *testing.T) {
	k := newKept(t)
	const rounds, each = 4, 800
	most := int64(0)
	for round := range rounds {
		for i := range each {
			put(t, k.dir, fmt.Sprintf("a rather long name of a clip %d-%d.mp4", round, i), []byte("x"))
		}
		for range each {
			if _, ok, err := k.taken.next(k.dir, time.Unix(1, 0), 0); !ok || err != nil {
				t.Fatal(ok, err)
			}
			most = max(most, k.taken.record.size)
			k.taken.finished()
		}
		for i := range each {
			if err := os.Remove(filepath.Join(k.dir, fmt.Sprintf("a rather long name of a clip %d-%d.mp4", round, i))); err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(k.path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() != k.taken.record.size {
			t.Fatalf("round %d: the file has %d bytes, counted %d", round, info.Size(), k.taken.record.size)
		}
	}
	if limit := int64(spareBytes + 2*lineBytes*each + 200); most > limit {
		t.Errorf("the record grew to %d bytes, want at most %d", most, limit)
	}
	put(t, k.dir, "last.png", []byte("x"))
	k.want("the last", "last.png")
	k.restart()
	k.want("after a restart", "")
	if n := len(k.taken.seen); n > 1 {
		t.Errorf("%d files are remembered", n)
	}
}

// Over restarts at any moment each content of each file is taken once, as a
// plain list of all that were taken says.
func TestTakenOnceOverRestarts(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 7))
		k := newKept(t)
		times := map[string]int{} // by name and content
		now := map[string]string{}
		for range 120 {
			name := fmt.Sprintf("%d.png", rng.IntN(12))
			switch rng.IntN(4) {
			case 0:
				k.restart()
			case 1:
				if _, ok := now[name]; ok && len(now) > 1 {
					delete(now, name)
					if err := os.Remove(filepath.Join(k.dir, name)); err != nil {
						t.Fatal(err)
					}
				}
			default:
				now[name] = strconv.Itoa(len(times)) + strings.Repeat("x", rng.IntN(50))
				put(t, k.dir, name, []byte(now[name]))
				at := time.Unix(int64(1000+len(times)*60+rng.IntN(60)), 0)
				if err := os.Chtimes(filepath.Join(k.dir, name), at, at); err != nil {
					t.Fatal(err)
				}
			}
			for name := range strings.FieldsSeq(k.files()) {
				times[name+" "+now[name]]++
			}
		}
		for what, n := range times {
			if n != 1 {
				t.Errorf("seed %d: %s was taken %d times", seed, what, n)
			}
		}
		for name, content := range now {
			if times[name+" "+content] != 1 {
				t.Errorf("seed %d: %s was not taken", seed, name)
			}
		}
	}
}

// Nothing that a record may hold stops a camera, and what it says survives
// being written anew.
func FuzzRecord(f *testing.F) {
	head := recordHead + "\n\"/yard\"\n"
	f.Add([]byte(head + "= 0123456789abcdef\n+ 1123456789abcdef \"a.mp4\"\n"))
	f.Add([]byte(head + "+ 1123456789abcdef \"a.mp4\"\n= 1123456789abcdef\n= 01"))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parseRecord(text, "/yard")
		if err != nil {
			return
		}
		r := record{path: filepath.Join(t.TempDir(), "r"), dir: "/yard"}
		if err := r.replace(p.marks); err != nil {
			t.Fatal(err)
		}
		again, err := os.ReadFile(r.path)
		if err != nil {
			t.Fatal(err)
		}
		q, err := parseRecord(again, "/yard")
		if err != nil || q.bad != 0 || len(q.begun) != 0 || len(q.marks) != len(p.marks) || q.size != r.size {
			t.Fatalf("%+v came back as %+v, %v", p, q, err)
		}
		for m := range p.marks {
			if _, ok := q.marks[m]; !ok {
				t.Fatalf("%x is gone", m)
			}
		}
		if !slices.IsSorted(p.begun) {
			t.Fatal("names are in no order")
		}
	})
}
