//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// made is a source that takes next to nothing: its pictures are two scenes in
// turn, copied, so that the load is what follows the source. As with cameras,
// no two have their frames at the same moment: each opens a part of a frame's
// time after the one before it, and a source's clock begins when it is opened.
type made struct {
	wants  []frame.Want
	pool   *frame.Pool
	scenes *[2][][]byte // by picture
	next   uint64
}

const (
	madeSide   = 64 // pixels
	madePrefix = "made:"
)

// maker makes sources that share their scenes.
type maker struct {
	cameras int

	once   sync.Once
	scenes [2][][]byte
}

func (k *maker) open(ctx context.Context, c configs.Camera, wants []frame.Want, pool *frame.Pool) (ingest.Source, error) {
	t := time.NewTimer(phaseOf(c.URL, k.cameras, time.Now()))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	k.once.Do(func() { // all cameras want the same
		for scene := range k.scenes {
			k.scenes[scene] = paint(wants, scene)
		}
	})
	return &made{wants: wants, pool: pool, scenes: &k.scenes}, nil
}

// phaseOf is how long a camera waits from now on, so that those of a load have
// their frames spread evenly over the time of one: less than a frame's time.
func phaseOf(url string, cameras int, now time.Time) time.Duration {
	const interval = time.Second / manyRate
	n, err := strconv.Atoi(strings.TrimPrefix(url, madePrefix))
	if err != nil {
		panic("BUG: a made-up camera's address is " + url)
	}
	want := interval * time.Duration(n) / time.Duration(max(cameras, 1))
	into := time.Duration(now.UnixNano()) % interval
	return (want - into + interval) % interval
}

// paint makes a slope with a corner that changes.
func paint(wants []frame.Want, scene int) (pictures [][]byte) {
	for _, w := range wants {
		width, height, channels := w.Dims(madeSide, madeSide)
		pix := make([]byte, width*height*channels)
		for i := range pix {
			pix[i] = byte(i * 200 / len(pix))
			if scene == 1 && i < len(pix)/9 {
				pix[i] = 255
			}
		}
		pictures = append(pictures, pix)
	}
	return pictures
}

func (m *made) Info() ingest.Info {
	return ingest.Info{Name: "made", Kind: "synth", Width: madeSide, Height: madeSide, FPS: manyRate, Codec: "made", Decoder: "made"}
}

func (m *made) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	into.Prepare(m.pool, m.wants, madeSide, madeSide)
	for i := range into.Pictures {
		copy(into.Pictures[i].Pix, m.scenes[m.next%2][i])
	}
	into.Seq, into.PTS = m.next, time.Duration(m.next)*time.Second/manyRate
	m.next++
	return nil
}

func (m *made) Close() error { return nil }
