// Package labels reads what somebody else's classifier said: observations
// instead of frames, from tables (CSV, TSV, JSON lines, Parquet) with the
// columns of flipmeter's own frames table, or from a plain list of labels,
// one a line. It also reads truth: the same formats, and video annotations in
// the XML of VOC and ILSVRC.
//
// A [File] hands out batches of rows that were checked one by one and put
// into the order of their streams: what is wrong is told with the file and
// the line, and nothing is guessed. Memory does not grow with the length of a
// file, only with the number of its streams and of different labels.
//
// It measures nothing, merges no labels, and knows no video.
package labels
