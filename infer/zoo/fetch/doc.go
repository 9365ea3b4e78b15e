// Package fetch downloads one file over HTTP: whole and checked, or not at
// all.
//
// A download that breaks off goes on where it stopped, in the same call or in
// a later one, as long as the server still has the same file. What has come so
// far lies under a hidden name, beside a note of what it is part of; the file
// gets its name when all of it is there and its SHA-256 is the expected one.
//
// The package knows nothing of models. It reads proxies from the environment,
// as Go's HTTP client does, and follows redirects, but none from https to
// http. Addresses in errors have no credentials and no query, which is where
// signed links keep theirs.
package fetch
