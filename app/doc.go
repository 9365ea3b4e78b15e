// Package app builds a running program from options and takes it down again.
// It is the only package that knows all the others; what it builds does not
// know it.
//
// Every command is a function that takes a context, options and the standard
// streams, and returns an error; cmd/flipmeter turns flags into options and
// errors into exit codes.
package app
