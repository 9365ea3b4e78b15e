package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server gives out content, and misbehaves as told.
type server struct {
	content   []byte
	etag      string
	announced string // on the redirect
	breakAt   []int  // each answer with a body ends after that many bytes of it, -1 not at all
	status    []int  // each request is answered with that, 0 as usual
	noRanges  bool

	requests []string // what was asked for, as "RANGE"
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/model" { // as Hugging Face does it
		if s.announced != "" {
			w.Header().Set("X-Linked-ETag", `"`+s.announced+`"`)
		}
		http.Redirect(w, r, "/blob?signature=s3cret", http.StatusFound)
		return
	}
	s.requests = append(s.requests, r.Header.Get("Range"))
	if len(s.status) > 0 {
		code := s.status[0]
		s.status = s.status[1:]
		if code != 0 {
			w.WriteHeader(code)
			return
		}
	}
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if s.noRanges {
		r.Header.Del("Range")
	}
	out := w
	if len(s.breakAt) > 0 {
		if n := s.breakAt[0]; n >= 0 {
			out = &breaking{w, n}
		}
		s.breakAt = s.breakAt[1:]
	}
	http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(s.content))
}

// breaking cuts the connection in the middle of the body.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	n, _ := b.ResponseWriter.Write(p[:min(b.left, len(p))])
	if b.left -= n; b.left == 0 {
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i)
	}
	return b
}

// get serves s over HTTP and downloads from it into dir.
func get(t *testing.T, s *server, dir string, change func(*Request)) (*Result, []string, error) {
	t.Helper()
	srv := httptest.NewServer(s)
	defer srv.Close()
	return getFrom(t, srv, dir, change)
}

func getFrom(t *testing.T, srv *httptest.Server, dir string, change func(*Request)) (*Result, []string, error) {
	t.Helper()
	var said []string
	r := Request{
		URL: srv.URL + "/model", Dir: dir, Name: "model.bin", Client: srv.Client(),
		Notice: func(line string) { said = append(said, line) },
		Wait:   func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	}
	if change != nil {
		change(&r)
	}
	res, err := Get(context.Background(), r)
	if err != nil {
		for _, secret := range []string{"signature", "s3cret", "\n"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error holds %q: %v", secret, err)
			}
		}
	}
	return res, said, err
}

// files lists what lies in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestGet(t *testing.T) {
	want := content(1 << 20)
	hash := hashOf(want)
	for name, c := range map[string]struct {
		server   server
		change   func(*Request)
		requests []string
	}{
		"plainly":               {requests: []string{""}},
		"announced":             {server: server{announced: hash}, requests: []string{""}},
		"given":                 {change: func(r *Request) { r.SHA256 = strings.ToUpper(hash) }, requests: []string{""}},
		"given goes before":     {server: server{announced: hashOf(nil)}, change: func(r *Request) { r.SHA256 = hash }, requests: []string{""}},
		"broken twice":          {server: server{etag: `"1"`, breakAt: []int{300000, 300000}}, requests: []string{"", "bytes=300000-", "bytes=600000-"}},
		"broken, no ETag":       {server: server{breakAt: []int{300000}}, requests: []string{"", ""}},
		"broken, weak ETag":     {server: server{etag: `W/"1"`, breakAt: []int{300000}}, requests: []string{"", ""}},
		"broken, only a hash":   {server: server{announced: hash, breakAt: []int{300000}}, requests: []string{"", "bytes=300000-"}},
		"broken, no ranges":     {server: server{etag: `"1"`, breakAt: []int{300000}, noRanges: true}, requests: []string{"", "bytes=300000-"}},
		"busy":                  {server: server{status: []int{503, 429, 0}}, requests: []string{"", "", ""}},
		"broken at the last":    {server: server{etag: `"1"`, breakAt: []int{1<<20 - 1}}, requests: []string{"", "bytes=1048575-"}},
		"nothing at first":      {server: server{etag: `"1"`, breakAt: []int{0, 1, 0, 1, 0, 1, 0, 1}}},
		"exactly the allowance": {change: func(r *Request) { r.MaxBytes = 1 << 20 }, requests: []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new")
			s := c.server
			s.content = want
			var done, total int64
			res, said, err := get(t, &s, dir, func(r *Request) {
				r.Progress = func(d, all int64) { done, total = d, all }
				if c.change != nil {
					c.change(r)
				}
			})
			if err != nil {
				t.Fatalf("%v\n%s", err, strings.Join(said, "\n"))
			}
			got, err := os.ReadFile(res.Path)
			if err != nil || !bytes.Equal(got, want) || res.SHA256 != hash || res.Bytes != int64(len(want)) || res.Announced != c.server.announced {
				t.Errorf("%+v, %v", res, err)
			}
			if done != 1<<20 || total != 1<<20 {
				t.Errorf("progress ends at %d of %d", done, total)
			}
			if c.requests != nil && !slices.Equal(s.requests, c.requests) {
				t.Errorf("requests %q, want %q", s.requests, c.requests)
			}
			if names := files(t, dir); !slices.Equal(names, []string{"model.bin"}) {
				t.Errorf("left: %q", names)
			}
		})
	}
}

