package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
)

// hub serves files as Hugging Face does: a redirect that announces the hash,
// to a place that knows ranges.
type hub struct {
	files     map[string][]byte // by path
	announced map[string]string // by path; absent: the right one
	requests  []string          // of files: "PATH RANGE"
	onWrite   func()
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/blob"); ok {
		h.requests = append(h.requests, path+" "+r.Header.Get("Range"))
		w.Header().Set("ETag", `"`+hashOf(h.files[path])+`"`)
		http.ServeContent(&slowly{w, h.onWrite}, r, "", time.Time{}, bytes.NewReader(h.files[path]))
		return
	}
	content, ok := h.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	hash, ok := h.announced[r.URL.Path]
	if !ok {
		hash = hashOf(content)
	}
	if hash != "" {
		w.Header().Set("X-Linked-ETag", `"`+hash+`"`)
	}
	http.Redirect(w, r, "/blob"+r.URL.Path+"?X-Signature=s3cret", http.StatusFound)
}

// slowly lets a test step in between two writes.
type slowly struct {
	http.ResponseWriter
	onWrite func()
}

func (s *slowly) Write(b []byte) (int, error) {
	if s.onWrite != nil {
		s.onWrite()
	}
	return s.ResponseWriter.Write(b)
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// madeUpWeights is a file of weights as timm would publish them.
func madeUpWeights(t *testing.T, name string, seed uint64) []byte {
	t.Helper()
	a, err := zoo.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	var values []checkpoint.Values
	for _, p := range a.Parameters() {
		values = append(values, checkpoint.Values{Name: p.Name, Shape: p.Shape,
			Stream: func(fn func([]float32) error) error { return zoo.RandomWeights{Seed: seed}.Stream(&p, fn) }})
	}
	var b bytes.Buffer
	if err := checkpoint.WriteSafetensors(&b, values, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	pulled     = "efficientnet-lite0"
	pulledPath = "/timm/tf_efficientnet_lite0.in1k/resolve/main/model.safetensors"
)

// puller is a home, and a hub to pull from.
type puller struct {
	t    *testing.T
	home string
	hub  *hub
}

func newPuller(t *testing.T) *puller {
	t.Helper()
	return pullFrom(t, madeUpWeights(t, pulled, 1))
}

// pullFrom makes a hub that has the weights.
func pullFrom(t *testing.T, weights []byte) *puller {
	t.Helper()
	h := &hub{files: map[string][]byte{pulledPath: weights}, announced: map[string]string{}}
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		srv.Close()
	})
	t.Setenv("HF_ENDPOINT", srv.URL+"/")
	return &puller{t, t.TempDir(), h}
}

func (p *puller) pull(change func(*PullModelOptions)) (out, said string, err error) {
	p.t.Helper()
	return p.pullContext(p.t.Context(), change)
}

