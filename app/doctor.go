package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/infer/onnx"
)

// DoctorOptions are the options of flipmeter doctor.
type DoctorOptions struct {
	Home   string // empty: Home()
	Config string // configuration file whose models, accelerators and brokers are looked at; empty: the defaults
	NATS   string // URL of a broker to try; empty: the configuration's
	JSON   bool
	Tool   string // program name and version
	Logger *slog.Logger
	// Environ holds variables as NAME=value, which change what the file says
	// of watch and cameras.
	Environ []string
}

// Findings is everything that Doctor found.
type Findings struct {
	Schema string  `json:"schema"` // flipmeter.doctor/v1
	Tool   string  `json:"tool"`
	Go     string  `json:"go"`
	OS     string  `json:"os"`
	Arch   string  `json:"arch"`
	Home   string  `json:"home"`
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
}

// Status says what a check came to.
type Status string

// Missing is what an analysis with these options can't do without. Absent is
// what could be there and needn't.
const (
	StatusOK      Status = "ok"
	StatusMissing Status = "missing"
	StatusAbsent  Status = "absent"
)

// Check is one thing that was looked for.
type Check struct {
	Area    string `json:"area"` // video, inference, models, nats, watch, devices
	Name    string `json:"name"`
	Status  Status `json:"status"`
	Version string `json:"version,omitempty"`
	Path    string `json:"path,omitempty"`
	// Detail is a sentence for people: what it is, or what exactly is
	// missing.
	Detail string `json:"detail,omitempty"`
	// Mend is the command, or the deed, that brings what is missing.
	Mend string `json:"mend,omitempty"`
}

// doctor collects findings.
type doctor struct {
	o       DoctorOptions
	log     *slog.Logger
	wanted  AnalyzeOptions  // what the configuration asks for
	cameras *configs.Config // what watch would do; nil: there are no cameras
	model   string          // file of the model that would run, empty if there is none
	Findings
}

// Doctor looks for everything that flipmeter uses and says what it found,
// what is missing, and what brings it. Its error says that something needed
// is missing.
func Doctor(ctx context.Context, o DoctorOptions, streams Streams) error {
	d := &doctor{o: o, log: o.Logger, wanted: DefaultAnalyzeOptions()}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if o.Home == "" {
		home, err := Home()
		if err != nil {
			return err
		}
		d.o.Home = home
	}
	if o.Config != "" {
		var err error
		if d.wanted, err = OptionsFromConfig(o.Config); err != nil {
			return err
		}
		if d.cameras, err = camerasOf(o.Config, o.Environ); err != nil {
			return err
		}
	}
	if o.NATS != "" {
		d.wanted.NATS = o.NATS
	}
	d.Findings = Findings{Schema: "flipmeter.doctor/v1", Tool: o.Tool, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Home: d.o.Home, OK: true}
	d.video()
	d.models()
	d.inference(ctx)
	d.nats(ctx)
	d.watch(ctx)
	d.devices(os.DirFS("/"), onnx.ThisMachine())
	if ctx.Err() != nil {
		return fmt.Errorf("%w: the examination was not finished", ErrInterrupted)
	}
	var err error
	if o.JSON {
		err = d.writeJSON(streams.Out)
	} else {
		err = d.writeText(streams.Out)
	}
	if err != nil {
		return err
	}
	return d.verdict()
}

func (d *doctor) add(c Check) {
	if c.Status == StatusMissing {
		d.OK = false
	}
	d.Checks = append(d.Checks, c)
}

// verdict is an error where something needed is missing.
func (d *doctor) verdict() error {
	var names []string
	for _, c := range d.Checks {
		if c.Status == StatusMissing {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("missing: %s (what brings it stands beside it)", strings.Join(names, ", "))
}

func (d *doctor) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d.Findings)
}

