package configs

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/infer/sidecar"
	"github.com/flipmeter/flipmeter/internal/strictyaml"
	"github.com/flipmeter/flipmeter/stability"
)

// Analyze are the defaults of flipmeter analyze.
type Analyze struct {
	Out         string   `yaml:"out" doc:"Folder that the report, the summary and the tables are written into."`
	Tables      string   `yaml:"tables" enum:"parquet|csv|jsonl|none" doc:"Format of the tables of frames and flips: parquet, csv, jsonl or none. Parquet is the smallest, csv opens in a spreadsheet."`
	Trace       []string `yaml:"trace" doc:"Classes whose probability is drawn over time, by label, number or WordNet id. None: the leading ones."`
	LabelMap    string   `yaml:"label_map" doc:"File that says which labels are merged, and which ignored. Empty: none. Results with different ones can't be compared."`
	FailOn      []string `yaml:"fail_on" doc:"Conditions that a run must not meet; it exits with 3 if one holds, or if its measure is unknown.\n  fail_on: [unexplained_fraction>0.02, flip_fraction.low>0.1]"`
	MinCoverage float64  `yaml:"min_coverage" min:"0" max:"1" doc:"Share of its time, 0 to 1, that every stream must be covered for by pairs of neighbouring frames; a run exits with 3 below it. 0: any."`

	Explain bool `yaml:"explain" doc:"Read the footage once more and see whether the labels around flips survive one pixel. It looks at up to 60 flips of a stream, eleven answers a frame."`
	TTA     int  `yaml:"tta" min:"0" max:"2025" doc:"Average every answer over so many shifted copies of the frame, at as many times the cost. 0 and 1: no. Part of a result's identity."`

	Model     Model         `yaml:"model" doc:"The classifier, and how it is run."`
	Picture   Picture       `yaml:"picture" doc:"What the classifier sees of a frame."`
	Measures  Measures      `yaml:"measures" doc:"Thresholds of the measures. Results with different ones can't be compared."`
	Smoothing Smoothing     `yaml:"smoothing" doc:"What smoothing would leave of the flips."`
	Truth     Truth         `yaml:"truth" doc:"How labels are held against a truth; which one belongs to a run."`
	NATS      NATS          `yaml:"nats" doc:"Publishing over NATS."`
	Alerts    []alerts.Rule `yaml:"alerts" doc:"Alert rules over windowed measures. A rule fires when its condition has held for some time, and is resolved when the value has been clear for keep_firing_for.\n  alerts:\n    - name: FlickerHigh\n      metric: unexplained_fraction\n      window: 1m\n      fire_above: 0.05\n      clear_below: 0.02\n      for: 30s\n      keep_firing_for: 2m\n      min_pairs: 200\n      severity: warning"`
}

// Model says which classifier runs, and how.
type Model struct {
	Name        string `yaml:"name" doc:"Name of an installed model, or an ONNX file. Empty: the best that is installed."`
	Accelerator string `yaml:"accelerator" enum:"auto|cpu|openvino|cuda|tensorrt" doc:"What the model runs on: auto, cpu, openvino, cuda or tensorrt. Part of a result's identity."`
	Precision   string `yaml:"precision" doc:"Precision in place of the accelerator's default, such as fp32 or bf16. Less than fp32 is faster and changes some labels."`
	Sessions    int    `yaml:"sessions" min:"0" max:"1024" doc:"Runs of the network at once. More need more memory, and don't help beyond the default: 0 is one more than processors where a run is one thread on them, as many as there are processors for their threads with OpenVINO, and two batches on a GPU."`
	Threads     int    `yaml:"threads" min:"0" max:"1024" doc:"Threads of each run on a processor. One, which 0 stands for, gives the most frames a second; more give each frame its answer sooner."`

	Device      int              `yaml:"device" min:"0" max:"255" doc:"Number of the GPU, as nvidia-smi counts, for cuda and tensorrt."`
	MemoryLimit strictyaml.Bytes `yaml:"memory_limit" min:"0B" doc:"Memory of the GPU that cuda may take. 0B: all that it wants. Too little ends the run with an error."`
	EngineCache string           `yaml:"engine_cache" doc:"Folder in which tensorrt keeps the engines that it builds from a model, so that only the first start takes long. Empty: engines in flipmeter's folder."`
	Batch       int              `yaml:"batch" min:"0" max:"1024" doc:"Frames of a run on a GPU. Every run has this size, so that an answer does not depend on the frames beside it: larger is faster for many streams, and wasted on few. 0 is 8."`
	BatchDelay  time.Duration    `yaml:"batch_delay" min:"0s" doc:"How long the first frame of a batch waits for the others. Longer fills batches, and is added to the delay of a live picture."`

	Resize string `yaml:"resize" enum:"|area|cubic|lanczos|linear|nearest|pillow-bicubic|pillow-bilinear|pillow-box|pillow-lanczos|pillow-nearest|tf1-align-corners|tf1-bilinear|tf2-area|tf2-bicubic|tf2-bilinear|tf2-bilinear-antialias|tf2-nearest|torch-bilinear|torch-bilinear-antialias" doc:"Resize filter in place of the model's own: nearest, linear, area, cubic and lanczos are OpenCV's, other libraries' are called pillow-bicubic, tf2-area and so on (docs/probe.md). It changes results more than most things: linear without anti-aliasing alone can multiply the flips. Empty: as the model says."`
	Fit    string `yaml:"fit" enum:"|crop|squash|letterbox" doc:"How a frame is fitted to the model's input: crop (the centre), squash (aspect ignored) or letterbox (bars). Empty: as the model says."`

	Preprocess string `yaml:"preprocess" enum:"|bytes|caffe|imagenet|inception|lite|unit" doc:"What is done to pixels before a model sees them that does not say so itself: imagenet, inception, caffe, lite, unit (0 to 1) or bytes (0 to 255). See docs/models.md."`
	InputSize  string `yaml:"input_size" doc:"Size of the input of a model that takes any: \"224\", or 320x240 (width, height)."`
	Layout     string `yaml:"layout" enum:"|nchw|nhwc" doc:"Order of the input's dimensions of a model that leaves it open: nchw or nhwc."`
	Emits      string `yaml:"emits" enum:"|logits|probabilities" doc:"What the scores of a model are that does not say it: logits or probabilities. Empty: the first frame decides."`
	Labels     string `yaml:"labels" doc:"File with the names of the model's classes, one a line, in place of those in the model."`
}

