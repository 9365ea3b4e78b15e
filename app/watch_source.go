package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/child"
	"github.com/flipmeter/flipmeter/ingest/gocv"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

// decoding is how decoding processes are run.
type decoding struct {
	command  []string
	env      []string
	uid, gid uint32
	own      func(context.Context, configs.Camera, []frame.Want, *frame.Pool) (ingest.Source, error) // see WatchOptions.OpenSource
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
	if strings.HasPrefix(address, synth.Prefix) {
		return func(ctx context.Context) (ingest.Source, error) {
			src, err := synth.Open(ctx, synth.Config{Address: address, Wants: w.list, Pool: pool, Region: region, Mask: s.Mask, Logger: log})
			if err != nil { // a script stays as wrong as it is
				return nil, fmt.Errorf("%w: %w", err, ingest.ErrPermanent)
			}
			return src, nil
		}, false, nil
	}
	if info, err := os.Stat(address); err == nil && info.IsDir() {
		return d.folder(c.Name, address, s, w, region, pool, log), false, nil
	}
	if !gocv.Available {
		return func(ctx context.Context) (ingest.Source, error) {
			return gocv.OpenLive(ctx, gocv.LiveConfig{}) // says why not
		}, false, nil
	}
	live = gocv.IsLive(address)
	req := child.Request{
		Address: address, Stream: c.Name, Wants: w.list, ColorMatrix: s.ColorMatrix, Deinterlace: s.Deinterlace,
		Region: region, Mask: s.Mask, Transport: s.Transport, Hardware: s.Hardware,
		OpenTimeout: s.OpenTimeout, ReadTimeout: s.ReadTimeout,
	}
	if live { // the others are sampled by the reader
		req.Stride, req.FPS = s.Stride, s.FPS
	}
	return func(ctx context.Context) (ingest.Source, error) {
		return child.Start(ctx, child.Config{
			Command: d.command, Env: d.env, UID: d.uid, GID: d.gid, Request: req, Pool: pool, Logger: log,
		})
	}, live, nil
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
