// Package stability is where the measures of flipmeter are defined: pairs of
// adjacent observations and what breaks them, label flips and their kinds,
// windows, rates and their intervals.
//
// It knows nothing of video, models or clocks: times are arguments, results
// are values. It imports the standard library only, starts no goroutine, and
// allocates nothing per observation once a stream is running.
package stability
