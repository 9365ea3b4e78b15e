package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// An object store refuses what would exceed its limit instead of
	// dropping the oldest, so old pictures are deleted when it is nearly
	// full, down to a mark that makes this rare.
	fullShare  = 0.9
	sweptShare = 0.7
)

// putPicture stores a picture as a JPEG file, making room if needed.
func (s *sender) putPicture(ctx context.Context, m *message) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_, pictures := s.conn.stores()
	if pictures == nil {
		return fmt.Errorf("%w: pictures are off", errRefused)
	}
	data := m.thumb.JPEG()
	if err := s.makeRoom(ctx, pictures, int64(len(data))); err != nil {
		return err
	}
	_, err := pictures.Put(ctx, jetstream.ObjectMeta{
		Name:    m.subject,
		Headers: nats.Header{"content-type": {"image/jpeg"}},
	}, bytes.NewReader(data))
	return err
}

func (s *sender) makeRoom(ctx context.Context, store jetstream.ObjectStore, need int64) error {
	limit := float64(s.conn.cfg.Pictures.MaxBytes)
	status, err := store.Status(ctx)
	if err != nil {
		return err
	}
	size := float64(status.Size()) + float64(need)
	if size <= fullShare*limit {
		return nil
	}
	files, err := store.List(ctx)
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil
	}
	if err != nil {
		return err
	}
	sort.Slice(files, func(i, j int) bool { return files[i].ModTime.Before(files[j].ModTime) })
	for _, f := range files {
		if size <= sweptShare*limit {
			break
		}
		// Another publisher may have deleted it.
		if err := store.Delete(ctx, f.Name); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
			return err
		}
		size -= float64(f.Size)
	}
	return nil
}
