// Package api is flipmeter's JSON API under /api/v1: cameras, flips,
// windows, alerts, silences, the state of the program, and a stream of
// updates. Errors are problem+json (RFC 9457). /api/v1/openapi.json
// describes it all, made from the table of routes that also serves them.
//
// It shows and passes on; what it shows comes from web/board, web/live and
// the interfaces that Config names.
package api
