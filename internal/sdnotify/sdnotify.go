// Package sdnotify tells a service manager that speaks systemd's protocol
// (sd_notify(3)) how its service is doing: a datagram to the socket that
// NOTIFY_SOCKET names. Where nobody asked, it does nothing.
package sdnotify

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// What is told. A state and a sentence for people may go in one message, on
// lines of their own.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	Alive    = "WATCHDOG=1"
)

// Manager is the service manager that started this process, if it wants to
// know. The zero value is nobody.
type Manager struct {
	socket   string
	watchdog time.Duration
}

// FromEnvironment finds the manager in variables, as of os.Environ.
func FromEnvironment(environ []string) Manager {
	var m Manager
	for _, v := range environ {
		if socket, ok := strings.CutPrefix(v, "NOTIFY_SOCKET="); ok {
			m.socket = socket
		}
		if us, ok := strings.CutPrefix(v, "WATCHDOG_USEC="); ok {
			if n, err := strconv.ParseInt(us, 10, 64); err == nil && n > 0 {
				m.watchdog = time.Duration(n) * time.Microsecond
			}
		}
	}
	return m
}

// Watchdog is how often the manager wants to hear Alive, at least; 0 is never.
func (m Manager) Watchdog() time.Duration {
	if m.socket == "" {
		return 0
	}
	return m.watchdog
}

// Notify sends a message.
func (m Manager) Notify(ctx context.Context, message string) error {
	if m.socket == "" {
		return nil
	}
	// Go takes a leading @ for the abstract namespace, as systemd does.
	conn, err := (&net.Dialer{}).DialContext(ctx, "unixgram", m.socket)
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer conn.Close()
	// A manager that doesn't read must not halt who tells it.
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte(message)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}
