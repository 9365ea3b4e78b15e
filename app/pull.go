package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/infer/zoo/fetch"
)

// PullModelOptions are the options of flipmeter models pull.
type PullModelOptions struct {
	Home   string // empty: Home()
	Name   string // of an architecture
	URL    string // of the weights; empty: where they are published
	SHA256 string // of the weights; goes before what is recorded or announced
	Input  string // "bytes" or "floats"
	// Again pulls a model that is installed already.
	Again bool
	// Keep moves the weights to the folder weights of Home in place of
	// removing them.
	Keep  bool
	Quiet bool
}

// PullModel downloads a network's published weights, checks them, builds the
// network and installs it. Where that fails, what was installed before is
// installed still.
func PullModel(ctx context.Context, o PullModelOptions, streams Streams) error {
	p, err := newPull(&o, streams)
	if err != nil {
		return err
	}
	if m, err := p.there(); err != nil {
		return err
	} else if m != nil {
		_, err := fmt.Fprintf(streams.Out, "%s is installed already: %s (weights sha256 %s; --again pulls it anew)\n", m.Name, m.Path, m.Record.SourceSHA256)
		return err
	}
	if err := os.MkdirAll(p.store.Dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of models: %w", err)
	}
	unlock, err := lock(p.store.Dir)
	if errors.Is(err, errInUse) {
		return fmt.Errorf("models are being installed in %s: wait for that to end, then run this again", p.store.Dir)
	}
	if err != nil {
		return fmt.Errorf("lock the folder of models: %w", err)
	}
	err = p.run(ctx)
	if err = errors.Join(err, unlock()); err != nil {
		return oneLine{err}
	}
	return nil
}

// pull is one run of PullModel.
type pull struct {
	o            *PullModelOptions
	streams      Streams
	architecture *zoo.Architecture
	input        zoo.Input
	store        zoo.Store
	home         string
	address      string
	// origin names the file in the store's record of hashes: the same for
	// all mirrors of Hugging Face.
	origin   string
	recorded string // SHA-256; empty the first time
}

func newPull(o *PullModelOptions, streams Streams) (*pull, error) {
	p := &pull{o: o, streams: streams}
	var err error
	if p.architecture, err = zoo.Find(o.Name); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if p.input, err = inputKind(o.Input); err != nil {
		return nil, err
	}
	if o.SHA256 = strings.ToLower(o.SHA256); o.SHA256 != "" {
		if b, err := hex.DecodeString(o.SHA256); err != nil || len(b) != sha256.Size {
			return nil, fmt.Errorf("%w: --sha256 must be 64 hexadecimal digits, got %.80q", ErrUsage, o.SHA256)
		}
	}
	if p.store, err = store(o.Home); err != nil {
		return nil, err
	}
	p.home = filepath.Dir(p.store.Dir)
	if o.URL == "" {
		endpoint := zoo.HuggingFace
		if e := os.Getenv("HF_ENDPOINT"); e != "" { // as Hugging Face's own tools have it
			endpoint = e
		}
		file := p.architecture.Published
		p.address, p.origin = file.Address(endpoint), file.Repo+"/"+file.File
	} else {
		u, err := url.Parse(o.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%w: --url must be an http or https address", ErrUsage)
		}
		p.address, p.origin = o.URL, u.Scheme+"://"+u.Host+u.EscapedPath()
	}
	p.recorded, err = p.store.Recorded(p.origin)
	return p, err
}

// there is the installed model, if it is the one that would be pulled.
func (p *pull) there() (*zoo.Installed, error) {
	want := p.o.SHA256
	if want == "" {
		want = p.recorded
	}
	if want == "" || p.o.Again {
		return nil, nil
	}
	m, err := p.store.Find(p.architecture.Name)
	if errors.Is(err, zoo.ErrNotInstalled) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if r := m.Record; r == nil || r.SourceSHA256 != want || r.Input != p.input {
		return nil, nil
	}
	return m, nil
}

func (p *pull) run(ctx context.Context) error {
	// What has come so far lies here until the model is built.
	dir := filepath.Join(p.store.Dir, ".pulling-"+p.architecture.Name)
	got, err := p.download(ctx, dir)
	if err != nil {
		_ = os.Remove(dir) // only if nothing is worth going on with
		return err
	}
	m, err := build(ctx, p.store, p.architecture, got.Path, p.input)
	if err != nil {
		return errors.Join(buildError(ctx, p.streams, err), os.RemoveAll(dir))
	}
	if err := p.store.RecordHash(p.origin, got.SHA256); err != nil {
		return err
	}
	kept, err := p.keep(got.Path)
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.streams.Out, "%s: %s (%s, sha256 %s)\nweights: %s (%s, sha256 %s)%s\n%s\n",
		m.Name, m.Path, megabytes(m.Bytes), m.Record.SHA256, p.origin, megabytes(got.Bytes), got.SHA256, kept, p.trust(got))
	return err
}

// download fetches the weights into dir.
func (p *pull) download(ctx context.Context, dir string) (*fetch.Result, error) {
	want := p.o.SHA256
	if want == "" {
		want = p.recorded
	}
	u, err := url.Parse(p.address)
	if err != nil {
		return nil, fmt.Errorf("%w: the address of the weights (HF_ENDPOINT?) is not one", ErrUsage)
	}
	name := path.Base(u.Path)
	if name == "." || name == "/" {
		name = "weights"
	}
	show := newTransfer(p.streams.Err, p.architecture.Name)
	r := fetch.Request{URL: p.address, Dir: dir, Name: name, SHA256: want}
	if !p.o.Quiet {
		r.Progress, r.Notice = show.progress, show.notice
		defer show.end()
	}
	got, err := fetch.Get(ctx, r)
	switch {
	case err == nil:
		return got, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: nothing was installed; what came so far is kept, and the same command goes on from there", ErrInterrupted)
	case errors.Is(err, fetch.ErrWrongHash) && p.o.SHA256 == "" && p.recorded != "":
		return nil, fmt.Errorf("%w: the file has changed since it was first pulled, or was damaged on the way; nothing was installed (if you know that the new one is right, give its hash with --sha256)", err)
	case errors.Is(err, fetch.ErrWrongHash):
		return nil, fmt.Errorf("%w; nothing was installed", err)
	}
	return nil, buildError(ctx, p.streams, err)
}

// keep moves the weights to where they stay, if they shall.
func (p *pull) keep(file string) (string, error) {
	if !p.o.Keep {
		return "", nil
	}
	to := filepath.Join(p.home, "weights", p.architecture.Name+filepath.Ext(file))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return "", fmt.Errorf("keep the weights: %w", err)
	}
	if err := os.Rename(file, to); err != nil {
		return "", fmt.Errorf("keep the weights: %w", err)
	}
	return ", kept in " + to, nil
}

// trust says what the weights were checked against.
func (p *pull) trust(got *fetch.Result) string {
	var text string
	switch {
	case p.o.SHA256 != "":
		text = "the hash is the one given"
	case p.recorded != "":
		text = "the hash is the one recorded when they were first pulled"
	case got.Announced != "":
		return "the hash is the one that the server announces; it is recorded, and later pulls must have it"
	default:
		return "the server announces no hash; this one is recorded, and later pulls must have it"
	}
	if got.Announced != "" && got.Announced != got.SHA256 {
		text += "; the server announces another one, " + got.Announced
	}
	return text
}