// Validate checks the form of the size.
func (m *Model) Validate() error {
	if _, _, err := sidecar.ParseSize(m.InputSize); err != nil {
		return fmt.Errorf("input_size: %w", err)
	}
	return nil
}

// Picture says what is looked at.
type Picture struct {
	ColorMatrix string  `yaml:"color_matrix" enum:"auto|bt601|bt709" doc:"Matrix that colours are decoded with: auto (by the stream's tag, else by its height), bt601 or bt709. The wrong one shifts greens by some ten levels."`
	Deinterlace string  `yaml:"deinterlace" enum:"off|auto|on" doc:"Treat interlaced footage: off, auto (where it is interlaced) or on. Combing flickers, but treatment softens every frame."`
	Region      string  `yaml:"roi" doc:"Part that is looked at, as x,y,w,h in pixels of the frame. Empty: all."`
	Mask        string  `yaml:"mask" doc:"Picture file: where it is black, frames are blacked out before anything sees them."`
	Stride      int     `yaml:"stride" min:"1" max:"100000" doc:"Take every n-th frame. Faster, but neighbours are then further apart: rates of different strides can't be compared."`
	FPS         float64 `yaml:"fps" above:"0" max:"1000" doc:"Frames a second of folders of pictures, which have no times of their own."`
	Cuts        string  `yaml:"cuts" enum:"adaptive|content|off" doc:"How scene cuts are found, over which nothing is a flip: adaptive (looks two frames ahead), content (decides at once) or off."`
}

// Measures are the thresholds of package stability.
type Measures struct {
	MinScore  float64         `yaml:"min_score" min:"0" max:"1" doc:"Score, 0 to 1, from which a frame counts as decided. Higher leaves out more frames in which the network hardly knew."`
	DwellMin  time.Duration   `yaml:"dwell_min" above:"0s" doc:"How long a label must be held, in at least three frames, to count as held. Longer makes transitions rarer and churn more frequent."`
	GlitchMax time.Duration   `yaml:"glitch_max" above:"0s" doc:"How long a label may leave and come back to be a glitch; below dwell_min. Longer takes short real events for glitches."`
	NearCut   time.Duration   `yaml:"near_cut" min:"0s" doc:"Distance to a scene cut within which a flip is explained by it."`
	MinScene  time.Duration   `yaml:"min_scene" min:"0s" doc:"Shortest scene that the counter of cuts knows; changes no pairs."`
	Windows   []time.Duration `yaml:"windows" above:"0s" doc:"Widths of the windowed measures. Wider ones are calmer and later. None: one, by the length of the footage."`
	Resamples int             `yaml:"resamples" min:"100" max:"100000" doc:"How often the bootstrap draws for the intervals. More is smoother and slower."`
	Seed      uint64          `yaml:"seed" doc:"Seed of the bootstrap: the same footage with the same seed has the same intervals."`
}

