// Package stability is where the measures of flipmeter are defined: pairs of
// adjacent observations and what breaks them, label flips and their kinds,
// windows, rates and their intervals.
//
// It knows nothing of video, models or clocks: times are arguments, results
// are values. It imports the standard library only, starts no goroutine, and
// allocates nothing per observation once a stream is running. Equal
// observations give equal results, to the last bit, so that a stream can be
// resumed by observing its past again.
//
// # Pairs, breaks, flips
//
// A [Tracker] takes one [Observation] a frame. Two observations pair if no
// frame was lost between them, epoch, model and frame size are the same, time
// goes forward, the newer is no repeated picture, and no scene cut lies
// between them. Otherwise there is a break with one [Reason]. A run is a
// maximal chain of pairs. A repeated picture is neither pair nor break: the
// next new picture pairs with the last new one. A flip is a pair whose labels
// differ; over a cut it is a cut change instead.
//
// The flip fraction is flips per pair (Hendrycks & Dietterich, "Benchmarking
// Neural Network Robustness to Common Corruptions and Perturbations", ICLR
// 2019: flip probability of adjacent frames; Azulay & Weiss, "Why do deep
// convolutional networks generalize so poorly to small image
// transformations?", JMLR 20(184), 2019: P(top-1 change)); the flip rate is
// flips per second of observed video. The mean absolute change is of the
// latter, the top-5 distance ([T5D]) of the former paper. A pair is decided if
// both scores are at least Config.MinScore.
//
// # Kinds
//
// A label is held if it lasts DwellMin (400 ms) in three frames or more, from
// its first frame to the next label's first, within one run and with no
// glitch removed. A repeated picture lets time pass but is no frame. Every
// flip becomes one of:
//
//   - glitch: a held label is left and returns within GlitchMax (200 ms from
//     the first frame away to the return), or after a single frame however
//     long, and is held again; all flips of the excursion, however many other
//     labels it visits;
//   - transition: from a held label directly to another held label, glitches
//     removed;
//   - censored: neither, but frames before or behind the run, or both, could
//     make it one; classes not seen in the run are taken to exist;
//   - churn: everything else.
//
// Kinds need times. A flip is told at once, as pending; when its kind is known
// and no cut can come near it any more, it is told again in [Update].Late.
//
// A flip is near a cut if one lies at most NearCut (120 ms) before or behind
// it; a cut is where the first picture of the new scene is. A flip is
// unexplained if it isn't near a cut and is a glitch or lies in a still pair
// (no cell of the change map has changed).
//
// # Intervals
//
// All are 95 % intervals. The bootstrap resamples moving blocks of one second
// of video (Künsch, Annals of Statistics 17, 1989), widened by what blocks of
// that length miss (Politis & Romano 1995) and by Student's t. It holds what
// it promises while flips are correlated over at most about a fifth of a
// second; flips that come in bouts of seconds vary more than it says. Below
// 200 pairs, and where no or every pair flips, it is Wilson's (JASA 22, 1927);
// above a million pairs, batch means. [Combine] resamples whole streams first.
// [PairedDelta] compares two runs on the same frames, drawing the same blocks of
// both.
package stability
