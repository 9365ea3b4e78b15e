// Package onnxfile writes and reads the protobuf structure of ONNX files
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): nodes, shapes,
// metadata and where the weights lie. It runs nothing.
//
// Weights stream through: writing calls each tensor's source in turn, and
// reading steps over their bytes, so that a file of 550 MB takes little
// memory either way. What is written depends on the arguments only, not on
// the time or the machine.
package onnxfile
