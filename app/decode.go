package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"strconv"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/child"
	"github.com/flipmeter/flipmeter/ingest/gocv"
)

// DecodeCommand is the command that this program is started with to decode
// one source for another process of it.
const DecodeCommand = "decode-for-parent"

// Decode is the life of a decoding process: it reads what to open from in and
// writes frames to out.
func Decode(ctx context.Context, in io.Reader, out io.Writer) error {
	return child.Serve(ctx, in, out, openDecoded)
}

// openDecoded opens a live stream or a video file.
func openDecoded(ctx context.Context, r child.Request, pool *frame.Pool) (ingest.Source, error) {
	if gocv.IsLive(r.Address) {
		return gocv.OpenLive(ctx, gocv.LiveConfig{
			Address: r.Address, Stream: r.Stream, Wants: r.Wants, Pool: pool,
			ColorMatrix: gocv.ColorMatrix(r.ColorMatrix), Deinterlace: gocv.Deinterlace(r.Deinterlace),
			Region: r.Region, Mask: r.Mask, Stride: r.Stride, FPS: r.FPS,
			Transport: r.Transport, Hardware: r.Hardware, Keyframes: r.Keyframes, Capture: r.Capture, OpenTimeout: r.OpenTimeout, ReadTimeout: r.ReadTimeout,
			// The parent passes on what is said on standard error.
			Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		})
	}
	if r.Keyframes {
		return nil, fmt.Errorf("%s is a file, and keyframes is for streams: leave it out: %w", r.Address, ingest.ErrPermanent)
	}
	return gocv.Open(ctx, gocv.Config{
		Path: r.Address, Stream: r.Stream, Wants: r.Wants, Pool: pool,
		ColorMatrix: gocv.ColorMatrix(r.ColorMatrix), Deinterlace: gocv.Deinterlace(r.Deinterlace),
		Region: r.Region, Mask: r.Mask, Stride: r.Stride,
	})
}

// decodeCommand is this program as a decoding process.
func decodeCommand() ([]string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program's file: %w", err)
	}
	return []string{exe, DecodeCommand}, nil
}

// account is a user that decoding processes run as. Groups are those that
// belong to it, such as video, without which it may open no camera of this
// machine.
type account struct {
	uid, gid uint32
	groups   []uint32
}

// decodeUser finds the user that decoding processes run as; the zero one is the
// same.
func decodeUser(w configs.Watch) (a account, err error) {
	if w.DecodeAs == "" {
		return account{}, nil
	}
	u, err := user.Lookup(w.DecodeAs)
	if err != nil {
		if u, err = user.LookupId(w.DecodeAs); err != nil {
			return account{}, fmt.Errorf("%w: watch.decode_as: no user is called %s", ErrUsage, w.DecodeAs)
		}
	}
	groups, err := u.GroupIds()
	if err != nil {
		return account{}, fmt.Errorf("watch.decode_as: find the groups of %s: %w", w.DecodeAs, err)
	}
	number := func(what, text string) uint32 {
		n, e := strconv.ParseUint(text, 10, 32)
		if e != nil && err == nil {
			err = fmt.Errorf("watch.decode_as: the %s of %s has the number %s: %w", what, w.DecodeAs, text, e)
		}
		return uint32(n)
	}
	a.uid, a.gid = number("user", u.Uid), number("group", u.Gid)
	for _, id := range groups {
		a.groups = append(a.groups, number("group", id))
	}
	return a, err
}
