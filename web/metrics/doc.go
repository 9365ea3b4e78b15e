// Package metrics counts what happens to cameras, for Prometheus.
//
// Everything is registered with the registry that New is given, and nothing
// with a global one. Labels are bounded: camera, model, reason, kind, window
// and the like, never a class of the classifier. Events come in as they go to
// every other output; what is counted elsewhere (messages, inference) is read
// when Prometheus asks.
//
// It serves no HTTP; package web does.
package metrics
