// Package reference computes what a network emits, in float64 and one
// operation after the other: slowly, and simply enough to be believed. It is
// what models verify holds a runtime and its accelerators against.
//
// It reads the network's file by itself and knows the operators that image
// classifiers are mostly made of; a network with another one is refused by
// that operator's name.
package reference
