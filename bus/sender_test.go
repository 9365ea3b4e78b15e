package bus

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/flipmeter/flipmeter/internal/natstest"
)

// A last state that got no answer is not sent again after the one that
// followed it: it would be the last.
func TestStatesAreNotResentOverLaterOnes(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	if err := conn.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	var count counters
	snd := &sender{conn: conn, js: conn.js, limit: 8, count: &count, log: slog.New(slog.DiscardHandler)}
	state := func(key, text string) *message {
		return &message{route: routeState, subject: "$KV." + StateBucket + "." + key, data: []byte(text)}
	}
	failed := errors.New("no answer")
	snd.underway = []flight{{m: state("plant.gate", "up"), err: failed}, {m: state("plant.door", "up"), err: failed}}
	snd.underway = append(snd.underway, snd.fly(state("plant.gate", "backoff")))
	if err := snd.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := count.snapshot(); st.Published != 3 || st.Resent != 1 || st.Lost != 0 {
		t.Errorf("stats %+v", st)
	}
	kv, err := conn.js.KeyValue(t.Context(), StateBucket)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"plant.gate": "backoff", "plant.door": "up"} {
		var e jetstream.KeyValueEntry
		if e, err = kv.Get(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if string(e.Value()) != want {
			t.Errorf("%s is %s, want %s", key, e.Value(), want)
		}
	}
}
