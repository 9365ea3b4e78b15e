package board

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// Config bounds a Board. Zero values mean the defaults.
type Config struct {
	// Ribbon is how far back labels are kept, 0 is 5 minutes; at most 600
	// stretches of one label.
	Ribbon time.Duration
	// Flips are kept per camera, 0 is 200.
	Flips int
	// PicturesOff keeps none at all.
	PicturesOff bool
	// PictureBytes bounds all pictures of flips together, 0 is 64 MiB, and
	// PictureAge for how long one is kept, 0 is an hour.
	PictureBytes int64
	PictureAge   time.Duration
	// Every is how often subscribers are told, 0 is 500 ms.
	Every time.Duration
	Now   func() time.Time // nil is time.Now
}

// Subscriber is told what changed, by Run, one call at a time.
type Subscriber interface {
	// Idle says that nobody would hear what is told. It is not told then, and
	// who comes later reads the board first: of flips and removals while it
	// was idle it never hears, of cameras that changed at the next turn.
	Idle() bool
	// CameraChanged comes at most once each Config.Every for a camera.
	CameraChanged(c *Camera)
	// FlipChanged comes for each revision of a flip, and when its pictures
	// are there.
	FlipChanged(f *Flip)
	CameraRemoved(name string)
}

const (
	defaultRibbon       = 5 * time.Minute
	defaultFlips        = 200
	defaultPictureBytes = 64 << 20
	defaultPictureAge   = time.Hour
	defaultEvery        = 500 * time.Millisecond
	maxSegments         = 600
	maxJobs             = 64
	maxChanges          = 4096
)

// Board is safe for any goroutine.
type Board struct {
	cfg     Config
	began   time.Time
	dropped atomic.Int64 // pictures that nobody had time to encode
	jobs    chan job

	mu       sync.Mutex
	cameras  map[string]*Listener
	changed  []change // to be told
	told     []change // empty; the room of those told last, for the next
	removed  []string // to be told
	pictures pictures
}

// change is a revision of a flip, as it was then.
type change struct {
	camera *Listener
	flip   kept
}

// job are pictures to encode.
type job struct {
	camera    *Listener
	flip      flipKey      // with prev
	prev, cur *frame.Thumb // prev is nil where cur is the camera's newest
}

func (j *job) release() {
	j.prev.Release()
	j.cur.Release()
}

// New makes a board without cameras.
func New(cfg Config) *Board {
	cfg.Ribbon = cmp.Or(cfg.Ribbon, defaultRibbon)
	cfg.Flips = cmp.Or(cfg.Flips, defaultFlips)
	cfg.PictureBytes = cmp.Or(cfg.PictureBytes, defaultPictureBytes)
	cfg.PictureAge = cmp.Or(cfg.PictureAge, defaultPictureAge)
	cfg.Every = cmp.Or(cfg.Every, defaultEvery)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Board{cfg: cfg, began: cfg.Now(), jobs: make(chan job, maxJobs), cameras: map[string]*Listener{}}
}

// Info is what a camera's events don't tell.
type Info struct {
	Name, Site string
	Source     string // without credentials
	Model      string
	Label      func(index int32) string
	// Epoch is added to those of the events. It differs between runs of a
	// camera, so that the flip of one is never taken for that of another.
	Epoch uint64
	// Crop is the part of a thumbnail that the change map covers, as shares
	// of its width and height: x, y, width, height. Zero is all of it.
	// Listener.SetCrop tells it later.
	Crop [4]float64
}

// Camera adds a camera, in place of one of the same name, and returns its
// listener.
func (b *Board) Camera(info Info) *Listener {
	l := newListener(b, info)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cameras[info.Name] = l
	b.pictures.removeCamera(info.Name)
	return l
}

// Remove takes a camera away; false if there is none.
func (b *Board) Remove(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cameras[name] == nil {
		return false
	}
	delete(b.cameras, name)
	b.pictures.removeCamera(name)
	b.removed = append(b.removed, name)
	return true
}

// Cameras lists all, by name.
func (b *Board) Cameras() []Camera {
	list := b.listeners()
	out := make([]Camera, len(list))
	for i, l := range list {
		out[i] = l.camera()
	}
	return out
}

// Get gives a camera with its recent past.
func (b *Board) Get(name string) (Detail, bool) {
	l := b.listener(name)
	if l == nil {
		return Detail{}, false
	}
	return l.detail(), true
}

// Filter chooses flips.
type Filter struct {
	Camera      string // "" is all
	Kind        string // "" is all
	Unexplained bool   // only these
	Since       time.Time
	Limit       int // 0 is 100
}

