// Package dispatch brings notices to receivers: each has a bounded queue and
// a goroutine of its own, so that one that hangs, refuses or is gone delays
// nobody else. A failed delivery is tried again, with growing pauses, until
// it succeeds; what the queue can't hold meanwhile is lost, and counted.
//
// It decides nothing about alerts: package alerts does. The receivers
// themselves are in alerts/webhook and alerts/alertmanager.
package dispatch
