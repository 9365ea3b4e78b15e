//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"context"

	cv "gocv.io/x/gocv"
)

// probed is how many pictures at the beginning are looked at for combing.
const probed = 30

// looksInterlaced looks at a file's first pictures with a decoder of its
// own: "yes", "no", or "" where that can't be told.
func looksInterlaced(ctx context.Context, abs string) string {
	c, err := openCapture(abs)
	if err != nil {
		return ""
	}
	defer c.close()
	var mats [3]cv.Mat
	for i := range mats {
		mats[i] = cv.NewMat()
		defer mats[i].Close()
	}
	var votes weave
	for n := range probed {
		m := &mats[n%3]
		if ctx.Err() != nil || !c.grab() || !c.retrieve(m) || m.Type() != cv.MatTypeCV8UC3 {
			break
		}
		if n < 2 {
			continue
		}
		before, err1 := mats[(n+1)%3].DataPtrUint8()
		cur, err2 := mats[(n+2)%3].DataPtrUint8()
		after, err3 := m.DataPtrUint8()
		if err1 != nil || err2 != nil || err3 != nil {
			break
		}
		votes.look(before, cur, after, 3*m.Cols())
		if v := votes.verdict(); v != "" && n >= 8 {
			return v
		}
	}
	return votes.verdict()
}