func TestGetRefuses(t *testing.T) {
	want := content(1 << 20)
	wrong := slices.Clone(want)
	wrong[777777] ^= 1
	partial := []string{".partial-model.bin", ".partial-model.bin.json"}
	for name, c := range map[string]struct {
		server server
		change func(*Request)
		want   string
		left   []string
	}{
		"a wrong byte":        {server: server{content: wrong, announced: hashOf(want)}, want: "not the expected one"},
		"not the given one":   {server: server{content: wrong, announced: hashOf(wrong)}, change: func(r *Request) { r.SHA256 = hashOf(want) }, want: hashOf(wrong)},
		"not found":           {server: server{status: []int{404}}, want: "404 Not Found", left: partial[:1]},
		"forbidden":           {server: server{status: []int{403}}, want: "wants a login", left: partial[:1]},
		"breaks for good":     {server: server{content: want, etag: `"1"`, breakAt: []int{9000, 0, 0, 0, 0, 0, 0}}, want: "run it again to go on", left: partial},
		"always busy":         {server: server{status: []int{503, 503, 503, 503, 503, 503}}, want: "503", left: partial[:1]},
		"too large":           {server: server{content: want}, change: func(r *Request) { r.MaxBytes = 1<<20 - 1 }, want: "more than the 1048575 allowed", left: partial[:1]},
		"a full disk":         {server: server{content: want}, change: full(300000), want: "no space left on device"},
		"a disk full at last": {server: server{content: want}, change: fullAtSync, want: "no space left on device"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "other"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			s := c.server
			_, _, err := get(t, &s, dir, c.change)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if names := files(t, dir); !slices.Equal(names, append(slices.Clone(c.left), "other")) {
				t.Errorf("left: %q", names)
			}
		})
	}
}

// limited is a file on a disk that gets full.
type limited struct {
	file
	left  int
	atEnd bool
}

func (l *limited) Write(b []byte) (int, error) {
	if l.atEnd || len(b) <= l.left {
		l.left -= len(b)
		return l.file.Write(b)
	}
	n, _ := l.file.Write(b[:l.left])
	l.left = 0
	return n, &os.PathError{Op: "write", Path: "hidden", Err: syscall.ENOSPC}
}

func (l *limited) Sync() error {
	if l.atEnd {
		return syscall.ENOSPC
	}
	return l.file.Sync()
}

func full(after int) func(*Request) {
	return func(r *Request) {
		r.create = func(path string) (file, error) {
			f, err := osFile(path)
			return &limited{file: f, left: after}, err
		}
	}
}

func fullAtSync(r *Request) {
	r.create = func(path string) (file, error) {
		f, err := osFile(path)
		return &limited{file: f, atEnd: true}, err
	}
}

