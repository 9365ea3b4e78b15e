package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/flipmeter/flipmeter/frame"
)

// Source says what was looked at. Credentials must have been removed from
// every field by the caller.
type Source struct {
	Name   string
	SHA256 string // "" where not known

	// What follows is shown in the page, not written to summary.json.
	Kind          string // "file", "folder", …
	Codec         string
	Width, Height int     // pixels
	FPS           float64 // nominal, 0 where unknown
	// Interlaced is "yes", "no" or "" (unknown).
	Interlaced     string
	Deinterlaced   bool
	ColorMatrixWhy string
	Notes          []string // sentences about how the source was read
}

// Identity is everything that two results must share to be compared.
type Identity struct {
	Model         string        `json:"model"`
	ModelSHA256   string        `json:"model_sha256"`
	Provider      string        `json:"provider"`
	Precision     string        `json:"precision"`
	Preprocessing Preprocessing `json:"preprocessing"`
	ColorMatrix   string        `json:"color_matrix"`
	Decoder       string        `json:"decoder"`
	Runtime       string        `json:"runtime"`
	// Smoother is what shows its labels in place of the network's; empty for
	// the network's own.
	Smoother string `json:"smoother,omitempty"`
	// Thresholds are nil where they are not known: in runs that were saved
	// before they were written down.
	Thresholds *Thresholds `json:"thresholds,omitempty"`
	// SHA256 is Hash of the rest; the caller leaves it empty.
	SHA256 string `json:"sha256"`
}

// MarshalJSON writes null for what is not known.
func (id Identity) MarshalJSON() ([]byte, error) {
	known := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	var p any
	switch {
	case id.Preprocessing == (Preprocessing{}):
	case id.Preprocessing.Width == 0:
		p = struct { // labels that were made elsewhere, and merged here
			LabelMap string `json:"label_map,omitempty"`
		}{id.Preprocessing.LabelMap}
	default:
		p = id.Preprocessing
	}
	return json.Marshal(struct {
		Model         *string     `json:"model"`
		ModelSHA256   *string     `json:"model_sha256"`
		Provider      *string     `json:"provider"`
		Precision     *string     `json:"precision"`
		Preprocessing any         `json:"preprocessing"`
		ColorMatrix   *string     `json:"color_matrix"`
		Decoder       *string     `json:"decoder"`
		Runtime       *string     `json:"runtime"`
		Smoother      string      `json:"smoother,omitempty"`
		Thresholds    *Thresholds `json:"thresholds,omitempty"`
		SHA256        *string     `json:"sha256"`
	}{
		known(id.Model), known(id.ModelSHA256), known(id.Provider), known(id.Precision), p,
		known(id.ColorMatrix), known(id.Decoder), known(id.Runtime), id.Smoother, id.Thresholds, known(id.SHA256),
	})
}

// Preprocessing is what stands between a decoded frame and the network's
// input.
type Preprocessing struct {
	Width        int          `json:"width"`
	Height       int          `json:"height"`
	ShortSide    int          `json:"short_side"`
	Fit          frame.Fit    `json:"fit"`
	Filter       frame.Filter `json:"filter"`
	Order        string       `json:"order"`
	Mean         [3]float32   `json:"mean"`
	Scale        [3]float32   `json:"scale"`
	Region       string       `json:"region,omitempty"`
	Masked       bool         `json:"masked,omitempty"`
	Deinterlaced bool         `json:"deinterlaced,omitempty"`
	Stride       int          `json:"stride,omitempty"`
	LabelMap     string       `json:"label_map,omitempty"` // SHA-256 of the map
}

// Hash is the SHA-256 of the identity's canonical JSON: the fields in the
// order of the struct, without white space, sha256 empty.
func (id Identity) Hash() string {
	id.SHA256 = ""
	type plain Identity
	b, err := json.Marshal(plain(id))
	if err != nil {
		panic("BUG: identity can't be encoded: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// FPS are the speeds of one stream's stages in frames per second; 0 where a
// stage was not measured.
type FPS struct {
	Decode, Preprocess, Infer, Pipeline float64
}

// Detail is one line of "how it was measured".
type Detail struct {
	Name, Value string
}

// Rect is a part of a picture in fractions of its width and height. It may
// reach outside the picture (letterbox bars).
type Rect struct {
	X, Y, W, H float64
}

// CropOf is the part of a frame that the model sees through want, for frames
// of the given size in pixels: where the 32×32 cells of the change map lie.
func CropOf(want frame.Want, frameWidth, frameHeight int) Rect {
	fw, fh := float64(frameWidth), float64(frameHeight)
	ww, wh := float64(want.Width), float64(want.Height)
	if fw <= 0 || fh <= 0 || ww <= 0 || wh <= 0 {
		return Rect{W: 1, H: 1}
	}
	var scale float64
	switch want.Fit {
	case frame.FitCrop:
		scale = max(ww/fw, wh/fh)
		if want.ShortSide > 0 {
			scale = float64(want.ShortSide) / min(fw, fh)
		}
	case frame.FitLetterbox:
		scale = min(ww/fw, wh/fh)
	default:
		return Rect{W: 1, H: 1}
	}
	w, h := ww/(fw*scale), wh/(fh*scale)
	return Rect{X: (1 - w) / 2, Y: (1 - h) / 2, W: w, H: h}
}
