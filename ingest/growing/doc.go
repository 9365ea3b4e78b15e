// Package growing reads a folder that is being filled: pictures and clips that
// appear in it are frames of one stream, in the order of their names, and the
// stream waits for the next. A file is not read before it is whole, and at most
// once, also over restarts of the program where Remember keeps a record. Which
// container a clip has, and how it is decoded, is the business of who opens
// it; nothing is deleted or moved.
package growing
