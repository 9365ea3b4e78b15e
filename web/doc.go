// Package web answers HTTP: metrics for Prometheus, and whether the process
// lives and is ready.
//
// It listens on this machine only unless it is told otherwise, and then wants
// a token. What it tells it is given: it counts nothing itself and knows no
// camera.
package web
