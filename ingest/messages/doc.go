// Package messages makes observations of what somebody else's classifier
// says in messages, whatever their form: a [Mapper] takes the camera, the
// track, the label, its score and the time out of topic and payload, and an
// [Intake] puts each label behind the one before it of its track.
//
// Nothing that arrives is trusted. What is not of this camera, can't be read,
// has a value of the wrong kind, a time far from now, or comes faster than
// allowed, is left out and counted by its [Outcome]. Memory is bounded: by the
// number of tracks and of labels, and by the size of one message.
//
// It connects to nothing (bus and ingest/messages/mqtt do) and measures
// nothing: the measures' rules for gaps, times and labels that only changes
// tell of are applied here, their counting is package stability's.
package messages
