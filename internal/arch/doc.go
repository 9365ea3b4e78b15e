// Package arch holds the project's rules about itself, as tests: which
// package may import which and why, what a package may keep in variables,
// and what must be true of the files around the code.
//
// The tests read source text only (go/parser), so they judge every build
// variant at once and take well under three seconds. A rule that is broken
// with good reason gets a line in that rule's table of exceptions, with the
// reason; there is no other way around one.
package arch
