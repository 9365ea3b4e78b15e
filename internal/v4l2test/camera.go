package v4l2test

import (
	"context"
	_ "embed" // the library's source
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

//go:embed testdata/fake.c
var source []byte

// States of a camera.
const (
	OK        = "ok"
	Missing   = "missing"   // there is no such device
	Denied    = "denied"    // this user may not open it
	Forbidden = "forbidden" // the system allows this process no such device
	Busy      = "busy"      // it can't be opened, as another program has it
	Taken     = "taken"     // it can, but another program captures from it
	Gone      = "gone"      // it was unplugged, also from under who has it open
	Metadata  = "metadata"  // it gives no pictures, as a camera's second device
)

// Condition is what a camera is and does.
type Condition struct {
	Device int    `json:"device"` // N of /dev/videoN
	State  string `json:"state"`  // "" is OK
	Stall  bool   `json:"stall"`  // no frame comes
	// Lose and Damage are for every n-th frame; 0: none.
	Lose     int    `json:"lose"`
	Damage   int    `json:"damage"`
	Encoding int    `json:"encoding"` // ycbcr_enc of videodev2.h
	Modes    []Mode `json:"modes"`
}

// Mode is a kind of pictures that a camera gives.
type Mode struct {
	FourCC string `json:"fourcc"` // "YUYV" or "MJPG"
	Width  int    `json:"width"`
	Height int    `json:"height"`
	FPS    int    `json:"fps"`

	Pictures [][]byte `json:"-"`    // coded so, given in turn
	File     string   `json:"file"` // where they are, once there is a camera of them
}

// Camera is a camera, whose condition a test may change.
type Camera struct {
	dir string

	mu  sync.Mutex
	now Condition
}

// variable names the file that says what the camera is and does.
const variable = "FAKE_V4L2"

// New makes a camera for the processes that are given Env.
func New(t testing.TB, c Condition) *Camera {
	t.Helper()
	cam := &Camera{dir: t.TempDir()}
	code := filepath.Join(cam.dir, "fake.c")
	if err := os.WriteFile(code, source, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", cam.library(), code, "-lpthread")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the fake camera: %v (apt-get install gcc linux-libc-dev)\n%s", err, out)
	}
	for i := range c.Modes {
		c.Modes[i].File = filepath.Join(cam.dir, fmt.Sprintf("mode%d", i))
		if err := os.WriteFile(c.Modes[i].File, c.Modes[i].coded(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cam.now = c
	cam.write(t)
	return cam
}

func (c *Camera) library() string { return filepath.Join(c.dir, "fake.so") }
func (c *Camera) control() string { return filepath.Join(c.dir, "control") }
func (c *Camera) saved() string   { return filepath.Join(c.dir, "condition.json") }

// Env makes a process see the camera.
func (c *Camera) Env() []string {
	return []string{"LD_PRELOAD=" + c.library(), variable + "=" + c.control()}
}

// Change changes the camera's condition, at once. The modes are those at a
// process's first look.
func (c *Camera) Change(t testing.TB, change func(*Condition)) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.now)
	c.write(t)
}

func (c *Camera) write(t testing.TB) {
	t.Helper()
	var b strings.Builder
	state, stall := c.now.State, 0
	if state == "" {
		state = OK
	}
	if c.now.Stall {
		stall = 1
	}
	saved, err := json.Marshal(c.now)
	if err == nil {
		err = os.WriteFile(c.saved(), saved, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "device %d\nstate %s\nstall %d\nlose %d\ndamage %d\nencoding %d\n", c.now.Device, state, stall, c.now.Lose, c.now.Damage, c.now.Encoding)
	for _, m := range c.now.Modes {
		fmt.Fprintf(&b, "mode %s %d %d %d %s\n", m.FourCC, m.Width, m.Height, m.FPS, m.File)
	}
	// A reader sees the old one or the new one.
	if err := os.WriteFile(c.control()+".new", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(c.control()+".new", c.control()); err != nil {
		t.Fatal(err)
	}
}
