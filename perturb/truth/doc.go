// Package truth reads which class a picture shows: from the names of folders,
// from a table of file names and classes, or from the files that come with
// ILSVRC. It decides nothing about pictures that it says nothing of.
package truth
