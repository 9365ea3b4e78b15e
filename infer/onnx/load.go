package onnx

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/imagenet"
	"github.com/flipmeter/flipmeter/infer/sidecar"
)

// maxFileBytes is protobuf's limit for one message.
const maxFileBytes = 2 << 30

// source is a model file that was read and found to be safe to hand to ONNX
// Runtime.
type source struct {
	path   string
	bytes  []byte // of the file
	file   *modelFile
	sha256 string
	plan   plan
	info   infer.ModelInfo // without labels, provider, precision and runtime
}

// readSource reads and checks a model file. The bytes that were hashed are
// the ones that will run, unless weights lie outside the file.
func readSource(cfg ModelConfig) (*source, error) {
	s := &source{path: cfg.Path}
	if err := s.read(); err != nil {
		return nil, fmt.Errorf("open model %s: %w", cfg.Path, err)
	}
	if err := s.describe(cfg); err != nil {
		return nil, fmt.Errorf("open model %s: %w", cfg.Path, err)
	}
	return s, nil
}

func (s *source) read() error {
	f, err := os.Open(s.path)
	if err != nil {
		return reason(err)
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return reason(err)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%w (it is no regular file)", errNotONNX)
	case st.Size() >= maxFileBytes:
		return fmt.Errorf("%w (%d bytes are more than such a file can have)", errNotONNX, st.Size())
	}
	s.bytes = make([]byte, st.Size())
	if _, err := io.ReadFull(f, s.bytes); err != nil {
		return reason(err)
	}
	if s.file, err = parseModel(s.bytes); err != nil {
		return err
	}
	return s.hash()
}

// hash is SHA-256 of the file. Where weights lie outside, it covers them too:
// it is then the hash of the file's hash and each external file's, in the
// order of their names.
func (s *source) hash() error {
	sum := sha256.Sum256(s.bytes)
	if len(s.file.external) > 0 {
		all := sha256.New()
		all.Write(sum[:])
		if err := s.hashExternal(all); err != nil {
			return err
		}
		sum = [sha256.Size]byte(all.Sum(nil))
	}
	s.sha256 = hex.EncodeToString(sum[:])
	return nil
}

// hashExternal also makes sure that no external file lies, or leads by a
// link, outside the model's folder.
func (s *source) hashExternal(into io.Writer) error {
	root, err := os.OpenRoot(filepath.Dir(s.path))
	if err != nil {
		return reason(err)
	}
	defer root.Close()
	for _, location := range slices.Sorted(slices.Values(s.file.external)) {
		if location == "" || !filepath.IsLocal(location) {
			return fmt.Errorf("its weights are said to lie in %q, outside the model's folder, which is refused: put them beside the model and export it again", location)
		}
		f, err := root.Open(location)
		if err != nil {
			if errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("its weights should lie beside it in %q, but there is no such file", location)
			}
			return fmt.Errorf("its weights in %q can't be read, or lie outside the model's folder, which is refused: %w", location, reason(err))
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("read weights %q: %w", location, reason(err))
		}
		if _, err := into.Write(sum.Sum(nil)); err != nil {
			return err
		}
	}
	return nil
}

// describe finds out what the model is: from what the file says, or, where it
// says nothing, from the caller and from the file beside it.
func (s *source) describe(cfg ModelConfig) error {
	var err error
	s.info, err = infer.DecodeMetadata(s.file.metadata)
	switch {
	case err == nil:
		err = s.described(&cfg)
	case errors.Is(err, infer.ErrNoMetadata):
		s.info = infer.ModelInfo{Metadata: s.file.metadata}
		err = s.undescribed(&cfg)
	}
	if err != nil {
		return err
	}
	s.info.Name = cmp.Or(cfg.Name, s.info.Name, strings.TrimSuffix(filepath.Base(s.path), filepath.Ext(s.path)))
	s.info.Output = cmp.Or(s.info.Output, cfg.Output)
	if len(cfg.Labels.Names) > 0 {
		s.info.Labels, s.info.WNIDs = cfg.Labels.Names, cfg.Labels.WNIDs
	}
	pre := &s.info.Preprocessing
	if cfg.Override.Filter != "" {
		pre.Filter = cfg.Override.Filter
	}
	if cfg.Override.Fit != "" {
		pre.Fit = cfg.Override.Fit
	}
	if err := pre.Validate(); err != nil {
		return err
	}
	s.info.SHA256 = s.sha256
	return s.plan.fit(*pre)
}

