package app_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
)

// A service manager hears that watch is up, that it lives, and that it stops;
// and the unit asks for what it tells.
func TestWatchTellsTheServiceManager(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	hear := func(want string) {
		t.Helper()
		if err := l.SetReadDeadline(time.Now().Add(watchPatience)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1000)
		for {
			n, err := l.Read(buf)
			if err != nil {
				t.Fatalf("waiting for %s: %v", want, err)
			}
			if strings.HasPrefix(string(buf[:n]), want) {
				return
			}
		}
	}
	r := startWatch(t, "cameras:\n  - {name: made, url: \"synth:number?frames=12&fps=25&size=96x96\"}\n", byNumber, func(o *app.WatchOptions) {
		o.Environ = append(o.Environ, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=100000")
	})
	hear("READY=1\nSTATUS=following 1 camera")
	hear("WATCHDOG=1")
	r.stop()
	hear("STOPPING=1")
	r.end()

	unit, err := os.ReadFile(filepath.Join("..", "deploy", "systemd", "flipmeter.service"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Type=notify\n", "WatchdogSec=60\n", "ExecReload=/bin/kill -HUP $MAINPID\n", "\nSupplementaryGroups=video\n"} {
		if !strings.Contains(string(unit), line) {
			t.Errorf("the unit has no line %q", line)
		}
	}
	for _, line := range []string{"\nPrivateDevices=", "\nDeviceAllow=", "\nDevicePolicy="} {
		if strings.Contains(string(unit), line) {
			t.Errorf("the unit keeps cameras of this machine away by %q", line)
		}
	}
}