// Flips lists recent flips, newest first.
func (b *Board) Flips(f Filter) []Flip {
	var all []found
	for _, l := range b.listeners() {
		if f.Camera == "" || f.Camera == l.info.Name {
			all = l.collect(all, &f)
		}
	}
	slices.SortStableFunc(all, func(x, y found) int { return cmp.Compare(y.order, x.order) })
	out := []Flip{}
	for _, x := range all[:min(len(all), cmp.Or(f.Limit, 100))] {
		if flip, ok := x.camera.flip(x.key); ok {
			out = append(out, flip)
		}
	}
	return out
}

// Picture is the camera's newest picture as a JPEG file; nil if there is
// none. n is its number.
func (b *Board) Picture(camera string) (jpeg []byte, n uint64) {
	l := b.listener(camera)
	if l == nil {
		return nil, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.picture, l.pictureNumber
}

// FlipPictures are the pictures before and after a flip; nil where there are
// none (any more).
func (b *Board) FlipPictures(camera, id string) (before, after []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pictures.get(camera, id)
}

func (b *Board) listener(name string) *Listener {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cameras[name]
}

func (b *Board) listeners() []*Listener {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]*Listener, 0, len(b.cameras))
	for _, l := range b.cameras {
		out = append(out, l)
	}
	slices.SortFunc(out, func(x, y *Listener) int { return cmp.Compare(x.info.Name, y.info.Name) })
	return out
}

// PicturesDropped counts pictures that nobody had time to encode.
func (b *Board) PicturesDropped() int64 { return b.dropped.Load() }

// flipChanged notes a revision for subscribers. Who is told late is told
// less: of more than maxChanges, the oldest give way.
func (b *Board) flipChanged(l *Listener, k *kept) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.changed) >= maxChanges {
		b.changed = slices.Delete(b.changed, 0, maxChanges/4)
	}
	b.changed = append(b.changed, change{l, *k})
}

// encode hands a picture to Run, or drops it.
func (b *Board) encode(j job) {
	select {
	case b.jobs <- j:
	default:
		j.release()
		b.dropped.Add(1)
	}
}

// Run encodes pictures and tells subscribers until ctx is done. It is called
// once.
func (b *Board) Run(ctx context.Context, subscribers ...Subscriber) error {
	tick := time.NewTicker(b.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case j := <-b.jobs:
			b.store(&j)
		case <-tick.C:
			b.tell(subscribers)
		case <-ctx.Done():
			for {
				select {
				case j := <-b.jobs:
					j.release()
				default:
					return nil
				}
			}
		}
	}
}

// store encodes a picture, outside of any lock.
func (b *Board) store(j *job) {
	defer j.release()
	if j.prev == nil {
		data := j.cur.JPEG()
		j.camera.mu.Lock()
		defer j.camera.mu.Unlock()
		j.camera.picture = data
		j.camera.pictureNumber++
		j.camera.dirty = true
		return
	}
	before, after := j.prev.JPEG(), j.cur.JPEG()
	b.mu.Lock()
	if b.cameras[j.camera.info.Name] != j.camera {
		b.mu.Unlock()
		return // it was removed meanwhile
	}
	b.pictures.add(j.camera.info.Name, j.camera.flipID(j.flip), before, after, b.cfg.Now(), b.cfg.PictureBytes)
	b.mu.Unlock()
	if k, ok := j.camera.pictured(j.flip, after); ok {
		b.flipChanged(j.camera, &k)
	}
}

func (b *Board) tell(subscribers []Subscriber) {
	b.mu.Lock()
	b.pictures.expire(b.cfg.Now().Add(-b.cfg.PictureAge))
	flips, removed := b.changed, b.removed
	b.changed, b.told, b.removed = b.told, nil, nil
	b.mu.Unlock()
	// What was taken above is on the board already. So whoever comes after
	// this question finds it there; asked earlier, it could miss some.
	if s := listening(subscribers); len(s) > 0 {
		b.tellOf(s, flips, removed)
	}
	clear(flips) // of their cameras
	b.mu.Lock()
	b.told = flips[:0]
	b.mu.Unlock()
}

// listening leaves out who is idle.
func listening(all []Subscriber) []Subscriber {
	var out []Subscriber
	for _, s := range all {
		if !s.Idle() {
			out = append(out, s)
		}
	}
	return out
}

func (b *Board) tellOf(subscribers []Subscriber, flips []change, removed []string) {
	for _, l := range b.listeners() {
		c, changed := l.takeChange()
		for i := range subscribers {
			if changed {
				subscribers[i].CameraChanged(&c)
			}
		}
	}
	for _, s := range subscribers {
		for i := range flips {
			f := flips[i].camera.show(&flips[i].flip)
			s.FlipChanged(&f)
		}
		for _, name := range removed {
			s.CameraRemoved(name)
		}
	}
}

// has says whether the pictures of a flip are there still.
func (b *Board) has(camera, id string) bool {
	before, _ := b.FlipPictures(camera, id)
	return before != nil
}
