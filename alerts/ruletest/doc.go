// Package ruletest runs label sequences that somebody wrote down through the
// tracker and the alert rules, and compares the flips, their kinds and the
// rules' transitions with what was expected: tests of thresholds without any
// video.
//
//	rules:
//	  - {name: FlickerHigh, metric: unexplained_fraction, window: 10s, fire_above: 0.05, for: 2s}
//	tests:
//	  - name: one glitch is not an alert
//	    sequence: "cat*30 dog cat*30"
//	    fps: 25
//	    expect:
//	      flips: 2
//	      kinds: {glitch: 2}
//	      alerts: []
//
// # Sequences
//
// A sequence is a list of labels, one a frame, separated by blanks. cat*30
// is thirty frames of cat, cat@0.3 one with a score of 0.3, (cat dog)*5 the
// two in turn five times. !gap, !reconnect, !size, !model, !time and !cut
// break the pair before the next frame, !repeat is the picture before once
// more.
package ruletest
