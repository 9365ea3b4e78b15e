// Package bus publishes what happens to streams over NATS: subjects and
// envelopes, an embedded or a remote server, and two publishers.
//
// Subjects are flipmeter.v1.<site>.<camera>.<type>. Observations travel on
// core NATS only, for whoever listens just then. Flips, windows, states and
// alerts are stored in the JetStream stream FLIPMETER; the last state of
// each camera also in the key-value bucket flipmeter_state, under
// <site>.<camera>; the pictures before and after a flip in the object store
// flipmeter_pictures.
//
// # Identity of a message
//
// Every payload has an id that stays the same when it is told again with a
// higher revision, as a flip is when its kind becomes known. Nats-Msg-Id is
// the id with the revision, so that a resend is stored once and a revision
// is not lost. Consumers keep the highest revision of an id; a message that
// is resent later than the stream's window for duplicates (Config.Storage)
// may be stored twice, which that rule makes harmless. Ids are made of
// names, sequence numbers and the epoch, never of a clock; the epoch is what
// tells one run from another (see NewEpoch).
//
// # Two publishers
//
// A Recorder is for files: it blocks when the broker is slow and loses
// nothing that is stored. A Publisher is for live streams: its listeners
// never block, its buffers are bounded, the oldest message gives way and is
// counted. After an outage both resend what was not acknowledged. Within one
// camera messages are stored in the order of the events unless an outage
// made some of them travel twice.
package bus
