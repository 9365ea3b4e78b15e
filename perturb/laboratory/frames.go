package laboratory

import (
	"context"
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// videoFrames reads whole frames of a video file, forward.
type videoFrames struct {
	path   string
	src    ingest.Source
	pool   frame.Pool
	frame  frame.Frame
	frames int64 // as the file says
	next   int64 // number of the frame that comes next
}

// openFrames opens a video for its frames in their own size.
func openFrames(ctx context.Context, video OpenVideo, path string) (*videoFrames, error) {
	v := &videoFrames{path: path}
	open := func(width int) error {
		var err error
		v.src, err = video(ctx, path, []frame.Want{{Width: width, Fit: frame.FitSquash, Filter: frame.FilterLinear}}, &v.pool)
		return err
	}
	// The size is known only once it is open.
	if err := open(1); err != nil {
		return nil, err
	}
	info := v.src.Info()
	v.frames = info.Frames
	if err := v.src.Close(); err != nil {
		return nil, err
	}
	return v, open(info.Width)
}

// read reads on to a frame.
func (v *videoFrames) read(ctx context.Context, number int64) (frame.Picture, error) {
	for v.next <= number {
		err := v.src.Read(ctx, &v.frame)
		if errors.Is(err, ingest.ErrEndOfStream) || errors.Is(err, ingest.ErrTruncated) {
			return frame.Picture{}, fmt.Errorf("the video ended after %d frames", v.next)
		}
		if err != nil {
			return frame.Picture{}, err
		}
		v.next++
	}
	return v.frame.Pictures[0], nil
}

// Close closes the video.
func (v *videoFrames) Close() error {
	v.frame.Release()
	return v.src.Close()
}
