package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// Request says what to get and where to put it.
type Request struct {
	URL string // http or https
	Dir string // made if it is not there
	// Name of the file in Dir. The unfinished file is Dir/.partial-Name.
	Name string
	// SHA256 is what the file must have, in hexadecimal. Empty: what the
	// server announces, and if it announces none anything is accepted.
	SHA256 string
	// MaxBytes bounds the file; 0 is 8 GiB.
	MaxBytes int64
	// Progress is told the bytes that are there and their number in the end,
	// -1 where it is not known. It is called often, from the caller's
	// goroutine. Nil: nobody wants to know.
	Progress func(done, total int64)
	// Notice is told in a line what happens on the way: that an earlier
	// download goes on, that a broken one is tried again. Nil: nobody wants
	// to know.
	Notice func(line string)
	// Client replaces the usual one, for tests.
	Client *http.Client
	// Wait replaces the pause between two attempts, for tests.
	Wait func(ctx context.Context, d time.Duration) error

	create func(path string) (file, error) // for tests; nil: the file system
}

// Result is a downloaded file.
type Result struct {
	Path   string // Dir/Name
	Bytes  int64
	SHA256 string
	// Announced is the SHA-256 that the server announced; empty if it
	// announced none.
	Announced string
}

// ErrWrongHash is returned for a file that is not the expected one. Nothing
// of it is kept.
var ErrWrongHash = errors.New("the downloaded file is not the expected one")

const (
	defaultMaxBytes = 8 << 30
	// attempts is how often a download may fail in a row without a byte of
	// progress.
	attempts = 5
	// stall is how long a connection may be silent.
	stall = time.Minute
)

var sha256Text = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Get downloads the file. Where it returns an error there is no Dir/Name that
// was not there before; an interrupted or broken download leaves its hidden
// part for the next call, a wrong file and a full disk leave nothing.
func Get(ctx context.Context, r Request) (*Result, error) {
	d, err := newDownload(r)
	if err != nil {
		return nil, err
	}
	res, err := d.run(ctx)
	if err == nil {
		return res, nil
	}
	err = fmt.Errorf("download %s: %w", d.place, err)
	if errors.Is(err, ErrWrongHash) || errors.Is(err, syscall.ENOSPC) {
		return nil, errors.Join(err, d.part.remove())
	}
	return nil, errors.Join(err, d.part.close())
}

func (d *download) run(ctx context.Context) (*Result, error) {
	if err := os.MkdirAll(d.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := d.part.open(d.URL); err != nil {
		return nil, err
	}
	resumed := d.part.size > 0
	if resumed {
		d.say("going on after %d bytes of an earlier download", d.part.size)
	}
	for {
		if err := d.complete(ctx); err != nil {
			return nil, err
		}
		err := d.check()
		if err == nil {
			break
		}
		if !resumed {
			return nil, err
		}
		// Its first part may have been another file's, or damaged since.
		resumed = false
		d.say("what was there from an earlier download does not fit: starting anew")
		if err := d.part.reset(); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(d.Dir, d.Name)
	if err := d.part.finish(path); err != nil {
		return nil, err
	}
	return &Result{Path: path, Bytes: d.part.size, SHA256: d.part.sum(), Announced: d.part.Announced}, nil
}

// complete tries until all bytes are there.
func (d *download) complete(ctx context.Context) error {
	for failed := 0; ; {
		before := d.part.size
		err := d.attempt(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var temporary temporaryError
		if !errors.As(err, &temporary) {
			return err
		}
		if d.part.size > before {
			failed = 0
		}
		if failed++; failed >= attempts {
			return fmt.Errorf("%w (given up after %d attempts; run it again to go on)", err, failed)
		}
		pause := time.Second << (failed - 1)
		d.say("%v: trying again in %v", err, pause)
		if err := d.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// check compares the file's hash with the expected one.
func (d *download) check() error {
	want, whose := d.SHA256, "expected"
	if want == "" {
		want, whose = d.part.Announced, "announced by the server"
	}
	if got := d.part.sum(); want != "" && got != want {
		return fmt.Errorf("%w: its SHA-256 is %s, %s is %s", ErrWrongHash, got, whose, want)
	}
	return nil
}

// temporaryError is one that another attempt may not meet.
type temporaryError struct{ error }

func (e temporaryError) Unwrap() error { return e.error }

// file is what a part is written to.
type file interface {
	io.ReadWriteSeeker
	Truncate(size int64) error
	Sync() error
	Close() error
}

func osFile(path string) (file, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644) }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
