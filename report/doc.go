// Package report turns one run into files that outlive it: report.html to
// look at, summary.json to compute with, and the tables of frames and flips
// to load.
//
// A [Run] owns the output folder. [Run.Stream] gives one recorder for each
// stream, which the pipeline feeds with events; [Run.Finish] writes what was
// collected, and only then does anything appear under its final name. A run
// that fails calls [Run.Abort] and leaves the folder as it was.
//
// Memory does not grow with the length of a stream: table rows go to disk as
// soon as the kind of their flip is known, the timeline is kept in a fixed
// number of bins whose width doubles, and pictures of flips are thinned
// evenly (see thumbs.go for the rule, which the page states too).
//
// The measures themselves are computed in package stability; here they are
// only written down.
package report