// described takes a file at its word, and refuses to be told otherwise.
func (s *source) described(cfg *ModelConfig) error {
	switch out := s.info.Output; {
	case !cfg.Stated.Nothing():
		return errors.New("the file says itself how pictures are prepared for it: leave --preprocess and --input-size out, or change what it says with --resize and --fit")
	case cfg.Output != "" && out != "" && cfg.Output != out:
		return fmt.Errorf("the file says that it emits %s, not %s: leave that out", out, cfg.Output)
	}
	if path := sidecar.Path(s.path); exists(path) {
		s.note("%s is not read: the model describes itself", path)
	}
	return s.makePlan(cfg)
}

// undescribed takes what the caller says, and then what the file beside the
// model says.
func (s *source) undescribed(cfg *ModelConfig) error {
	beside, labels, err := sidecar.Read(s.path)
	if err != nil {
		return err
	}
	if beside != nil {
		cfg.Stated = cfg.Stated.Over(beside.Stated())
		cfg.Name, s.info.License = cmp.Or(cfg.Name, beside.Name), beside.License
		cfg.Layout, cfg.OutputName = cmp.Or(cfg.Layout, beside.Layout), cmp.Or(cfg.OutputName, beside.OutputName)
		cfg.Output = cmp.Or(cfg.Output, infer.Output(beside.Emits))
		if len(cfg.Labels.Names) == 0 {
			cfg.Labels = labels
		}
	}
	if err := s.makePlan(cfg); err != nil {
		return err
	}
	if cfg.Preprocessing != nil {
		s.info.Preprocessing = *cfg.Preprocessing
		return nil
	}
	bytes := s.plan.inElem == elemUint8
	s.info.Preprocessing, err = cfg.Stated.Resolve(s.plan.width, s.plan.height, bytes)
	if errors.Is(err, infer.ErrUnstated) && s.plan.classes > 0 {
		// What is missing is asked for at once.
		names, _ := imagenet.Labels()
		if _, _, unnamed := infer.MatchLabels(s.plan.classes, cfg.Labels, infer.LabelSet{Names: names}); unnamed != nil {
			err = fmt.Errorf("%w; and %w", err, unnamed)
		}
	}
	if err != nil && cfg.Stated.Nothing() {
		return fmt.Errorf("%w: %w, or write it all into %s", ErrNoPreprocessing, err, sidecar.Path(s.path))
	}
	return err
}

func (s *source) makePlan(cfg *ModelConfig) error {
	var err error
	if s.plan, err = newPlan(s.file, cfg.Layout, cfg.OutputName); err != nil {
		return fmt.Errorf("it is not an image classifier: %w", err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// label names the classes, whose number is known now.
func (s *source) label() (rotate bool, err error) {
	own := infer.LabelSet{Names: s.info.Labels, WNIDs: s.info.WNIDs}
	names, wnids := imagenet.Labels()
	labels, rotate, err := infer.MatchLabels(s.plan.classes, own, infer.LabelSet{Names: names, WNIDs: wnids})
	if err != nil {
		return false, err
	}
	if len(own.Names) == 0 {
		s.note("its %d classes have no names: those of ImageNet in their usual order are taken%s", s.plan.classes, map[bool]string{true: ", with the background before them"}[rotate])
	}
	s.info.Labels, s.info.WNIDs = labels.Names, labels.WNIDs
	return rotate, nil
}

// note keeps a sentence about what was inferred.
func (s *source) note(format string, args ...any) {
	s.info.Notes = append(s.info.Notes, fmt.Sprintf(format, args...))
}

// precision is what most of the file's weights are made in.
func (w weightTypes) precision() string {
	switch total := w.float32 + w.float16 + w.bfloat16 + w.int8; {
	case 2*w.int8 > total:
		return "int8"
	case 2*w.float16 > total:
		return "fp16"
	case 2*w.bfloat16 > total:
		return "bf16"
	default:
		return "fp32"
	}
}

// reason strips the path and the system call, which the caller has named.
func reason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
