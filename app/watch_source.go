package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/child"
	"github.com/flipmeter/flipmeter/ingest/gocv"
	"github.com/flipmeter/flipmeter/ingest/growing"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

// decoding is how decoding processes are run.
type decoding struct {
	command []string
	env     []string
	now     func() time.Time          // see WatchOptions.Now
	mu      sync.Mutex                // of taken
	taken   map[string]*growing.Taken // by camera and folder: what was read
	records string                    // folder of the files that hold it, too
	as      account
	own     func(context.Context, configs.Camera, []frame.Want, *frame.Pool) (ingest.Source, error) // see WatchOptions.OpenSource
}

// cameraAddress is what is opened for a camera, credentials included.
func cameraAddress(c configs.Camera) (string, error) {
	address := c.URL
	if c.SubURL != "" {
		address = c.SubURL
	}
	if c.User == "" || !strings.Contains(address, "://") {
		return address, nil
	}
	u, err := url.Parse(address)
	if err != nil { // whose text quotes the address
		return "", fmt.Errorf("camera %s: its address is no URL: escape what is special in it", c.Name)
	}
	u.User = url.UserPassword(c.User, c.Password)
	return u.String(), nil
}

// opener makes what opens a camera's source, and says whether it is live.
func (d *decoding) opener(c configs.Camera, w wants, pool *frame.Pool, log *slog.Logger) (open ingest.Opener, live bool, err error) {
	if d.own != nil {
		return func(ctx context.Context) (ingest.Source, error) { return d.own(ctx, c, w.list, pool) }, false, nil
	}
	address, err := cameraAddress(c)
	if err != nil {
		return nil, false, err
	}
	s := c.Settings
	region, err := ingest.ParseRegion(s.Region)
	if err != nil {
		return nil, false, fmt.Errorf("camera %s: %w", c.Name, err)
	}
	capture, err := s.Capture.Asked()
	if err != nil {
		return nil, false, fmt.Errorf("camera %s: capture.%w", c.Name, err)
	}
	if strings.HasPrefix(address, synth.Prefix) {
		return func(ctx context.Context) (ingest.Source, error) {
			src, err := synth.Open(ctx, synth.Config{Address: address, Wants: w.list, Pool: pool, Region: region, Mask: s.Mask, Logger: log})
			if err != nil { // a script stays as wrong as it is
				return nil, fmt.Errorf("%w: %w", err, ingest.ErrPermanent)
			}
			return src, nil
		}, false, nil
	}
	if s.AtEnd == configs.AtEndWait && !gocv.IsLive(address) {
		return d.growing(c.Name, address, s, w, region, pool, log), false, nil
	}
	if info, err := os.Stat(address); err == nil && info.IsDir() {
		return d.folder(c.Name, address, s, w, region, pool, log), false, nil
	}
	live = gocv.Available && gocv.IsLive(address)
	req := child.Request{
		Address: address, Stream: c.Name, Wants: w.list, ColorMatrix: s.ColorMatrix, Deinterlace: s.Deinterlace,
		Region: region, Mask: s.Mask, Transport: s.Transport, Hardware: s.Hardware, Keyframes: s.Keyframes, Capture: capture,
		OpenTimeout: s.OpenTimeout, ReadTimeout: s.ReadTimeout,
	}
	if live { // the others are sampled by the reader
		req.Stride, req.FPS = s.Stride, s.FPS
	}
	return func(ctx context.Context) (ingest.Source, error) { return d.start(ctx, req, pool, log) }, live, nil
}

// growing opens a folder that is being filled. What was read of it is
// remembered where the camera is paused or changed, and over a restart.
func (d *decoding) growing(name, path string, s configs.CameraSettings, w wants, region ingest.Region, pool *frame.Pool, log *slog.Logger) ingest.Opener {
	key := name + "\x00" + path
	d.mu.Lock()
	taken := d.taken[key]
	if taken == nil {
		taken = growing.Remember(d.record(name, path), path, log)
		d.taken[key] = taken
	}
	d.mu.Unlock()
	return func(ctx context.Context) (ingest.Source, error) {
		codec, err := gocv.Pictures()
		if err != nil { // built without OpenCV
			codec = images.PureGo()
		}
		return growing.Open(ctx, growing.Config{
			Dir: path, Stream: name, Wants: w.list, Pool: pool, Codec: codec, Region: region, Mask: s.Mask,
			Taken: taken, Settled: s.Settled, Now: d.now, Logger: log,
			OpenClip: func(ctx context.Context, clip string) (ingest.Source, error) {
				ctx, cancel := context.WithTimeout(ctx, s.OpenTimeout+openMargin)
				defer cancel()
				return d.start(ctx, child.Request{
					Address: clip, Stream: name, Wants: w.list, ColorMatrix: s.ColorMatrix, Deinterlace: s.Deinterlace, Region: region, Mask: s.Mask,
				}, pool, log)
			},
		})
	}
}

// record is the file that holds what a camera has read of a folder: any name may
// be a camera's, and one that is given another folder begins there.
func (d *decoding) record(camera, folder string) string {
	sum := sha256.Sum256([]byte(folder))
	return filepath.Join(d.records, fmt.Sprintf("c-%s-%x", url.PathEscape(camera), sum[:4]))
}

// start starts a decoding process.
func (d *decoding) start(ctx context.Context, req child.Request, pool *frame.Pool, log *slog.Logger) (ingest.Source, error) {
	if !gocv.Available {
		return gocv.OpenLive(ctx, gocv.LiveConfig{}) // says why not
	}
	src, err := child.Start(ctx, child.Config{Command: d.command, Env: d.env, UID: d.as.uid, GID: d.as.gid, Groups: d.as.groups, Request: req, Pool: pool, Now: d.now, Logger: log})
	if err != nil {
		return nil, err
	}
	return src, nil
}

func (d *decoding) folder(name, path string, s configs.CameraSettings, w wants, region ingest.Region, pool *frame.Pool, log *slog.Logger) ingest.Opener {
	return func(ctx context.Context) (ingest.Source, error) {
		codec, err := gocv.Pictures()
		if err != nil { // built without OpenCV
			codec = images.PureGo()
		}
		const folderFPS = 25 // pictures have no times of their own
		return images.Open(ctx, images.Config{
			Path: path, Stream: name, Wants: w.list, Pool: pool, Codec: codec, FPS: folderFPS,
			Region: region, Mask: s.Mask, Logger: log,
		})
	}
}
