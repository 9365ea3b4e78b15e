// Package event is what travels from a stream's stages to the outputs: one
// Event an observation, with what the tracker made of it, and two contracts
// for receivers. A Recorder may block and never loses; a Listener never
// blocks and counts what it loses.
package event