// NATS says where and what to publish.
type NATS struct {
	URL      string `yaml:"url" secret:"url" doc:"Empty: nothing is published. embedded: a server in the process. Else nats://, tls://, ws:// or wss:// addresses, separated by commas; better no credentials in them but in the keys below."`
	Site     string `yaml:"site" doc:"Site in subjects and messages; tells installations apart that share a broker."`
	Pictures bool   `yaml:"pictures" doc:"Publish the pictures before and after each flip, too. Pictures of people are personal data."`

	CredsFile    string `yaml:"creds_file" doc:"File with a JWT and its key, as made by nsc."`
	NKeyFile     string `yaml:"nkey_file" doc:"File with the seed of an nkey."`
	User         string `yaml:"user" doc:"User name, with password."`
	Password     string `yaml:"password" secret:"true" doc:"Password of the user."`
	Token        string `yaml:"token" secret:"true" doc:"Token, in place of a user."`
	PasswordFile string `yaml:"password_file" doc:"File that holds the password, in its place."`
	TokenFile    string `yaml:"token_file" doc:"File that holds the token, in its place."`

	CAFile   string `yaml:"ca_file" doc:"PEM file of the authority that signed the broker's certificate. Empty: the system's authorities."`
	CertFile string `yaml:"cert_file" doc:"PEM file of the client's certificate, with key_file."`
	KeyFile  string `yaml:"key_file" doc:"PEM file of the client's key."`

	MaxAge          time.Duration    `yaml:"max_age" above:"0s" doc:"How long flips, windows, states and alerts are kept."`
	MaxBytes        strictyaml.Bytes `yaml:"max_bytes" min:"1MiB" doc:"How much of them is kept; the oldest give way."`
	PictureMaxAge   time.Duration    `yaml:"picture_max_age" above:"0s" doc:"How long pictures are kept."`
	PictureMaxBytes strictyaml.Bytes `yaml:"picture_max_bytes" min:"1MiB" doc:"How much of them is kept; the oldest give way."`
}

// Validate checks what single keys don't tell.
func (a *Analyze) Validate() error {
	errs := conditions(a.FailOn)
	names := map[string]bool{}
	for i := range a.Alerts {
		name := a.Alerts[i].Name
		if names[name] {
			errs = append(errs, fmt.Errorf("alerts[%d].name: another rule is called %s", i, name))
		}
		names[name] = true
	}
	return errors.Join(errs...)
}

// Validate checks the form of the region.
func (p *Picture) Validate() error {
	if p.Region == "" {
		return nil
	}
	var x, y, w, h int
	var rest string
	n, _ := fmt.Sscanf(p.Region+" .", "%d,%d,%d,%d %s", &x, &y, &w, &h, &rest)
	if n != 5 || rest != "." || x < 0 || y < 0 || w <= 0 || h <= 0 {
		return fmt.Errorf("roi: must be x,y,w,h in pixels, as 100,50,640,480, got %q", p.Region)
	}
	return nil
}

// Validate checks the thresholds together.
func (m *Measures) Validate() error {
	return m.Stability().Validate()
}

// Stability are the tracker's thresholds. Windows is empty where the width
// goes by the length of the footage.
func (m *Measures) Stability() stability.Config {
	cfg := stability.DefaultConfig()
	cfg.MinScore, cfg.DwellMin, cfg.GlitchMax = m.MinScore, m.DwellMin, m.GlitchMax
	cfg.NearCut, cfg.MinSceneGap, cfg.Windows = m.NearCut, m.MinScene, m.Windows
	cfg.Resamples, cfg.Seed = m.Resamples, m.Seed
	return cfg
}

// Validate checks the addresses, without quoting credentials, and what goes
// together.
func (n *NATS) Validate() error {
	var errs []error
	check := func(ok bool, text string) {
		if !ok {
			errs = append(errs, errors.New(text))
		}
	}
	if n.URL != "" && n.URL != Embedded {
		for _, part := range strings.Split(n.URL, ",") {
			u, err := url.Parse(strings.TrimSpace(part))
			ok := err == nil && u.Hostname() != ""
			if ok {
				switch u.Scheme {
				case "nats", "tls", "ws", "wss":
				default:
					ok = false
				}
			}
			check(ok, "url: must be embedded, or addresses as nats://host:4222")
		}
	}
	check(n.Site != "", "site: must not be empty")
	check((n.User == "") == (n.Password == "" && n.PasswordFile == ""), "user: goes with password")
	check(n.Password == "" || n.PasswordFile == "", "password_file: is in place of password, give one of them")
	check(n.Token == "" || n.TokenFile == "", "token_file: is in place of token, give one of them")
	check(n.Token == "" && n.TokenFile == "" || n.User == "", "token: is in place of user and password, give one of them")
	check((n.CertFile == "") == (n.KeyFile == ""), "cert_file: goes with key_file")
	return errors.Join(errs...)
}

// Embedded as NATS.URL starts a server in the process.
const Embedded = "embedded"
