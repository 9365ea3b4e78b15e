package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

// Digest is a SHA-256 that is computed in its own goroutine. Stop must be
// called when done with it.
type Digest struct {
	cancel context.CancelFunc
	done   chan struct{}
	sum    string // hex; valid once done is closed
	err    error
}

// StartDigest runs write in a goroutine. Write feeds the hash and returns
// early when its context ends.
func StartDigest(ctx context.Context, write func(context.Context, hash.Hash) error) *Digest {
	ctx, cancel := context.WithCancel(ctx)
	d := &Digest{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(d.done)
		h := sha256.New()
		switch err := write(ctx, h); {
		case err == nil:
			d.sum = hex.EncodeToString(h.Sum(nil))
		case ctx.Err() != nil:
			d.err = fmt.Errorf("hash: %w", errStopped)
		default:
			d.err = err
		}
	}()
	return d
}

// StartFileDigest hashes the content of a file.
func StartFileDigest(ctx context.Context, path string) *Digest {
	return StartDigest(ctx, func(ctx context.Context, h hash.Hash) error {
		return HashFile(ctx, h, path)
	})
}

// HashFile writes the content of a file into h, until the context ends.
func HashFile(ctx context.Context, h io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("hash file: %w", err)
	}
	defer f.Close()
	if _, err := io.Copy(h, contextReader{ctx, f}); err != nil {
		return fmt.Errorf("hash file: %w", err)
	}
	return nil
}

// contextReader ends with the context's error. It hides ReadFrom and
// WriteTo, so that io.Copy asks it for every block.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// Sum is the hash in hex, "" while it is not known.
func (d *Digest) Sum() string {
	select {
	case <-d.done:
		return d.sum
	default:
		return ""
	}
}

// Wait returns the hash in hex when it is computed, or the context's error.
func (d *Digest) Wait(ctx context.Context) (string, error) {
	select {
	case <-d.done:
		return d.sum, d.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Stop ends the computation and waits for its goroutine. A hash that is
// complete stays available. Stop may be called again.
func (d *Digest) Stop() {
	d.cancel()
	<-d.done
}

var errStopped = errors.New("the source was closed first")
