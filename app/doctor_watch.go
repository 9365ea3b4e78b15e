package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/ingest/messages/mqtt"
)

// watchArea is what the checks for cameras are listed under.
const watchArea = "watch"

// watch looks at what the cameras of the configuration need: their models,
// opened as they would be, and the brokers. It opens no camera.
func (d *doctor) watch(ctx context.Context) {
	if d.cameras == nil {
		return
	}
	d.cameraModels(ctx)
	w := &d.cameras.Watch
	if n := w.NATS; n.URL != "" && n.URL != configs.Embedded {
		cfg := brokerConfig(n.NATS)
		cfg.URL = n.URL
		d.broker(ctx, watchArea, "NATS broker", "start the server, or set watch.nats.url to embedded", cfg)
	}
	if w.MQTT.URL != "" {
		d.mqtt(ctx)
	}
}

// cameraModels opens each of the cameras' models once, which runs a picture.
func (d *doctor) cameraModels(ctx context.Context) {
	users := map[configs.Model]int{}
	var order []configs.Model
	for i := range d.cameras.Cameras {
		cam := &d.cameras.Cameras[i]
		if _, _, elsewhere := cam.InMessages(); elsewhere {
			continue
		}
		if users[cam.Settings.Model] == 0 {
			order = append(order, cam.Settings.Model)
		}
		users[cam.Settings.Model]++
	}
	open := openModel(d.o.Home, d.log)
	for _, m := range order {
		c := Check{Area: watchArea, Name: "model " + m.Name, Status: StatusOK}
		if m.Name == "" {
			c.Name = "the cameras' model"
		}
		of := many(users[m], "camera")
		m.Sessions = 1
		model, err := open(ctx, m)
		if err != nil {
			c.Status, c.Detail, c.Mend = StatusMissing, "of "+of+": "+hint(err).Error(), "change the section model of these cameras; flipmeter models list says what there is"
			d.add(c)
			continue
		}
		info := model.Model()
		c.Detail = fmt.Sprintf("of %s: a picture went through %s on %s, %s", of, info.Name, orElse(info.ProviderWhy, info.Provider), info.Precision)
		if err := model.Close(); err != nil {
			d.log.Warn("closing the model", "error", err)
		}
		d.add(c)
	}
}

// mqtt listens to what the first camera that hears of the MQTT broker hears.
func (d *doctor) mqtt(ctx context.Context) {
	m := d.cameras.Watch.MQTT
	topic := "flipmeter/doctor" // where none does
	for i := range d.cameras.Cameras {
		if prefix, t, ok := heardAt(&d.cameras.Cameras[i], d.cameras.Watch.NATS.Site); ok && prefix == configs.MQTTPrefix {
			topic = t
			break
		}
	}
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	answered := false
	err := mqtt.Listen(ctx, mqttConfig(&m), mqtt.Inbound{
		Topic: topic, Deliver: func(string, []byte, bool) {},
		Up: func() { answered = true; cancel() },
	})
	c := Check{Area: watchArea, Name: "MQTT broker", Status: StatusOK}
	if clean, _, _, err := mqtt.ParseURL(m.URL); err == nil {
		c.Detail = clean[strings.Index(clean, "://")+3:]
	}
	if !answered {
		c.Status, c.Detail, c.Mend = StatusMissing, "it does not answer", "start the broker, or change watch.mqtt"
		if err != nil {
			c.Detail = hint(err).Error()
		}
	}
	d.add(c)
}
