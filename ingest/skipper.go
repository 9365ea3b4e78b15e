package ingest

import "context"

// Skipper is a Source that can pass over frames cheaply. A run that is
// continued skips what was done before.
type Skipper interface {
	// Skip passes over the next n frames without making their pictures.
	// Everything else is as if they had been read: Seq, PTS, Break and
	// Repeat of the frame that Read returns next are those that it would
	// have had. It returns ErrEndOfStream where fewer than n frames follow.
	// n < 1 does nothing.
	Skip(ctx context.Context, n int64) error
}

// Hasher is a Source whose content hash takes as long as reading all of it:
// it is computed beside the decoding, so that a long file starts at once.
type Hasher interface {
	// SHA256 waits for the hash, in hex. It may be called from any
	// goroutine and at any time before Close.
	SHA256(ctx context.Context) (string, error)
}