func (d *doctor) writeText(w io.Writer) error {
	fmt.Fprintf(w, "%s (%s, %s/%s), folder %s\n", printable(d.Tool), d.Go, d.OS, d.Arch, printable(d.Home))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	area := ""
	for _, c := range d.Checks {
		if c.Area != area {
			area = c.Area
			fmt.Fprintf(t, "\n%s\n", area)
		}
		var parts []string
		for _, p := range []string{c.Version, c.Detail, c.Path} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		mark := map[Status]string{StatusOK: "ok", StatusMissing: "MISSING", StatusAbsent: "-"}[c.Status]
		fmt.Fprintf(t, "  %s\t%s\t%s\n", mark, printable(c.Name), printable(strings.Join(parts, ", ")))
		if c.Mend != "" {
			fmt.Fprintf(t, "  \t\t→ %s\n", printable(c.Mend))
		}
	}
	return t.Flush()
}

// natsTimeout bounds the look at a broker.
const natsTimeout = 5 * time.Second

// nats says which server is inside, and whether the one that is asked for
// answers.
func (d *doctor) nats(ctx context.Context) {
	const area = "nats"
	d.add(Check{Area: area, Name: "embedded server", Status: StatusOK, Version: bus.EmbeddedVersion})
	if d.wanted.NATS == "" || d.wanted.NATS == embeddedNATS {
		return
	}
	cfg := d.wanted.Broker
	cfg.URL = d.wanted.NATS
	d.broker(ctx, area, "broker", "start the server, or use --nats embedded", cfg)
}

// broker says whether a NATS server answers and keeps what it is sent.
func (d *doctor) broker(ctx context.Context, area, name, mend string, cfg bus.Config) {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	conn, err := bus.Connect(ctx, cfg, d.log.With("component", "bus"))
	if err != nil {
		d.add(Check{Area: area, Name: name, Status: StatusMissing, Detail: hint(err).Error(), Mend: mend})
		return
	}
	c := Check{Area: area, Name: name, Status: StatusOK, Version: conn.NATS().ConnectedServerVersion(), Detail: conn.Host()}
	if err := conn.JetStream(ctx); err != nil {
		c.Status, c.Detail = StatusMissing, conn.Host()+" has no JetStream for this user: "+hint(err).Error()
		c.Mend = "start nats-server with -js, and allow it to this user"
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := conn.Close(closing); err != nil {
		d.log.Warn("closing the NATS connection", "error", err)
	}
	d.add(c)
}

// models says which networks are installed, and whether the one that would
// run is.
func (d *doctor) models() {
	const area = "models"
	s, err := store(d.o.Home)
	if err != nil {
		d.add(Check{Area: area, Name: "models", Status: StatusMissing, Detail: hint(err).Error()})
		return
	}
	installed, err := s.List()
	if err != nil {
		d.add(Check{Area: area, Name: "models", Status: StatusMissing, Detail: hint(err).Error()})
	}
	path, why, err := findModel(d.o.Home, d.wanted.Model)
	switch {
	case err == nil:
		d.model = path
		d.add(Check{Area: area, Name: "model that runs", Status: StatusOK, Path: path, Detail: strings.TrimPrefix(why, "model ")})
	case d.wanted.Model == "":
		c := Check{Area: area, Name: "a model", Status: StatusMissing, Detail: "none is in " + filepath.Join(d.o.Home, "models"), Mend: "flipmeter models pull " + preferredModels[0]}
		if d.cameras != nil { // theirs are looked at
			c.Status, c.Detail = StatusAbsent, "for analyze: "+c.Detail
		}
		d.add(c)
	default:
		d.add(Check{Area: area, Name: "model " + d.wanted.Model, Status: StatusMissing, Detail: hint(err).Error(), Mend: "flipmeter models list says what there is"})
	}
	has := make(map[string]bool)
	for _, m := range installed {
		has[m.Name] = true
		c := Check{Area: area, Name: m.Name, Status: StatusOK, Detail: megabytes(m.Bytes)}
		if m.Record != nil && m.Record.RandomWeights != "" {
			c.Detail += ", random weights: for measuring speed only"
		}
		d.add(c)
	}
	if name := preferredModels[0]; !has[name] {
		d.add(Check{Area: area, Name: name, Status: StatusAbsent, Detail: "the reference model is not installed", Mend: "flipmeter models pull " + name})
	}
}

// orElse is the text, or another where it is empty.
func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
