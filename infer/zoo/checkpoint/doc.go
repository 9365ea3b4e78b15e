// Package checkpoint reads the tensors of trained networks from the files
// that they are published in: safetensors, and PyTorch state dicts in the
// zip format (since PyTorch 1.6) and the legacy one before it.
//
// Nothing in a file is ever executed. A PyTorch file is a pickle, which is a
// program for a stack machine that may call any Python function; the machine
// here knows the few functions that rebuild tensors and refuses every other
// by name. A damaged or hostile file gives an error: every size that it
// states is checked against the file's own length before memory is taken.
//
// Opening a file reads its table of tensors only. Values are read when asked
// for, in pieces, so that a file of 550 MB needs no 550 MB of memory.
package checkpoint
