package bus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/flipmeter/flipmeter/frame"
)

// route says how a message reaches the broker.
type route uint8

const (
	routeCore    route = iota // published, no acknowledgement
	routeStream               // stored in StreamName
	routeState                // the last value in StateBucket
	routePicture              // a file in PictureBucket
	numRoutes
)

// message is one thing to send.
type message struct {
	route   route
	subject string // of the broker; the key of a state, the name of a picture
	header  nats.Header
	data    []byte
	thumb   *frame.Thumb // of a picture: encoded when it is sent; one reference
}

// release gives back what the message holds.
func (m *message) release() {
	m.thumb.Release()
	m.thumb = nil
}

// envelope is what the payloads have in common.
type envelope interface{ env() *Envelope }

func (e *Envelope) env() *Envelope { return e }

func payloadJSON(t Type, payload envelope) []byte {
	if o, ok := payload.(*Observation); ok {
		return o.appendJSON(make([]byte, 0, 1024))
	}
	data, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("BUG: encoding a %s: %v", t, err))
	}
	return data
}

// encode makes a payload a message.
func encode(t Type, payload envelope) *message {
	data := payloadJSON(t, payload)
	e := payload.env()
	id := messageID(e.ID, e.Revision)
	h := nats.Header{
		"ce-specversion": {"1.0"},
		"ce-id":          {id},
		"ce-type":        {e.Schema},
		"ce-source":      {"/" + Token(e.Site) + "/" + Token(e.Camera)},
		"ce-time":        {e.At.Format(time.RFC3339Nano)},
		"content-type":   {"application/json"},
	}
	m := &message{route: routeCore, subject: Subject(e.Site, e.Camera, t), header: h, data: data}
	if t != TypeObservation {
		m.route = routeStream
		h.Set(nats.MsgIdHdr, id)
	}
	return m
}
