package mqtt

import (
	"sync"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// gate lets messages through until it is closed: the client may still call
// back while it disconnects.
type gate struct {
	deliver func(topic string, payload []byte, retained bool)

	mu     sync.Mutex
	closed bool
}

func (g *gate) take(m paho.Message) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.deliver(m.Topic(), m.Payload(), m.Retained())
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}
