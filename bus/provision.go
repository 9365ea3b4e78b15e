package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Provision makes the stream, the bucket and the object store unless they
// exist. What exists stays as its operator made it. Publishers call it
// before the first message; calling it earlier shows a missing permission,
// or a broker without JetStream, at the start.
func (c *Conn) Provision(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ready {
		return nil
	}
	if err := c.provision(ctx); err != nil {
		return fmt.Errorf("prepare nats at %s: %w", c.host, c.redact.error(err))
	}
	c.ready = true
	return nil
}

// forget makes the next Provision look again: the broker lost its store.
func (c *Conn) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = false
}

func (c *Conn) provision(ctx context.Context) error {
	storage := jetstream.FileStorage
	if c.cfg.Storage.InMemory {
		storage = jetstream.MemoryStorage
	}
	st := c.cfg.Storage
	if err := c.provisionStream(ctx, storage); err != nil {
		return err
	}
	_, err := c.js.KeyValue(ctx, StateBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		_, err = c.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket:      StateBucket,
			Description: "the last state of each camera",
			History:     1,
			Storage:     storage,
			Replicas:    st.Replicas,
		})
		if errors.Is(err, jetstream.ErrBucketExists) {
			_, err = c.js.KeyValue(ctx, StateBucket)
		}
	}
	if err != nil {
		return fmt.Errorf("open the key-value bucket %s: %w", StateBucket, err)
	}

	if c.cfg.Pictures.Off {
		return nil
	}
	if err := c.provisionPictures(ctx, storage); err != nil {
		return fmt.Errorf("open the object store %s: %w", PictureBucket, err)
	}
	return nil
}

func (c *Conn) provisionPictures(ctx context.Context, storage jetstream.StorageType) error {
	_, err := c.js.ObjectStore(ctx, PictureBucket)
	switch {
	case err == nil && c.cfg.Server == nil:
		return nil // as its operator made it
	case err == nil:
	case errors.Is(err, jetstream.ErrBucketNotFound), errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = c.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket:      PictureBucket,
			Description: "pictures before and after flips",
			TTL:         c.cfg.Pictures.MaxAge,
			MaxBytes:    c.cfg.Pictures.MaxBytes,
			Storage:     storage,
			Replicas:    c.cfg.Storage.Replicas,
		})
		if errors.Is(err, jetstream.ErrBucketExists) {
			return nil // another publisher was faster
		}
		if err != nil {
			return err
		}
	default:
		return err
	}
	// An object store that is full refuses new files, and deleting one
	// leaves a mark that takes room, too. Ours drops its oldest files.
	stream, err := c.js.Stream(ctx, "OBJ_"+PictureBucket)
	if err != nil {
		return err
	}
	cfg := stream.CachedInfo().Config
	cfg.Discard = jetstream.DiscardOld
	cfg.MaxAge, cfg.MaxBytes = c.cfg.Pictures.MaxAge, c.cfg.Pictures.MaxBytes
	_, err = c.js.UpdateStream(ctx, cfg)
	return err
}

func (c *Conn) provisionStream(ctx context.Context, storage jetstream.StorageType) error {
	st := c.cfg.Storage
	want := jetstream.StreamConfig{
		Name:        StreamName,
		Description: "flips, windows, states and alerts of flipmeter",
		Subjects:    storedSubjects(),
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxAge:      st.MaxAge,
		MaxBytes:    st.MaxBytes,
		Storage:     storage,
		Replicas:    st.Replicas,
		Duplicates:  st.Duplicates,
	}
	_, err := c.js.Stream(ctx, StreamName)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = c.js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			err = nil // another publisher was faster
		}
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount),
		errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("%w: start the server with JetStream (nats-server -js)", err)
	case err == nil && c.cfg.Server != nil:
		_, err = c.js.UpdateStream(ctx, want)
	}
	if err != nil {
		return fmt.Errorf("make the stream %s: %w", StreamName, err)
	}
	return nil
}

func storedSubjects() []string {
	var out []string
	for _, t := range Types() {
		if t != TypeObservation {
			out = append(out, Root+".*.*."+string(t))
		}
	}
	return out
}
