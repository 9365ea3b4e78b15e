package board

import "github.com/flipmeter/flipmeter/frame"

// newThumb makes a thumbnail of a picture, as a pipeline does.
func newThumb(p frame.Picture) *frame.Thumb {
	var pool frame.Pool
	var f frame.Frame
	f.Prepare(&pool, []frame.Want{{Width: p.Width, Height: p.Height, Fit: frame.FitSquash, Filter: frame.FilterLinear}}, p.Width, p.Height)
	copy(f.Pictures[0].Pix, p.Pix)
	return f.TakeThumb(0)
}
