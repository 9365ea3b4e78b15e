package infer

import (
	"fmt"

	"github.com/flipmeter/flipmeter/frame"
)

// PictureFor is f.Pictures[picture], which must be what want asks for: RGB
// of exactly its size.
func PictureFor(f *frame.Frame, picture int, want frame.Want) (frame.Picture, error) {
	if picture < 0 || picture >= len(f.Pictures) {
		return frame.Picture{}, fmt.Errorf("classify frame %d: it has %d pictures, none with number %d", f.Seq, len(f.Pictures), picture)
	}
	p := f.Pictures[picture]
	if p.Width != want.Width || p.Height != want.Height || p.Channels != 3 || len(p.Pix) != p.Width*p.Height*3 {
		return frame.Picture{}, fmt.Errorf("classify frame %d: the model wants %d×%d×3, but picture %d is %d×%d×%d (%d bytes)",
			f.Seq, want.Width, want.Height, picture, p.Width, p.Height, p.Channels, len(p.Pix))
	}
	return p, nil
}
