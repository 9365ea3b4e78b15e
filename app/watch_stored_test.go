package app_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/flipmeter/flipmeter/bus"
)

// each reads the payloads of a type that JetStream holds, in the order in
// which they were stored.
func (r *watchRig) each(url string, kind bus.Type, take func(payload []byte) error) {
	r.t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		r.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), watchPatience)
	defer cancel()
	c, err := js.OrderedConsumer(ctx, bus.StreamName, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{bus.Root + ".*.*." + string(kind)},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	for {
		batch, err := c.FetchNoWait(1000)
		if err != nil {
			r.t.Fatal(err)
		}
		n := 0
		for m := range batch.Messages() {
			n++
			if err := take(m.Data()); err != nil {
				r.t.Fatal(err)
			}
		}
		if n == 0 {
			return
		}
	}
}

// published reads all flips that JetStream holds, by camera and id, as kept by
// a consumer that heeds revisions.
func (r *watchRig) published(url string) map[string]map[string]bus.Flip {
	r.t.Helper()
	out := map[string]map[string]bus.Flip{}
	r.each(url, bus.TypeFlip, func(payload []byte) error {
		var f bus.Flip
		if err := json.Unmarshal(payload, &f); err != nil {
			return err
		}
		if out[f.Camera] == nil {
			out[f.Camera] = map[string]bus.Flip{}
		}
		if old, ok := out[f.Camera][f.ID]; !ok || old.Revision < f.Revision {
			out[f.Camera][f.ID] = f
		}
		return nil
	})
	return out
}

// publishedStates reads the states of each camera, each with its error.
func (r *watchRig) publishedStates(url string) map[string][]string {
	r.t.Helper()
	out := map[string][]string{}
	r.each(url, bus.TypeState, func(payload []byte) error {
		var s bus.State
		if err := json.Unmarshal(payload, &s); err != nil {
			return err
		}
		if s.Drop == nil {
			out[s.Camera] = append(out[s.Camera], strings.TrimSpace(s.State+" "+s.Error))
		}
		return nil
	})
	return out
}

// stored is published after the end: what the data folder holds.
func (r *watchRig) stored() (flips map[string]map[string]bus.Flip) {
	r.t.Helper()
	r.reopen(func(url string) { flips = r.published(url) })
	return flips
}

// reopen starts a server over the data folder of a watch that ended.
func (r *watchRig) reopen(read func(url string)) {
	r.t.Helper()
	srv, err := bus.StartEmbedded(r.t.Context(), bus.ServerConfig{
		StoreDir: filepath.Join(filepath.Dir(r.config), "data", "nats"), Listen: "127.0.0.1:0",
	})
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			r.t.Error(err)
		}
	}()
	read(srv.URL())
}
