package perturb

import "image"

// Box is an annotated object of a picture, in pixels; Max is exclusive.
type Box struct {
	Picture string // the file's name, as the annotations have it
	// Width and Height of the picture, 0 where the annotations don't say.
	Width, Height int
	Class         string
	Rect          image.Rectangle
}
