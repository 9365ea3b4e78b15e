// Package strictyaml reads YAML into Go structs and tells everything that is
// wrong with it at once, each problem with its line: unknown keys with the
// key that was probably meant, values of the wrong kind, durations without a
// unit, numbers out of bounds. The same declaration gives a JSON Schema.
//
// A field is declared by its type and its tags:
//
//	MinScore float64 `yaml:"min_score" min:"0" max:"1" doc:"..."`
//
// Types are string, bool, int, int64, uint64, float64, time.Duration, Bytes,
// structs, and pointers to, slices of and maps (with string keys) of these.
// Tags are yaml (the key), min and max (inclusive bounds of numbers and
// durations), above (exclusive), enum (allowed texts, separated by |), secret
// (never printed), required, base and doc. base names a key beside a list of
// structs: each item begins as a copy of it, in the item's field of the same
// type. A field with the option ",inline" lends its keys to its struct. A struct may have a method Validate()
// error; a line of its error that begins with "key: " is told at that key.
//
// Anchors, aliases, tags, merge keys and several documents are refused: what
// is written is what is read.
package strictyaml
