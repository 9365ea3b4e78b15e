package growing

import (
	"testing"
	"time"
)

// Where the clock of the files' times is put back, pictures go on as they came.
func TestFolderTimeGoesOnWhereTheClockIsPutBack(t *testing.T) {
	f := newFolder(t)
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	f.cfg.Now = func() time.Time { return now }
	show := func(name string, second int, gone time.Duration) string {
		f.add(name, picture(t, 16, byte(second)), second)
		now = now.Add(gone)
		return f.read(1)
	}
	f.want("1", show("1.png", 0, 0), "0@0")
	f.want("2", show("2.png", 10, 10*time.Second), "1@10000")
	f.want("put back", show("3.png", 20-3600, 10*time.Second), "2@20000 time")
	f.want("goes on", show("4.png", 30-3600, 10*time.Second), "3@30000")
	f.want("after a pause", show("5.png", 40-7200, time.Hour), "4@40000 time")
	f.want("a backlog", show("6.png", 50-9000, 0), "5@40040 time")
	f.want("side by side", show("7.png", 49-9000, 0), "6@40080")
	f.want("goes on again", show("8.png", 60-9000, 10*time.Second), "7@50040")
}
