// Package web is the HTTP server: metrics for Prometheus, whether the process
// lives and is ready, and whatever pages it is given (web/api, web/pages).
//
// It listens on this machine only unless it is told otherwise, and then wants
// credentials (web/access). What it tells it is given: it counts nothing
// itself and knows no camera.
package web
