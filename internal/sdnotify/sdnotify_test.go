package sdnotify

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestNotify(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "n"), "@flipmeter-test-" + filepath.Base(t.TempDir()) + t.Name()} {
		l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		m := FromEnvironment([]string{"HOME=/", "NOTIFY_SOCKET=" + name, "WATCHDOG_USEC=30000000"})
		if err := m.Notify(t.Context(), Ready+"\nSTATUS=fine"); err != nil {
			t.Fatal(err)
		}
		if err := l.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := l.Read(buf)
		if got := string(buf[:n]); err != nil || got != "READY=1\nSTATUS=fine" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if m.Watchdog() != 30*time.Second {
			t.Errorf("watchdog %v", m.Watchdog())
		}
		l.Close()
	}
}

func TestNobodyAsked(t *testing.T) {
	m := FromEnvironment([]string{"HOME=/", "WATCHDOG_USEC=x"})
	if err := m.Notify(t.Context(), Ready); err != nil || m.Watchdog() != 0 {
		t.Errorf("%v, %v", err, m.Watchdog())
	}
	m = FromEnvironment([]string{"NOTIFY_SOCKET=" + filepath.Join(t.TempDir(), "missing")})
	if err := m.Notify(t.Context(), Ready); err == nil {
		t.Error("a socket that is not there took it")
	}
}