func (p *puller) pullContext(ctx context.Context, change func(*PullModelOptions)) (out, said string, err error) {
	p.t.Helper()
	o := PullModelOptions{Home: p.home, Name: pulled, Input: "bytes"}
	if change != nil {
		change(&o)
	}
	var stdout, stderr bytes.Buffer
	err = PullModel(ctx, o, Streams{Out: &stdout, Err: &stderr})
	for _, text := range []string{stdout.String(), stderr.String(), errorText(err)} {
		if strings.Contains(text, "s3cret") {
			p.t.Errorf("a signature is told: %s", text)
		}
	}
	if strings.Contains(errorText(err), "\n") {
		p.t.Errorf("more than a line: %v", err)
	}
	return stdout.String(), stderr.String(), err
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// files lists what lies in the home, with hidden files.
func (p *puller) files() []string {
	p.t.Helper()
	var out []string
	err := filepath.WalkDir(p.home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(p.home, path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *puller) installed() []byte {
	p.t.Helper()
	b, err := os.ReadFile(filepath.Join(p.home, "models", pulled+".onnx"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.t.Fatal(err)
	}
	return b
}

var wholeStore = []string{"models/.weights.json", "models/" + pulled + ".json", "models/" + pulled + ".onnx"}

func says(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q lacks %q", got, part)
		}
	}
}

func TestPullInstallsAndRecords(t *testing.T) {
	p := newPuller(t)
	hash := hashOf(p.hub.files[pulledPath])
	out, _, err := p.pull(nil)
	if err != nil {
		t.Fatal(err)
	}
	says(t, out, pulled+".onnx", "timm/tf_efficientnet_lite0.in1k/model.safetensors", hash, "the server announces; it is recorded")
	if got := p.files(); !slices.Equal(got, wholeStore) {
		t.Errorf("files %q", got)
	}
	s := zoo.Store{Dir: filepath.Join(p.home, "models")}
	m, err := s.Find(pulled)
	if err != nil || m.Record == nil || m.Record.SourceSHA256 != hash || m.Record.SourceFile != "model.safetensors" {
		t.Errorf("%+v, %v", m, err)
	}
	first := p.installed()

	// Again: it is there. Another mirror has the same file.
	requests := len(p.hub.requests)
	if out, _, err = p.pull(nil); err != nil || len(p.hub.requests) != requests {
		t.Errorf("%v, requests %q", err, p.hub.requests)
	}
	says(t, out, "installed already")
	if out, _, err = p.pull(func(o *PullModelOptions) { o.Again, o.Keep = true, true }); err != nil || !bytes.Equal(first, p.installed()) {
		t.Errorf("pulled again it is another: %v", err)
	}
	says(t, out, "the hash is the one recorded", "kept in")
	if got := p.files(); !slices.Equal(got, append(slices.Clone(wholeStore), "weights/efficientnet-lite0.safetensors")) {
		t.Errorf("files %q", got)
	}
	if _, _, err = p.pull(func(o *PullModelOptions) { o.Input = "floats" }); err != nil || bytes.Equal(first, p.installed()) {
		t.Errorf("another kind of input changed nothing: %v", err)
	}
}

func TestPullNoticesAnotherFile(t *testing.T) {
	p := newPuller(t)
	if _, _, err := p.pull(nil); err != nil {
		t.Fatal(err)
	}
	before := p.installed()
	old := hashOf(p.hub.files[pulledPath])
	p.hub.files[pulledPath] = madeUpWeights(t, pulled, 2)
	hash := hashOf(p.hub.files[pulledPath])
	_, _, err := p.pull(func(o *PullModelOptions) { o.Again = true })
	says(t, errorText(err), "has changed since it was first pulled", "--sha256", old, hash)
	if !bytes.Equal(before, p.installed()) {
		t.Error("the installed model has changed")
	}
	if got := p.files(); !slices.Equal(got, wholeStore) {
		t.Errorf("files %q", got)
	}
	// A given hash goes before the recorded one, and is recorded.
	out, _, err := p.pull(func(o *PullModelOptions) { o.SHA256 = strings.ToUpper(hash) })
	if err != nil || bytes.Equal(before, p.installed()) {
		t.Errorf("%v", err)
	}
	says(t, out, "the hash is the one given")
	out, _, err = p.pull(func(o *PullModelOptions) { o.Again = true })
	if err != nil {
		t.Error(err)
	}
	says(t, out, "the hash is the one recorded")
}

// Whatever goes wrong, the store is as it was.
func TestPullThatFailsInstallsNothing(t *testing.T) {
	wrong := func(p *puller) {
		b := slices.Clone(p.hub.files[pulledPath])
		p.hub.announced[pulledPath] = hashOf(b)
		b[len(b)/2] ^= 1
		p.hub.files[pulledPath] = b
	}
	weights := madeUpWeights(t, pulled, 1)
	for name, c := range map[string]struct {
		spoil  func(*puller)
		change func(*PullModelOptions)
		want   string
		is     error
	}{
		"a wrong byte":          {spoil: wrong, want: "not the expected one"},
		"not the given hash":    {change: func(o *PullModelOptions) { o.SHA256 = hashOf(nil) }, want: "expected is e3b0c4"},
		"no such file":          {spoil: func(p *puller) { delete(p.hub.files, pulledPath) }, want: "404"},
		"a page":                {spoil: func(p *puller) { p.hub.files[pulledPath] = []byte("<!DOCTYPE html>") }, want: "neither safetensors"},
		"another network":       {spoil: func(p *puller) { p.hub.files[pulledPath] = madeUpWeights(p.t, "efficientnet-lite1", 1) }, want: "efficientnet-lite1's"},
		"a cut file":            {spoil: func(p *puller) { p.hub.files[pulledPath] = p.hub.files[pulledPath][:1<<20] }, want: "incomplete download"},
		"no such network":       {change: func(o *PullModelOptions) { o.Name = "alexnet" }, want: "there are", is: ErrUsage},
		"no hash":               {change: func(o *PullModelOptions) { o.SHA256 = "123" }, want: "64 hexadecimal digits", is: ErrUsage},
		"no address":            {change: func(o *PullModelOptions) { o.URL = "user:s3cret@host" }, want: "--url must be", is: ErrUsage},
		"no kind of input":      {change: func(o *PullModelOptions) { o.Input = "strings" }, want: "--input", is: ErrUsage},
		"a host that is not":    {change: func(o *PullModelOptions) { o.URL = "http://nobody.invalid/w?s3cret" }, want: "nobody.invalid/w: "},
		"damaged recorded hash": {spoil: damagePins, want: "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pullFrom(t, weights)
			if c.spoil != nil {
				c.spoil(p)
			}
			before := p.files()
			_, _, err := p.pull(c.change)
			if err == nil || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v", err)
			}
			says(t, errorText(err), c.want)
			after := slices.DeleteFunc(p.files(), func(f string) bool { return strings.Contains(f, ".partial-") })
			if !slices.Equal(before, after) {
				t.Errorf("before %q, after %q", before, after)
			}
		})
	}
}

