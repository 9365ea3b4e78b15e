// Package child decodes a source in a process of its own, so that a crash in
// a codec, or a read that never returns, costs one camera a reconnect and
// nothing else.
//
// The parent starts the same program again, sends it one request, and reads
// frames. The process has no secret among its arguments or in its
// environment: the address comes by standard input. It ends by itself when
// its standard input does, and is killed where it doesn't.
//
// # Protocol
//
// Both directions are a sequence of messages: one byte for the kind, four
// for the length of what follows, in little-endian order. The parent sends
// one open (JSON). The child answers with hello (its version), info (JSON),
// then frames; alive once a second whatever else happens; and at last end
// (JSON), which says why. What a parent reads is checked before it is
// believed: a child that was taken over by what it decodes can say nothing
// but wrong pictures.
//
// It opens no source itself: whoever runs the child passes in how.
package child
