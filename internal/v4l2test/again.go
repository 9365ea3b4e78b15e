package v4l2test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Again runs a test once more, in a process that sees a camera of the condition
// that first gives, for what is to be tested within the process: a library can
// be loaded before all others only when a process begins. The test's own
// process does nothing else.
func Again(t *testing.T, first func() Condition, then func(cam *Camera)) {
	t.Helper()
	if control := os.Getenv(variable); control != "" {
		cam := &Camera{dir: filepath.Dir(control)}
		text, err := os.ReadFile(cam.saved())
		if err == nil {
			err = json.Unmarshal(text, &cam.now)
		}
		if err != nil {
			t.Fatal(err)
		}
		then(cam)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(part)+"$")
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run="+strings.Join(parts, "/"), "-test.count=1", "-test.v")
	cmd.Env = append(os.Environ(), New(t, first()).Env()...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("with the fake camera: %v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Fatalf("the test did not run with the fake camera:\n%s", out)
	}
}