func damagePins(p *puller) {
	dir := filepath.Join(p.home, "models")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, ".weights.json"), []byte("{"), 0o600)); err != nil {
		p.t.Fatal(err)
	}
}

func TestPullGoesOnAfterAnInterruption(t *testing.T) {
	p := newPuller(t)
	ctx, cancel := context.WithCancel(t.Context())
	writes := 0
	p.hub.onWrite = func() {
		if writes++; writes == 50 {
			part := filepath.Join(p.home, "models", ".pulling-"+pulled, ".partial-model.safetensors")
			for range 2000 { // until something has arrived
				if st, err := os.Stat(part); err == nil && st.Size() > 0 {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			cancel()
		}
	}
	_, _, err := p.pullContext(ctx, nil)
	if !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	says(t, errorText(err), "goes on from there")
	if got := p.files(); len(got) != 2 || p.installed() != nil {
		t.Errorf("files %q", got)
	}
	p.hub.onWrite = nil
	_, said, err := p.pull(nil)
	if err != nil {
		t.Fatal(err)
	}
	says(t, said, "going on after")
	if last := p.hub.requests[len(p.hub.requests)-1]; !strings.Contains(last, " bytes=") {
		t.Errorf("requests %q", p.hub.requests)
	}
	if got := p.files(); !slices.Equal(got, wholeStore) {
		t.Errorf("files %q", got)
	}
}

func TestPullsWaitForEachOther(t *testing.T) {
	p := newPuller(t)
	dir := filepath.Join(p.home, "models")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.pull(nil)
	says(t, errorText(err), "wait for that to end")
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if _, _, err = p.pull(nil); err != nil {
		t.Error(err)
	}
}

func TestTransferLine(t *testing.T) {
	var out bytes.Buffer
	at := time.Unix(0, 0)
	tr := newTransfer(&out, "net")
	tr.now = func() time.Time { return at }
	for _, mb := range []int64{10, 20, 60} {
		tr.progress(mb*1e6, 100e6)
		at = at.Add(10 * time.Second)
	}
	tr.notice("trying again")
	tr.progress(70e6, -1)
	at = at.Add(15 * time.Second)
	tr.progress(100e6, -1)
	want := "net [██████████████··········]  60 %  60.0/100.0 MB  2.5 MB/s  16s left\nnet: trying again\nnet  100.0 MB  2.0 MB/s\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