// A download that was broken off goes on in a later call, if it is still the
// same file at the same address; else it begins anew.
func TestGetGoesOn(t *testing.T) {
	first := content(1 << 20)
	second := append([]byte("another"), first...)
	for name, c := range map[string]struct {
		server   server
		spoil    func(t *testing.T, dir string)
		path     string
		requests []string
	}{
		"the same file":     {server: server{content: first, etag: `"1"`}, requests: []string{"bytes=300000-"}},
		"announced":         {server: server{content: first, etag: `"1"`, announced: hashOf(first)}, requests: []string{"bytes=300000-"}},
		"another file":      {server: server{content: second, etag: `"2"`, announced: hashOf(second)}, requests: []string{"bytes=300000-"}},
		"another, same tag": {server: server{content: second, etag: `"1"`, announced: hashOf(second)}, requests: []string{"bytes=300000-", ""}},
		"a shorter file":    {server: server{content: first[:1000], etag: `"1"`}, requests: []string{"bytes=300000-", ""}},
		"another address":   {server: server{content: first, etag: `"1"`}, path: "/blob?other", requests: []string{""}},
		"a damaged part":    {server: server{content: first, etag: `"1"`, announced: hashOf(first)}, spoil: damage, requests: []string{"bytes=300000-", ""}},
		"a damaged note":    {server: server{content: first, etag: `"1"`}, spoil: damageNote, requests: []string{""}},
		"an overlong part":  {server: server{content: first, etag: `"1"`}, spoil: lengthen, requests: []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := &server{content: first, etag: `"1"`, breakAt: []int{300000, 0, 0, 0, 0, 0}}
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
			defer srv.Close()
			if _, _, err := getFrom(t, srv, dir, nil); err == nil {
				t.Fatal("the first download did not break")
			}
			if c.spoil != nil {
				c.spoil(t, dir)
			}
			next := c.server
			s = &next
			res, _, err := getFrom(t, srv, dir, func(r *Request) {
				if c.path != "" {
					r.URL = srv.URL + c.path
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(res.Path)
			if err != nil || !bytes.Equal(got, c.server.content) || res.SHA256 != hashOf(c.server.content) {
				t.Errorf("another content of %d bytes, %v", len(got), err)
			}
			if !slices.Equal(s.requests, c.requests) {
				t.Errorf("requests %q, want %q", s.requests, c.requests)
			}
		})
	}
}

func change(t *testing.T, path string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, f(b), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func damage(t *testing.T, dir string) {
	change(t, partPath(dir, "model.bin"), func(b []byte) []byte { b[5] ^= 1; return b })
}

func damageNote(t *testing.T, dir string) {
	change(t, partPath(dir, "model.bin")+".json", func(b []byte) []byte { return b[:len(b)-1] })
}

func lengthen(t *testing.T, dir string) {
	change(t, partPath(dir, "model.bin"), func(b []byte) []byte { return append(b, make([]byte, 1<<20)...) })
}

// An interruption comes back as its cause, and what was there is kept.
func TestGetIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	s := &server{content: content(1 << 20), etag: `"1"`}
	srv := httptest.NewServer(s)
	defer srv.Close()
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	_, err := Get(ctx, Request{URL: srv.URL + "/model", Dir: dir, Name: "m", Client: srv.Client(), Progress: func(done, _ int64) {
		if done > 0 {
			cancel(stop)
		}
	}})
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if names := files(t, dir); !slices.Equal(names, []string{".partial-m", ".partial-m.json"}) {
		t.Errorf("left: %q", names)
	}
}

func TestRequestsAreChecked(t *testing.T) {
	for _, r := range []Request{
		{URL: "ftp://host/x", Name: "m"}, {URL: "://user:s3cret@host", Name: "m"}, {URL: "/etc/passwd", Name: "m"},
		{URL: "http://host/x", Name: ""}, {URL: "http://host/x", Name: "../m"}, {URL: "http://host/x", Name: "m", SHA256: "abc"},
	} {
		r.Dir = t.TempDir()
		if _, err := Get(context.Background(), r); err == nil || strings.Contains(err.Error(), "s3cret") || len(files(t, r.Dir)) > 0 {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// What began over https does not go on without.
func TestNoRedirectToPlainHTTP(t *testing.T) {
	plain := httptest.NewServer(&server{content: content(10)})
	defer plain.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL+"/blob?signature=s3cret", http.StatusFound)
	}))
	defer secure.Close()
	_, said, err := getFrom(t, secure, t.TempDir(), nil)
	if err == nil || !strings.Contains(err.Error(), "a redirect from https to "+plain.URL+"/blob is not followed") || len(said) > 0 {
		t.Errorf("%v, %q", err, said)
	}
}

// A certificate that nobody vouches for ends it at once.
func TestCertificatesAreChecked(t *testing.T) {
	secure := httptest.NewTLSServer(&server{content: content(10)})
	defer secure.Close()
	secure.Config.ErrorLog = nil
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	_, said, err := getFrom(t, secure, t.TempDir(), func(r *Request) { r.Client = client })
	if err == nil || !strings.Contains(err.Error(), "certificate") || len(said) > 0 {
		t.Errorf("%v, %q", err, said)
	}
}

func ExampleGet() {
	srv := httptest.NewServer(&server{content: []byte("weights"), announced: hashOf([]byte("weights"))})
	defer srv.Close()
	dir, err := os.MkdirTemp("", "fetch")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	res, err := Get(context.Background(), Request{URL: srv.URL + "/model", Dir: dir, Name: "weights.bin", Client: srv.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.Base(res.Path), res.Bytes, res.SHA256 == res.Announced)
	// Output: weights.bin 7 true
}
