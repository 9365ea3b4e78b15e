// Package infer turns frames into label scores: what a classifier is, what
// it wants to see, softmax, ranking, and the scheduler that shares a model's
// sessions between streams.
//
// It does not touch ONNX Runtime (infer/onnx does) and does not build models
// (infer/zoo does).
package infer
