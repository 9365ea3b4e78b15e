package app

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/ingest/gocv"
)

// rebuild is what brings the parts that a pure Go build lacks.
const rebuild = "make build (it needs a C++ compiler and libopencv-dev; make setup installs them)"

// video says what decodes, and which codecs.
func (d *doctor) video() {
	const area = "video"
	l := gocv.Loaded()
	if l.OpenCV == "" {
		d.add(Check{Area: area, Name: "OpenCV", Status: StatusMissing, Detail: "this flipmeter was built without it: it reads tables, pictures and made-up footage, but no video", Mend: rebuild})
		return
	}
	d.add(Check{Area: area, Name: "OpenCV", Status: StatusOK, Version: l.OpenCV, Detail: "backends " + strings.Join(l.Backends, ", ")})
	if l.FFmpeg == "" {
		d.add(Check{Area: area, Name: "FFmpeg", Status: StatusMissing, Detail: "OpenCV was built without it", Mend: "install libopencv-dev of Debian or Ubuntu, or an OpenCV built with FFmpeg, and build again"})
		return
	}
	version, detail, _ := strings.Cut(l.FFmpeg, " (")
	d.add(Check{Area: area, Name: "FFmpeg", Status: StatusOK, Version: version, Detail: strings.TrimSuffix(detail, ")")})
	var decodes []string
	for _, c := range l.Codecs {
		if c.Decodes {
			decodes = append(decodes, c.Name)
			continue
		}
		d.add(Check{Area: area, Name: "codec " + c.Name, Status: StatusAbsent, Detail: "this FFmpeg has no decoder for it", Mend: "install an FFmpeg with " + strings.Join(c.Decoders, " or ")})
	}
	c := Check{Area: area, Name: "codecs", Status: StatusOK, Detail: strings.Join(decodes, ", ")}
	if len(l.Codecs) == 0 {
		c.Status, c.Detail = StatusAbsent, "not known before a file is opened: FFmpeg is a plugin of this OpenCV"
	}
	d.add(c)
}

// inference says which ONNX Runtime would be loaded, what it runs on, and
// what stands in the way of the rest.
func (d *doctor) inference(ctx context.Context) {
	const area = "inference"
	want := onnx.Accelerator(d.wanted.Accelerator)
	rt, err := onnx.Load(onnx.Config{Home: d.o.Home, Accelerator: want, Precision: d.wanted.Precision, Logger: d.log.With("component", "onnx")})
	if err != nil {
		c := Check{Area: area, Name: "ONNX Runtime", Status: StatusMissing, Detail: hint(err).Error(), Mend: "make setup"}
		if !gocv.Available {
			c.Mend = rebuild
		}
		d.add(c)
		return
	}
	defer func() {
		if err := rt.Close(); err != nil {
			d.log.Warn("unloading ONNX Runtime", "error", err)
		}
	}()
	d.add(Check{Area: area, Name: "ONNX Runtime", Status: StatusOK, Version: rt.Version(), Path: rt.Library()})
	for _, o := range rt.Survey() {
		c := Check{Area: area, Name: string(o.Accelerator), Status: StatusOK, Detail: orElse(strings.Join(o.Precisions, ", "), "the precision that a model is made in")}
		if o.Device != "" {
			c.Detail = o.Device + ", " + c.Detail
		}
		if o.Library != rt.Library() {
			c.Path = o.Library
		}
		if o.Missing != "" {
			c.Path = ""
			c.Status, c.Detail, c.Mend = StatusAbsent, o.Missing, o.Mend
			if o.Accelerator == want {
				c.Status = StatusMissing
			}
		} else if why := o.Refuses(d.wanted.Precision); o.Accelerator == want && why != "" {
			c.Status, c.Detail, c.Mend = StatusMissing, why, "ask for another precision"
		}
		d.add(c)
	}
	if d.model != "" {
		d.run(ctx, rt)
	}
}

// run opens the model as an analysis would, which runs one picture.
func (d *doctor) run(ctx context.Context, rt *onnx.Runtime) {
	c := Check{Area: "inference", Name: "a picture", Status: StatusOK}
	o := &d.wanted
	model, err := rt.Open(ctx, o.Hardware.config(d.o.Home, onnx.ModelConfig{
		Path: d.model, Sessions: 1, Accelerator: onnx.Accelerator(o.Accelerator), Precision: o.Precision,
	}))
	if err != nil {
		c.Status, c.Detail = StatusMissing, hint(err).Error()
		d.add(c)
		return
	}
	m := model.Model()
	c.Detail = fmt.Sprintf("went through %s on %s, %s", m.Name, m.ProviderWhy, m.Precision)
	if err := model.Close(); err != nil {
		d.log.Warn("closing the model", "error", err)
	}
	d.add(c)
}

// devices lists what the machine has that flipmeter could use.
func (d *doctor) devices(root fs.FS, m onnx.Machine) {
	const area = "devices"
	detail := fmt.Sprintf("%d of them", runtime.NumCPU())
	if len(m.Floats) > 0 {
		detail += ", compute in " + strings.Join(m.Floats, " and ")
	} else {
		detail += ", compute in nothing below fp32"
	}
	d.add(Check{Area: area, Name: "processors", Status: StatusOK, Version: m.Processor, Detail: detail})
	for _, g := range m.GPUs {
		d.add(Check{Area: area, Name: "GPU", Status: StatusOK, Version: g, Detail: orElse(m.Driver, "driver's version unknown")})
	}
	if len(m.GPUs) == 0 {
		d.add(Check{Area: area, Name: "GPU", Status: StatusAbsent, Detail: "none of NVIDIA's is to be seen"})
	}
	cameras, _ := fs.Glob(root, "dev/video*")
	for _, c := range cameras {
		d.add(Check{Area: area, Name: "camera", Status: StatusOK, Path: "/" + c})
	}
	if len(cameras) == 0 {
		d.add(Check{Area: area, Name: "camera", Status: StatusAbsent, Detail: "no /dev/video*"})
	}
}
