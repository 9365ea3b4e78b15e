// Package boxes reads where the objects of annotated pictures are: Pascal VOC
// and ILSVRC (an XML file a picture), COCO (one JSON file) and CSV.
//
// Boxes are in pixels of the upright picture, the right and lower edge
// exclusive. What makes no sense is left out with a reason; only a file that
// can't be read at all is an error.
package boxes
