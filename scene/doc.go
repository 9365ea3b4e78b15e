// Package scene says whether the input changed between two frames: in how
// many cells of a coarse grid ([ChangeMap]; none is "still"), and whether a
// scene cut lies between them ([Content], [Cuts]).
//
// Nothing here starts goroutines, reads clocks or logs; time is an argument,
// and the same calls give the same answers. Values that depend on the stream
// so far (noise scale, neighbours of a cut) are kept per stream: one
// ChangeMap, one Content and one Cuts for each.
//
// # What the caller does with repeats and breaks
//
// A picture that repeats the one before is given to nobody here: the next
// new picture is compared with the last new one. After a break (gap,
// reconnect, size, time) there is no picture to compare with: forget the
// previous picture, call [Content.Reset] and then [Cuts.First] for the new
// one. The noise scale of the change map belongs to the camera and its
// compression and outlives breaks, except that a new ChangeMap is due where
// the frame size changes.
package scene
