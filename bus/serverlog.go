package bus

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// serverLog passes the embedded server's warnings and errors on; its
// notices are of no interest to somebody who watches cameras.
type serverLog struct {
	log   *slog.Logger
	fatal chan struct{} // closed by the first fatal error

	mu    sync.Mutex
	first string
	dead  bool // fatal is closed
}

// firstError is the first error that was logged, "" if there was none: the
// server tells why it could not start in no other way.
func (l *serverLog) firstError() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

func (l *serverLog) note(level slog.Level, format string, args []any) {
	text := fmt.Sprintf(format, args...)
	if level >= slog.LevelError {
		l.mu.Lock()
		if l.first == "" {
			l.first = text
		}
		l.mu.Unlock()
	}
	if l.log != nil {
		l.log.Log(context.Background(), level, "embedded nats server", "said", text)
	}
}

func (l *serverLog) Warnf(format string, args ...any)  { l.note(slog.LevelWarn, format, args) }
func (l *serverLog) Errorf(format string, args ...any) { l.note(slog.LevelError, format, args) }

// Fatalf is told of errors after which the server stops; the process stays.
func (l *serverLog) Fatalf(format string, args ...any) {
	l.note(slog.LevelError, format, args)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dead {
		l.dead = true
		close(l.fatal)
	}
}
func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}
