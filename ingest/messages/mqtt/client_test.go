package mqtt

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/internal/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

// listening is a Listen that runs.
type listening struct {
	t    *testing.T
	up   chan struct{}
	done chan error
	stop context.CancelFunc

	mu  sync.Mutex
	got []string
}

func listen(t *testing.T, cfg Config, topic string) *listening {
	t.Helper()
	l := &listening{t: t, up: make(chan struct{}), done: make(chan error, 1)}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	t.Cleanup(stop)
	cfg.Timeout = patience
	go func() {
		l.done <- Listen(ctx, cfg, Inbound{Topic: topic, Up: func() { close(l.up) }, Deliver: func(topic string, payload []byte, retained bool) {
			text := topic + "=" + string(payload)
			if retained {
				text += " retained"
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.got = append(l.got, text)
		}})
	}()
	return l
}

func (l *listening) waitUp() {
	l.t.Helper()
	select {
	case <-l.up:
	case err := <-l.done:
		l.t.Fatalf("it does not listen: %v", err)
	case <-time.After(patience):
		l.t.Fatal("it does not listen")
	}
}

func (l *listening) end() error {
	l.t.Helper()
	select {
	case err := <-l.done:
		return err
	case <-time.After(patience):
		l.t.Fatal("it does not end")
		return nil
	}
}

func (l *listening) wait(want ...string) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		got := strings.Join(l.got, "|")
		l.mu.Unlock()
		if got == strings.Join(want, "|") {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("got %s, want %s", got, strings.Join(want, "|"))
		}
	}
}

func withUser(o *server.Options) { o.MQTT.Username, o.MQTT.Password = "cam", "secret" }

func publish(t *testing.T, url string, retained bool, topic, payload string) {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker(strings.Replace(url, "mqtt://", "tcp://", 1)).SetUsername("cam").SetPassword("secret").SetClientID("p" + topic + payload).SetConnectTimeout(patience))
	for _, token := range []func() paho.Token{c.Connect, func() paho.Token { return c.Publish(topic, 1, retained, payload) }} {
		if tk := token(); !tk.WaitTimeout(patience) || tk.Error() != nil {
			t.Fatal(tk.Error())
		}
	}
	c.Disconnect(100)
}

func TestListenHearsUntilTheBrokerIsGone(t *testing.T) {
	broker := natstest.Listen(t, natstest.MQTT, withUser)
	publish(t, broker.MQTTURL(), true, "a/b/state", "old")
	l := listen(t, Config{URL: broker.MQTTURL(), User: "cam", Password: "secret"}, "a/+/state")
	l.waitUp()
	publish(t, broker.MQTTURL(), false, "a/b/state", "new")
	publish(t, broker.MQTTURL(), false, "a/b/other", "x")
	publish(t, broker.MQTTURL(), false, "a/c/state", "newer")
	l.wait("a/b/state=old retained", "a/b/state=new", "a/c/state=newer")
	broker.Stop()
	if err := l.end(); err == nil || !strings.Contains(err.Error(), "listen to mqtt at 127.0.0.1:") {
		t.Errorf("it ended with %v", err)
	}
	broker.Restart(t)
	l = listen(t, Config{URL: strings.Replace(broker.MQTTURL(), "mqtt://", "mqtt://cam:secret@", 1)}, "a/#")
	l.waitUp()
	l.stop()
	if err := l.end(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	broker := natstest.Listen(t, natstest.MQTT, withUser)
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{URL: broker.MQTTURL(), User: "cam", Password: "wrong"}, "check the user and the password"},
		{Config{URL: "http://cam:secret@x"}, "mqtt://host:1883"},
		{Config{URL: "mqtt://127.0.0.1:1"}, "connect to mqtt at 127.0.0.1:1"},
		{Config{URL: broker.MQTTURL(), CAFile: "nothing.pem"}, "read the authority"},
	} {
		err := listen(t, c.cfg, "x").end()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
