//go:build cgo && unix

package onnx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// environment is ONNX Runtime's own state. There is one a process, whoever
// asks for it, so it is counted: it goes when the last runtime and the last
// classifier are closed.
type environment struct {
	mu      sync.Mutex
	users   int
	library string // that was loaded last
	version string

	handlers handlers
}

// env is the one package-level variable, because what it guards is a
// process-wide thing of a C library.
var env environment

// Runtime is the loaded ONNX Runtime library. It may be used by many
// goroutines.
type Runtime struct {
	log     *slog.Logger
	library string // as it was asked for
	file    string // where it lies
	version string
	offers  []Offer // of all libraries that were looked at, this one's included

	mu     sync.Mutex
	closed bool
}

// Load finds, checks and loads the ONNX Runtime library. It may be called
// again; the process has one library, so another call must mean the same
// one. A missing library is ErrNoLibrary.
func Load(cfg Config) (*Runtime, error) {
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	paths, err := candidates(cfg, os.Getenv)
	if err != nil {
		return nil, err
	}
	rt := &Runtime{log: log}
	survey := surveyor{machine: ThisMachine(), loadable: loadable, needs: elfNeeds}
	var found library
	err = keepSignals(func() error { // what a provider needs is loaded to see whether it is there
		paths, rt.offers = survey.order(paths, cfg)
		if found, err = firstLibrary(paths); err != nil || found.path == "" {
			return err
		}
		if !slices.ContainsFunc(rt.offers, func(o Offer) bool { return o.Library == found.file }) {
			rt.offers = append(rt.offers, survey.offers([]string{found.file})...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found.path == "" {
		return nil, noLibrary(cfg, os.Getenv)
	}
	rt.library, rt.file, rt.version = found.path, found.file, found.version
	if err := env.use(rt.library, rt.version, log); err != nil {
		return nil, err
	}
	log.Debug("loaded ONNX Runtime", "library", rt.library, "version", rt.version)
	return rt, nil
}

// library is one of ONNX Runtime that can be used.
type library struct{ path, file, version string }

// firstLibrary is the first library that is there; its path is empty if none is.
// One in a folder that can't be used is an error, one that the system's
// loader does not know is passed over.
func firstLibrary(paths []string) (library, error) {
	for _, path := range paths {
		version, file, err := libraryVersion(path, func(v string) bool { return checkVersion(path, v) == nil })
		switch {
		case err == nil:
			return library{path, file, version}, checkVersion(path, version)
		case strings.ContainsRune(path, os.PathSeparator):
			return library{}, fmt.Errorf("load ONNX Runtime: %s: %s", path, strings.TrimPrefix(err.Error(), path+": "))
		}
	}
	return library{}, nil
}

// use counts one more user, and starts the environment for the first.
func (e *environment) use(path, version string, log *slog.Logger) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.users > 0 && e.library != path {
		return fmt.Errorf("load ONNX Runtime: %s is in use already, and a process can't have %s as well", e.library, path)
	}
	if e.users == 0 {
		// What goes wrong is returned as an error; ONNX Runtime would also
		// print it.
		level := ort.WithLogLevelFatal()
		if log.Enabled(context.Background(), slog.LevelDebug) {
			level = ort.WithLogLevelWarning()
		}
		ort.SetSharedLibraryPath(path)
		if err := ort.InitializeEnvironment(level); err != nil {
			return fmt.Errorf("load ONNX Runtime: %s (version %s): %w", path, version, oneLine(err))
		}
		if err := ort.DisableTelemetry(); err != nil {
			return errors.Join(fmt.Errorf("load ONNX Runtime: %w", oneLine(err)), ort.DestroyEnvironment())
		}
		e.library, e.version = path, version
	}
	e.users++
	return nil
}

func (e *environment) release() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.users--
	if e.users > 0 {
		return nil
	}
	if err := ort.DestroyEnvironment(); err != nil {
		return fmt.Errorf("close ONNX Runtime: %w", oneLine(err))
	}
	return nil
}

// retain counts a classifier of this runtime as a user.
func (rt *Runtime) retain() error {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.closed {
		return errors.New("the runtime is closed")
	}
	return env.use(rt.library, rt.version, rt.log)
}

// Version is the library's, such as "1.32.0".
func (rt *Runtime) Version() string { return rt.version }

// Library is the path or the name that the library was loaded by.
func (rt *Runtime) Library() string { return rt.library }

// Offers are the accelerators, each with whether it can be had with this
// library on this machine.
func (rt *Runtime) Offers() []Offer {
	var own []Offer
	for _, o := range rt.offers {
		if o.Library == rt.file {
			own = append(own, o)
		}
	}
	return own
}

// Survey is for every accelerator the offer of the library that comes closest
// to having it: this one or another that is installed.
func (rt *Runtime) Survey() []Offer {
	var best []Offer
	for _, a := range accelerators {
		found := -1
		for i, o := range rt.offers {
			if o.Accelerator == a && (found < 0 || o.distance() < rt.offers[found].distance() || o.distance() == rt.offers[found].distance() && o.Library == rt.file) {
				found = i
			}
		}
		if found >= 0 {
			best = append(best, rt.offers[found])
		}
	}
	return best
}

// Close gives the runtime up. Classifiers that are still open go on working;
// the last one to close ends ONNX Runtime. Close may be called again.
func (rt *Runtime) Close() error {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.closed {
		return nil
	}
	rt.closed = true
	return env.release()
}

// oneLine makes what ONNX Runtime says fit into an error of one line.
func oneLine(err error) error {
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}
