package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFileDigest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	content := make([]byte, 300_000)
	content[77] = 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	want := hex.EncodeToString(sum[:])
	d := StartFileDigest(t.Context(), path)
	got, err := d.Wait(t.Context())
	if got != want || err != nil || d.Sum() != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	d.Stop()
	d.Stop()
	if got, err := d.Wait(t.Context()); got != want || err != nil {
		t.Errorf("after stop: %s, %v", got, err)
	}

	d = StartFileDigest(t.Context(), path+" missing")
	if _, err := d.Wait(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	d.Stop()
}

func TestDigestStops(t *testing.T) {
	started := make(chan struct{})
	d := StartDigest(t.Context(), func(ctx context.Context, _ hash.Hash) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	})
	<-started
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := d.Wait(ctx); !errors.Is(err, cause) {
		t.Errorf("wait: %v", err)
	}
	if d.Sum() != "" {
		t.Error("a sum of nothing")
	}
	d.Stop()
	if _, err := d.Wait(t.Context()); err == nil || d.Sum() != "" {
		t.Errorf("after stop: %q, %v", d.Sum(), err)
	}
}
