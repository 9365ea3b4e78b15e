// Package board is what pages and the API show of live cameras: their state,
// newest label, windows, recent flips with pictures, and counters. It is
// built from events alone.
//
// A camera's listener never blocks: it notes what happened, and Run encodes
// pictures and tells subscribers afterwards. Everything it keeps is bounded,
// pictures by age and total size.
package board
