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
	pool    *messagePool // of an observation: nil if it is of none
}

// release gives back what the message holds, and itself. It is called once,
// by whoever has it last.
func (m *message) release() {
	m.thumb.Release()
	m.thumb = nil
	if m.pool != nil {
		m.pool.put(m)
	}
}

// envelope is what the payloads have in common.
type envelope interface{ env() *Envelope }

func (e *Envelope) env() *Envelope { return e }

func payloadJSON(t Type, payload envelope) []byte {
	data, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("BUG: encoding a %s: %v", t, err))
	}
	return data
}

// encode makes a payload a message, that of an observation apart.
func encode(t Type, payload envelope) *message {
	data := payloadJSON(t, payload)
	e := payload.env()
	id := messageID(e.ID, e.Revision)
	m := &message{route: routeStream, subject: Subject(e.Site, e.Camera, t), header: newHeader(), data: data}
	m.describe(id, e.Schema, ceSource(e.Site, e.Camera), e.At)
	m.header.Set(nats.MsgIdHdr, id)
	return m
}

// newHeader is the header of a CloudEvent that describe completes.
func newHeader() nats.Header {
	return nats.Header{
		"ce-specversion": {"1.0"}, "ce-id": {""}, "ce-type": {""}, "ce-source": {""}, "ce-time": {""},
		"content-type": {"application/json"},
	}
}

// describe writes into the header what tells one message from others.
func (m *message) describe(id, schema, source string, at time.Time) {
	m.header["ce-id"][0] = id
	m.header["ce-type"][0] = schema
	m.header["ce-source"][0] = source
	m.header["ce-time"][0] = at.Format(time.RFC3339Nano)
}

// ceSource is a camera as CloudEvents names what an event is of.
func ceSource(site, camera string) string { return "/" + Token(site) + "/" + Token(camera) }
