package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

func TestRecorderStoresEveryFlipAndRevisionOnce(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	const n = 500
	record := func() Stats {
		r := NewRecorder(conn, testStream(), RecorderConfig{Buffer: 16})
		for i := range uint64(n) {
			if err := r.Record(t.Context(), flipEvent(i)); err != nil {
				t.Fatal(err)
			}
			if i%2 == 1 {
				if err := r.Record(t.Context(), lateEvent(i-1, i)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		return r.Stats()
	}
	check := func() {
		t.Helper()
		messages := stored(t, s)
		if len(messages) != 2*n {
			t.Fatalf("%d messages are stored, want %d flips with two revisions each", len(messages), n)
		}
		last := map[string]int{}
		for _, m := range messages {
			f := decode[Flip](t, m.Data)
			if want := last[f.ID]; f.Revision != want {
				t.Fatalf("%s: revision %d, want %d", f.ID, f.Revision, want)
			}
			last[f.ID]++
			if want := messageID(f.ID, f.Revision); m.Header.Get("Nats-Msg-Id") != want || m.Header.Get("ce-id") != want {
				t.Fatalf("headers %v, want id %s", m.Header, want)
			}
		}
		if len(last) != n {
			t.Fatalf("%d flips, want %d", len(last), n)
		}
	}
	if st := record(); st.Stored != 2*n || st.Duplicates != 0 || st.Published != n || st.Lost != 0 {
		t.Errorf("stats %+v", st)
	}
	check()
	// The same run resent as a whole adds nothing.
	if st := record(); st.Stored != 2*n || st.Duplicates != 2*n {
		t.Errorf("stats of the resend %+v", st)
	}
	check()
}

func TestRestartedRunIsNotTakenForAResend(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	for run := range 2 {
		stream := testStream()
		stream.Epoch = NewEpoch(testStart.Add(time.Duration(run) * time.Second))
		r := NewRecorder(conn, stream, RecorderConfig{})
		if err := r.Record(t.Context(), flipEvent(1)); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(stored(t, s)); got != 2 {
		t.Errorf("%d flips stored, want one of each run", got)
	}
}

func TestRecorderOutlivesARestartOfTheBroker(t *testing.T) {
	s := natstest.Listen(t)
	conn := connect(t, s, overTCP(s))
	r := NewRecorder(conn, testStream(), RecorderConfig{Buffer: 8})
	const n = 200
	done := make(chan error, 1)
	halfway := make(chan struct{})
	go func() {
		for i := range uint64(n) {
			if i == n/2 {
				close(halfway)
			}
			if err := r.Record(context.Background(), flipEvent(i)); err != nil {
				done <- err
				return
			}
		}
		done <- r.Close()
	}()
	<-halfway
	s.Stop()
	time.Sleep(50 * time.Millisecond) // some more are recorded into the outage
	s.Restart(t)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	ids := countIDs(stored(t, s))
	if len(ids) != n {
		t.Fatalf("%d flips are stored, want %d", len(ids), n)
	}
	for id, times := range ids {
		if times != 1 {
			t.Errorf("%s is stored %d times", id, times)
		}
	}
}

func TestRecorderHonoursItsContext(t *testing.T) {
	s := natstest.Listen(t)
	conn := connect(t, s, overTCP(s))
	r := NewRecorder(conn, testStream(), RecorderConfig{Buffer: 1, CloseTimeout: 50 * time.Millisecond})
	if err := r.Record(t.Context(), flipEvent(0)); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	cause := errors.New("the user has had enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, cause)
	defer cancel()
	var err error
	for i := uint64(1); err == nil && i < 100; i++ {
		err = r.Record(ctx, flipEvent(i))
	}
	if !errors.Is(err, cause) {
		t.Errorf("record returned %v, want the context's cause", err)
	}
	if err := r.Close(); err == nil {
		t.Error("close said nothing about lost messages")
	}
	if r.Stats().Lost == 0 {
		t.Error("no loss was counted")
	}
}

func TestRecorderGivesUpOnASilentBroker(t *testing.T) {
	s := natstest.Listen(t)
	conn := connect(t, s, overTCP(s))
	r := NewRecorder(conn, testStream(), RecorderConfig{GiveUp: 50 * time.Millisecond, CloseTimeout: 50 * time.Millisecond})
	if err := r.Record(t.Context(), flipEvent(0)); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	var err error
	for i := uint64(1); err == nil; i++ {
		err = r.Record(t.Context(), flipEvent(i))
	}
	if want := "start the server again"; !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not say what to do", err)
	}
	_ = r.Close()
}

// A broker that lost its store gets a new stream.
func TestRecorderMakesALostStreamAgain(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	r := NewRecorder(conn, testStream(), RecorderConfig{})
	if err := r.Record(t.Context(), flipEvent(0)); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := conn.js.DeleteStream(t.Context(), StreamName); err != nil {
		t.Fatal(err)
	}
	if err := r.Record(t.Context(), flipEvent(1)); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(stored(t, s)); got != 1 {
		t.Errorf("%d messages in the new stream, want 1", got)
	}
}

func TestStateIsKept(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	r := NewRecorder(conn, testStream(), RecorderConfig{})
	for _, state := range []string{"connecting", "up", "ended"} {
		if err := r.Record(t.Context(), &event.Event{At: testStart, State: &event.Health{State: state, Since: testStart}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	kv, err := conn.js.KeyValue(t.Context(), StateBucket)
	if err != nil {
		t.Fatal(err)
	}
	e, err := kv.Get(t.Context(), StateKey("plant", "gate 2"))
	if err != nil {
		t.Fatal(err)
	}
	if got := decode[State](t, e.Value()); got.State != "ended" || got.Camera != "gate 2" || got.Seq != 2 {
		t.Errorf("last state is %+v", got)
	}
	if got := len(stored(t, s)); got != 3 {
		t.Errorf("%d states in the stream, want 3", got)
	}
}

func TestPicturesAreStoredAndNamedInEveryRevision(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	r := NewRecorder(conn, testStream(), RecorderConfig{})
	ev := flipEvent(5)
	ev.Prev, ev.Cur = thumbs()
	if err := r.Record(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	ev.Prev.Release()
	ev.Cur.Release()
	if ev.Prev.Pix != nil || ev.Cur.Pix != nil {
		t.Error("the recorder still holds a picture")
	}
	if err := r.Record(t.Context(), lateEvent(5)); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	store, err := conn.js.ObjectStore(t.Context(), PictureBucket)
	if err != nil {
		t.Fatal(err)
	}
	messages := stored(t, s)
	if len(messages) != 2 {
		t.Fatalf("%d messages, want two revisions", len(messages))
	}
	for _, m := range messages {
		f := decode[Flip](t, m.Data)
		if f.Pictures == nil || len(f.TopBefore) != 2 || len(f.TopAfter) != 2 || len(f.ChangedCells) != 2 {
			t.Fatalf("revision %d lacks what the first one told: %s", f.Revision, m.Data)
		}
		for _, name := range []string{f.Pictures.Before, f.Pictures.After} {
			data, err := store.GetBytes(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) < 4 || data[0] != 0xFF || data[1] != 0xD8 {
				t.Errorf("%s is no JPEG file", name)
			}
		}
	}
}

func TestPicturesStayWithinTheirLimit(t *testing.T) {
	s := natstest.Start(t)
	const limit = 64 << 10
	conn := connect(t, s, func(c *Config) { c.Pictures.MaxBytes = limit })
	r := NewRecorder(conn, testStream(), RecorderConfig{})
	const n = 100
	for i := range uint64(n) {
		ev := flipEvent(i)
		ev.Prev, ev.Cur = thumbs()
		if err := r.Record(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		ev.Prev.Release()
		ev.Cur.Release()
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if st := r.Stats(); st.LostPictures != 0 || st.Lost != 0 {
		t.Errorf("stats %+v: newer pictures gave way to older ones", st)
	}
	store, err := conn.js.ObjectStore(t.Context(), PictureBucket)
	if err != nil {
		t.Fatal(err)
	}
	status, err := store.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.Size() > limit {
		t.Errorf("pictures take %d bytes, limit %d", status.Size(), limit)
	}
	base := fmt.Sprintf("plant/%s//%d/%d/", Token("gate 2"), testStream().Epoch, n-1)
	if _, err := store.GetInfo(t.Context(), base+"after.jpg"); err != nil {
		t.Errorf("the newest picture: %v", err)
	}
	base = fmt.Sprintf("plant/%s//%d/%d/", Token("gate 2"), testStream().Epoch, 0)
	if _, err := store.GetInfo(t.Context(), base+"after.jpg"); !errors.Is(err, jetstream.ErrObjectNotFound) {
		t.Errorf("the oldest picture: %v, want it gone", err)
	}
}

func TestPicturesOff(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s, func(c *Config) { c.Pictures.Off = true })
	r := NewRecorder(conn, testStream(), RecorderConfig{})
	ev := flipEvent(5)
	ev.Prev, ev.Cur = thumbs()
	if err := r.Record(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if f := decode[Flip](t, stored(t, s)[0].Data); f.Pictures != nil {
		t.Errorf("pictures %+v", f.Pictures)
	}
	if _, err := conn.js.ObjectStore(t.Context(), PictureBucket); !errors.Is(err, jetstream.ErrBucketNotFound) {
		t.Errorf("the object store exists: %v", err)
	}
}
