package laboratory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/perturb/boxes"
)

// pictureRef is one picture: a file, or a frame of a video.
type pictureRef struct {
	name string // unique, with slashes
	path string
	// frame is the number of the frame of a video; −1 for a picture file.
	frame int64
}

// pictureList is the pictures of a run. One goroutine at a time loads them.
type pictureList struct {
	refs  []pictureRef
	codec images.Codec
	open  OpenVideo
	pix   images.Bitmap
	video *videoFrames // open at the moment
	// consecutive: frames of a video that stand side by side are consecutive;
	// sequences: so are the pictures of a folder.
	consecutive, sequences bool
	notes                  []string // what was passed over
}

// openPictures lists what the user named.
func openPictures(ctx context.Context, o *Settings, deps *Deps) (*pictureList, error) {
	l := &pictureList{codec: deps.Codec, open: deps.Video, consecutive: o.Consecutive, sequences: o.Sequences}
	several := len(o.Pictures) > 1
	for _, source := range o.Pictures {
		st, err := os.Stat(source)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", source, errors.Unwrap(err))
		}
		base := filepath.Base(filepath.Clean(source))
		switch {
		case st.IsDir():
			names, other, err := images.Walk(source)
			if err != nil {
				return nil, fmt.Errorf("open %s: %w", source, err)
			}
			if len(other) > 0 {
				l.notes = append(l.notes, fmt.Sprintf("%s: %d files like %s were passed over: convert them to JPEG or PNG", base, len(other), other[0]))
			}
			for _, name := range names {
				unique := name
				if several {
					unique = base + "/" + name
				}
				l.refs = append(l.refs, pictureRef{unique, filepath.Join(source, filepath.FromSlash(name)), -1})
			}
		case images.IsOtherPicture(source) && !strings.EqualFold(filepath.Ext(source), ".gif"): // OpenCV plays those
			return nil, bad("%s: pictures of this kind can't be read: convert it to JPEG or PNG", source)
		case images.IsPicture(source):
			l.refs = append(l.refs, pictureRef{base, source, -1})
		default:
			frames, err := l.listFrames(ctx, source, o.Frames)
			if err != nil {
				return nil, err
			}
			for _, n := range frames {
				l.refs = append(l.refs, pictureRef{fmt.Sprintf("%s#%d", base, n), source, n})
			}
		}
	}
	clips := slices.ContainsFunc(l.refs, func(r pictureRef) bool { return r.frame >= 0 })
	if (o.Sequences || o.Consecutive && clips) && o.Limit > 0 {
		l.refs = l.refs[:min(len(l.refs), o.Limit)]
	}
	l.refs = thin(l.refs, o.Limit)
	seen := make(map[string]bool)
	for i := range l.refs {
		for name, n := l.refs[i].name, 2; seen[l.refs[i].name]; n++ {
			l.refs[i].name = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[l.refs[i].name] = true
	}
	return l, nil
}

// thin keeps n of the list, evenly.
func thin[T any](all []T, n int) []T {
	if n == 0 || len(all) <= n {
		return all
	}
	out := make([]T, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}

// listFrames chooses n frames of a video: the first, or evenly.
func (l *pictureList) listFrames(ctx context.Context, path string, n int) ([]int64, error) {
	v, err := openFrames(ctx, l.open, path)
	if err != nil {
		return nil, err
	}
	total := v.frames
	if err := v.Close(); err != nil {
		return nil, err
	}
	if total < 1 {
		return nil, fmt.Errorf("%s does not say how many frames it has: extract pictures first", path)
	}
	all := make([]int64, total)
	for i := range all {
		all[i] = int64(i)
	}
	if l.consecutive {
		return all[:min(len(all), n)], nil
	}
	return thin(all, n), nil
}

// fingerprint tells lists of pictures apart, by all that records hold of them:
// also whether they are neighbours, their boxes, and what a file of truth says.
func (l *pictureList) fingerprint(truth []byte, b *boxes.Set) string {
	h := sha256.New()
	fmt.Fprintf(h, "%v %v %x %v\n", l.consecutive, l.sequences, sha256.Sum256(truth), b)
	for _, r := range l.refs {
		size, changed := int64(-1), int64(0)
		if st, err := os.Stat(r.path); err == nil {
			size, changed = st.Size(), st.ModTime().UnixNano()
		}
		fmt.Fprintf(h, "%q %q %d %d %d\n", r.name, r.path, r.frame, size, changed)
	}
	_, _ = io.WriteString(h, l.codec.Name) // a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}

// load decodes a picture into RGB. The pixels are valid until the next call.
func (l *pictureList) load(ctx context.Context, i int) (frame.Picture, error) {
	r := l.refs[i]
	if r.frame >= 0 {
		return l.loadFrame(ctx, r)
	}
	if err := images.ReadFile(r.path, l.codec, &l.pix); err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return frame.Picture{}, err
	}
	if l.codec.BGR {
		for p := l.pix.Pix; len(p) >= 3; p = p[3:] {
			p[0], p[2] = p[2], p[0]
		}
	}
	return frame.Picture{Width: l.pix.Width, Height: l.pix.Height, Channels: 3, Pix: l.pix.Pix}, nil
}

// loadFrame reads forward in the video that is open, or opens it anew.
func (l *pictureList) loadFrame(ctx context.Context, r pictureRef) (frame.Picture, error) {
	if l.video == nil || l.video.path != r.path || l.video.next > r.frame {
		if err := l.Close(); err != nil {
			return frame.Picture{}, err
		}
		var err error
		if l.video, err = openFrames(ctx, l.open, r.path); err != nil {
			return frame.Picture{}, err
		}
	}
	return l.video.read(ctx, r.frame)
}

// Close closes a video that is open.
func (l *pictureList) Close() error {
	v := l.video
	l.video = nil
	if v == nil {
		return nil
	}
	return v.Close()
}

// pathBase is a name without its folders.
func pathBase(name string) string {
	return name[strings.LastIndexAny(name, `/\`)+1:]
}

// sources are the names of what was given, without folders.
func sources(paths []string) string {
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(filepath.Clean(p)))
	}
	if slices.Sort(names); len(names) > 5 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:5], ", "), len(names)-5)
	}
	return strings.Join(names, ", ")
}
