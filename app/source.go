package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/gocv"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/ingest/synth"
	"github.com/flipmeter/flipmeter/pipeline"
)

// Sizes of the pictures that the analysis itself wants (see measures: the
// change map is made from 224×224 luma, cuts from a picture of width 256).
const (
	changeSize = 224
	thumbWidth = 256
)

// wants is the list of pictures to ask a source for, with their places.
type wants struct {
	list               []frame.Want
	model, luma, thumb int
}

// wantsFor asks for the model's input, for the luma of the same crop, and
// for the small picture of cuts and thumbnails.
func wantsFor(m *infer.ModelInfo) wants {
	in := m.Want()
	luma := frame.Want{
		Width: changeSize, Height: changeSize, Fit: in.Fit,
		Filter: frame.FilterArea, Format: frame.Luma, Pad: in.Pad,
	}
	if in.ShortSide > 0 {
		// The same share of the picture, whatever the model's size.
		side := min(in.Width, in.Height)
		luma.ShortSide = (in.ShortSide*changeSize + side/2) / side
	}
	thumb := frame.Want{Width: thumbWidth, Fit: frame.FitSquash, Filter: frame.FilterLinear}
	return wants{list: []frame.Want{in, luma, thumb}, model: 0, luma: 1, thumb: 2}
}

// withoutThumb is for who looks for no cuts and shows no pictures.
func (w wants) withoutThumb() wants {
	return wants{list: w.list[:w.thumb], model: w.model, luma: w.luma, thumb: pipeline.NoPicture}
}

func (w wants) deps(d *pipeline.Deps) {
	d.ModelPicture, d.LumaPicture, d.ThumbPicture = w.model, w.luma, w.thumb
}

// streamName makes a short name from a source: the file's or folder's name,
// without anything that could be a credential.
func streamName(source string) string {
	if strings.HasPrefix(source, synth.Prefix) {
		name, _, _ := strings.Cut(source, "?")
		return strings.ReplaceAll(name, ":", "-")
	}
	base := filepath.Base(filepath.Clean(source))
	if ext := filepath.Ext(base); ext != "" && ext != base {
		base = strings.TrimSuffix(base, ext)
	}
	return base
}

// streamNames gives each source a name, numbering equal ones.
func streamNames(sources []string) []string {
	names := make([]string, len(sources))
	seen := make(map[string]int)
	for i, s := range sources {
		n := streamName(s)
		seen[n]++
		if seen[n] > 1 {
			n = fmt.Sprintf("%s-%d", n, seen[n])
		}
		names[i] = n
	}
	return names
}

// sourceOpener opens a source for the pictures that are wanted.
type sourceOpener func(ctx context.Context, o *AnalyzeOptions, source, name string, w wants, pool *frame.Pool, log *slog.Logger) (ingest.Source, error)

// openSource opens a video file, a folder of pictures or a synthetic source.
func openSource(ctx context.Context, o *AnalyzeOptions, source, name string, w wants, pool *frame.Pool, log *slog.Logger) (ingest.Source, error) {
	region, err := ingest.ParseRegion(o.Region)
	if err != nil {
		return nil, fmt.Errorf("%w: --roi: %w", ErrUsage, err)
	}
	if strings.HasPrefix(source, synth.Prefix) {
		return synth.Open(ctx, synth.Config{Address: source, Wants: w.list, Pool: pool, Region: region, Mask: o.Mask, Logger: log})
	}
	info, err := os.Stat(source)
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: it is neither a file nor a folder: record it into a file first", source)
	}
	if err == nil && info.IsDir() {
		codec, err := gocv.Pictures()
		if err != nil { // built without OpenCV
			codec = images.PureGo()
		}
		return images.Open(ctx, images.Config{
			Path: source, Stream: name, Wants: w.list, Pool: pool, Codec: codec, FPS: o.FPS,
			Region: region, Mask: o.Mask, Stride: o.Stride, Start: o.Start, End: o.End, Logger: log,
		})
	}
	return gocv.Open(ctx, gocv.Config{
		Path: source, Stream: name, Wants: w.list, Pool: pool,
		ColorMatrix: gocv.ColorMatrix(o.ColorMatrix), Deinterlace: gocv.Deinterlace(o.Deinterlace),
		Region: region, Mask: o.Mask, Stride: o.Stride, Start: o.Start, End: o.End, Logger: log,
	})
}

// newPool gives a pool whose thumbnails are encoded by OpenCV where the
// build has it: that is several times as fast as Go's own encoder.
func newPool() *frame.Pool {
	if !gocv.Available {
		return new(frame.Pool)
	}
	return &frame.Pool{EncodeJPEG: gocv.EncodeJPEG}
}
