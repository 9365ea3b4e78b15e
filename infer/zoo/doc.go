// Package zoo builds ONNX files of known networks from their published
// weights, and keeps them.
//
// Every network is a page of code over a small graph builder: it names its
// weights as the checkpoint does and says how they connect. Batch
// normalisation is folded into the convolutions in float64. The file
// describes itself (see infer.EncodeMetadata): labels, preprocessing,
// licence, and the hash of the weights it was made of. By default it takes
// RGB bytes and does the arithmetic of preprocessing itself, so that it
// can't be got wrong.
//
// # Names
//
// A tensor inside a network is named after the weights that made it:
// "layer1.0.conv1" is the output of the convolution with
// "layer1.0.conv1.weight" (and its folded batch normalisation),
// "layer1.0.conv1/relu" the same after the activation, "layer1.0" the output
// of the block. The names do not change between versions, and each tensor
// can be made an output of the network. The file lists those worth it in
// its metadata (MetaTaps).
package zoo
