// Package laboratory runs the experiments of package perturb on files: it
// lists pictures and frames of videos, finds their classes and boxes, asks
// one model after the other, keeps every record in a journal so that an
// interrupted run can go on, and writes the page, the figures, the tables and
// probe.json.
//
// It opens no network and no video itself, and shows nothing on a terminal:
// whoever runs it brings what does ([Deps]).
package laboratory
