package history

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
)

// A reader beside the writer sees what was written, passes over a record
// that is half there, and leaves the folder as it is.
func TestReadBesideTheWriter(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Dir: dir})
	l := s.Camera("gate/1", 0, func(int32) string { return "cat" })
	for i := range 3 {
		l.Notify(&event.Event{At: noon.Add(time.Duration(i) * time.Minute), Window: windowOf(100, int64(4*i), math.NaN())})
	}
	s.flip("gate/1", &Flip{Camera: "gate/1", ID: "1-2", At: noon, From: "cat", To: "dog", Kind: "glitch"})
	s.Notices([]alerts.Notice{{ID: "a", Camera: "gate/1", At: noon}, {ID: "b", Camera: "other", At: noon}, {ID: "a", Camera: "gate/1", At: noon}})
	flush(t, s)
	file := filepath.Join(dir, windowsDir, folder("gate/1"), fileName(noon))
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, recordSize/2)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(file)

	r, err := OpenToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	names, err := r.Cameras()
	if err != nil || len(names) != 1 || names[0] != "gate/1" {
		t.Fatalf("cameras %q, %v", names, err)
	}
	first, last, ok := r.Days(names)
	if day := noon.Truncate(24 * time.Hour); !ok || !first.Equal(day) || !last.Equal(day) {
		t.Errorf("days %v to %v, %v", first, last, ok)
	}
	if _, _, ok := r.Days([]string{"nobody"}); ok {
		t.Error("days of a camera that never was")
	}
	q := Query{Camera: "gate/1", Since: noon, Until: noon.Add(2 * time.Minute)}
	var windows []Window
	if err := r.EachWindow(t.Context(), q, func(w *Window) error { windows = append(windows, *w); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(windows) != 2 || windows[1].Flips != 4 || windows[1].Unexplained != 2 || !windows[1].At.Equal(noon.Add(time.Minute)) || !math.IsNaN(windows[1].MeanScore) || windows[1].Observed != 50*time.Second {
		t.Errorf("windows %+v", windows)
	}
	var flips, told []string
	err = errors.Join(
		r.EachFlip(t.Context(), q, func(f *Flip) error { flips = append(flips, f.ID); return nil }),
		r.EachAlert(t.Context(), q, func(n *alerts.Notice) error { told = append(told, n.ID); return nil }))
	if err != nil || len(flips) != 1 || len(told) != 1 || told[0] != "a" {
		t.Errorf("flips %q, told %q, %v", flips, told, err)
	}
	stop := errors.New("enough")
	if err := r.EachWindow(t.Context(), q, func(*Window) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the caller: %v", err)
	}
	if after, err := os.Stat(file); err != nil || after.Size() != before.Size() {
		t.Errorf("reading changed the file: %v, %v", after, err)
	}
}

func TestReadNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nowhere")
	if _, err := OpenToRead(dir); !errors.Is(err, ErrNone) {
		t.Errorf("%v, want ErrNone", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("looking made the folder")
	}
}
