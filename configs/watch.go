package configs

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
	"unicode"

	"github.com/flipmeter/flipmeter/ingest"
)

// Watch are the settings of the process that follows cameras.
type Watch struct {
	Data     string        `yaml:"data" doc:"Folder for what must outlast a restart: the messages of the embedded NATS server, what fires, the history, and what was read of folders."`
	Sessions int           `yaml:"sessions" min:"0" max:"1024" doc:"Frames that each model classifies at once, for all its cameras together; 0 is one more than processors."`
	Shutdown time.Duration `yaml:"shutdown" above:"0s" max:"10m" doc:"How long an orderly end may take: this long for the cameras, and as long again to send what is left. Longer, and it is given up. A camera that is paused, changed or taken out has as long to end; it is then left to itself."`
	Reload   time.Duration `yaml:"reload" min:"0s" doc:"How often to look whether this file has changed. A changed file is read and applied like one after SIGHUP; 0s looks never."`
	DecodeAs string        `yaml:"decode_as" doc:"User that the decoding processes run as, by name or number. Changing the user needs root. Empty: the same user."`

	Web     Web       `yaml:"web" doc:"HTTP server: dashboard, API, Prometheus and health checks."`
	NATS    WatchNATS `yaml:"nats" doc:"Publishing over NATS."`
	MQTT    MQTT      `yaml:"mqtt" doc:"Where cameras with mqtt: addresses hear their labels."`
	Alerts  Alerting  `yaml:"alerts" doc:"What is an alert, and who is told."`
	History History   `yaml:"history" doc:"What is kept of the past for the dashboard."`
}

// Web is the HTTP server.
type Web struct {
	Listen    string `yaml:"listen" doc:"Address as host:port; an empty one turns it off. Anything but this machine needs users or a token."`
	Token     string `yaml:"token" secret:"true" doc:"What clients must show as Authorization: Bearer; /healthz and /readyz need none. Empty: nothing."`
	TokenFile string `yaml:"token_file" doc:"File that holds the token, in its place."`
	CertFile  string `yaml:"cert_file" doc:"PEM file of a certificate, with key_file: turns TLS on."`
	KeyFile   string `yaml:"key_file" doc:"PEM file of the certificate's key."`

	Users    []User   `yaml:"users" doc:"Who may look at the dashboard and use the API. None, and no token: whoever reaches the address, which must be of this machine then, is an admin."`
	Hosts    []string `yaml:"hosts" doc:"Names under which browsers reach the server, beside localhost and numeric addresses. Needed for names where there are no users; where there are, an empty list takes any."`
	Proxies  []string `yaml:"proxies" doc:"Addresses of reverse proxies, whose word on where a request comes from is taken, as 10.0.0.0/8."`
	PageURL  string   `yaml:"page_url" doc:"Address of the dashboard as others see it, for links in alerts."`
	Pictures bool     `yaml:"pictures" doc:"Show pictures. Pictures of people are personal data: false keeps none."`

	MayAddCameras bool `yaml:"may_add_cameras" doc:"Let admins add cameras over the API, with the settings of defaults, and remove those again. They last until the program ends."`
}

// defaultListen is where the embedded NATS server listens. Without one it says
// nothing: nobody has to take it back who names a server of his own.
const defaultListen = "127.0.0.1:4222"

// WatchNATS is NATS of a process that runs for long.
type WatchNATS struct {
	NATS   `yaml:",inline"`
	Listen string `yaml:"listen" doc:"Address of the embedded server for other programs, as host:port. Empty: this process only. Anything but this machine needs a token or a user."`
}

// Camera is one source that is followed.
type Camera struct {
	Name     string `yaml:"name" required:"true" doc:"Name in subjects, metrics and alerts, of at most 80 bytes."`
	URL      string `yaml:"url" secret:"url" doc:"rtsp://, rtsps://, http://, https://, camera:0, /dev/video0 or a link to it under /dev/v4l, a video file, or synth:…; nats:SUBJECT or mqtt:TOPIC for labels that a classifier elsewhere gives; better no credentials in it."`
	URLFile  string `yaml:"url_file" doc:"File that holds the URL, in its place."`
	SubURL   string `yaml:"substream" secret:"url" doc:"Address of the camera's smaller stream. If it is given, it is the one that is looked at: decoding costs by the pixel, and networks see a small picture anyway."`
	User     string `yaml:"user" doc:"User that the camera wants."`
	Password string `yaml:"password" secret:"true" doc:"Password that the camera wants."`

	PasswordFile string         `yaml:"password_file" doc:"File that holds the password, in its place."`
	Settings     CameraSettings `yaml:",inline"`
}

// AtEndWait is the AtEnd of folders that are being filled.
const AtEndWait = "wait"

// CameraSettings are what cameras may share.
type CameraSettings struct {
	Model    Model    `yaml:"model" doc:"The classifier. Cameras with the same model share it."`
	Measures Measures `yaml:"measures" doc:"Thresholds of the measures, and the widths of the windows."`

	LabelMap string `yaml:"label_map" doc:"File that says which labels are merged, and which ignored, before anything is counted; read when the camera begins. Empty: none. See docs/labelmap.md."`

	Messages Messages `yaml:"messages" doc:"How messages are read, where url is nats:SUBJECT or mqtt:TOPIC and labels come from elsewhere: no model runs, and of the keys below none but those in here counts. nats: and mqtt: alone stand for flipmeter.in.v1.SITE.CAMERA and flipmeter/in/v1/SITE/CAMERA. The defaults read {label, score, track, seq, time, top}, of which only label must be there. See docs/messages.md."`

	Trace       []string `yaml:"trace" doc:"Classes whose probability every published observation carries, by label, number or WordNet id, after the label map."`
	FPS         float64  `yaml:"fps" min:"0" max:"1000" doc:"Frames a second that are looked at; 0 is all. Fewer cost less, and neighbours are further apart."`
	Stride      int      `yaml:"stride" min:"1" max:"100000" doc:"Look at every n-th frame."`
	ColorMatrix string   `yaml:"color_matrix" enum:"auto|bt601|bt709" doc:"Matrix that colours are decoded with: auto (BT.709 from 720 lines up), bt601 or bt709."`
	Deinterlace string   `yaml:"deinterlace" enum:"off|auto|on" doc:"Treat interlaced pictures; auto knows files only."`
	Region      string   `yaml:"roi" doc:"Part that is looked at, as x,y,w,h in pixels of the frame. Empty: all."`
	Mask        string   `yaml:"mask" doc:"Picture file: where it is black, frames are blacked out before anything sees them."`
	Cuts        string   `yaml:"cuts" enum:"adaptive|content|off" doc:"How scene cuts are found, over which nothing is a flip: content (decides at once), adaptive (looks two frames ahead, so that every event comes two frames later) or off. A camera that doesn't move has none."`

	Transport string        `yaml:"transport" enum:"tcp|udp" doc:"How RTSP streams travel. UDP loses packets, which show as damaged pictures."`
	Hardware  bool          `yaml:"hardware" doc:"Decode on the graphics card where OpenCV can."`
	Keyframes bool          `yaml:"keyframes" doc:"Decode only the keyframes of a stream, which is far cheaper; fps and stride choose among those. Neighbours are then as far apart as keyframes are: stall_after and read_timeout must be longer than that. See docs/sizing.md."`
	Capture   Capture       `yaml:"capture" doc:"What a camera of this machine is asked for. See docs/watch.md."`
	AtEnd     string        `yaml:"at_end" enum:"loop|stop|wait" doc:"What follows the end of a file: loop begins it again, stop leaves it. wait is for folders that are being filled: pictures and clips are taken as they appear, in the order of their names, none before it is whole (see settled)."`
	Settled   time.Duration `yaml:"settled" min:"0s" max:"1h" doc:"With at_end: wait, how long a file must not have changed before it is read. 0s is for files that are moved into the folder when they are whole."`

	Speed string `yaml:"speed" enum:"real|max" doc:"How fast a file is read: real as it plays, max as it can be."`

	Queue     string `yaml:"queue" enum:"auto|drop_oldest|block" doc:"What happens to frames when classification is slower than they come: drop_oldest lets go of the oldest and counts it, block lets the source wait. auto: drop_oldest, and block for files read at max speed."`
	QueueSize int    `yaml:"queue_size" min:"1" max:"1000" doc:"Frames that may wait. More are later, not more complete."`

	OpenTimeout time.Duration `yaml:"open_timeout" above:"0s" doc:"How long a source may take to open."`
	ReadTimeout time.Duration `yaml:"read_timeout" above:"0s" doc:"Silence after which a source is given up and opened anew."`
	StallAfter  time.Duration `yaml:"stall_after" min:"0s" doc:"Silence after which a camera counts as stalled; 0s never."`
	FrozenAfter time.Duration `yaml:"frozen_after" min:"0s" doc:"How long the picture may be the same, bit by bit, before the camera counts as frozen; 0s never."`
}

// Validate checks what single keys don't tell.
func (c *Config) Validate() error {
	var errs []error
	names := map[string]bool{}
	for i := range c.Cameras {
		name := c.Cameras[i].Name
		if names[name] {
			errs = append(errs, fmt.Errorf("cameras[%d].name: another camera is called %s", i, name))
		}
		names[name] = true
	}
	if err := c.CheckBrokers(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Validate checks the address of the embedded server.
func (n *WatchNATS) Validate() error {
	var errs []error
	if err := n.NATS.Validate(); err != nil {
		errs = append(errs, err)
	}
	if err := checkListen(n.Listen); err != nil {
		errs = append(errs, fmt.Errorf("listen: %w", err))
	} else if n.Listen != "" && !loopback(n.Listen) && n.Token == "" && n.TokenFile == "" && n.User == "" {
		errs = append(errs, errors.New("listen: open to other machines: give a token, or a user with a password, or listen on 127.0.0.1"))
	}
	if n.Listen != "" && n.Listen != defaultListen && n.URL != Embedded {
		errs = append(errs, errors.New("listen: is of the embedded server: leave it out, or set url to embedded"))
	}
	return errors.Join(errs...)
}

// Validate checks the address, and that nobody else's machine gets in without
// a token.
func (w *Web) Validate() error {
	var errs []error
	if err := checkListen(w.Listen); err != nil {
		errs = append(errs, fmt.Errorf("listen: %w", err))
	} else if w.Listen != "" && !loopback(w.Listen) && w.Token == "" && w.TokenFile == "" && len(w.Users) == 0 {
		errs = append(errs, errors.New("listen: open to other machines: give users or a token, or listen on 127.0.0.1"))
	}
	if err := w.checkUsers(); err != nil {
		errs = append(errs, err)
	}
	if (w.CertFile == "") != (w.KeyFile == "") {
		errs = append(errs, errors.New("cert_file: goes with key_file"))
	}
	if w.Token != "" && w.TokenFile != "" {
		errs = append(errs, errors.New("token_file: is in place of token, give one of them"))
	}
	return errors.Join(errs...)
}

func checkListen(address string) error {
	if address == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("must be host:port, as 127.0.0.1:8377, got %q", address)
	}
	return nil
}

func loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Validate checks the address and what goes together.
func (c *Camera) Validate() error {
	var errs []error
	if err := checkName(c.Name); err != nil {
		errs = append(errs, fmt.Errorf("name: %w", err))
	}
	if (c.URL == "") == (c.URLFile == "") {
		errs = append(errs, errors.New("url: either this or url_file must be given"))
	}
	if c.Password != "" && c.PasswordFile != "" {
		errs = append(errs, errors.New("password_file: is in place of password, give one of them"))
	}
	if (c.Password != "" || c.PasswordFile != "") && c.User == "" {
		errs = append(errs, errors.New("password: goes with user"))
	}
	if c.URL != "" && c.Settings.Capture != (Capture{}) && !ingest.IsCamera(c.URL) {
		errs = append(errs, errors.New("capture: is for cameras of this machine, as camera:0; a network camera has its own settings"))
	}
	if _, _, ok := c.InMessages(); ok {
		if err := c.checkTopic(); err != nil {
			errs = append(errs, err)
		}
	} else if err := checkAddress(c.URL); err != nil {
		errs = append(errs, fmt.Errorf("url: %w", err))
	}
	if err := checkAddress(c.SubURL); err != nil {
		errs = append(errs, fmt.Errorf("substream: %w", err))
	}
	return errors.Join(append(errs, c.Settings.Validate())...)
}

// maxName bounds the name of a camera, in bytes. The history has a folder of
// that name, three letters for each byte, and file systems allow 255.
const maxName = 80

// checkName says what is wrong with the name of a camera: any script will do,
// but it must be possible to tell two names apart by looking at them.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("must not be empty")
	case len(name) > maxName:
		return fmt.Errorf("must have at most %d bytes, got %d", maxName, len(name))
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("must not begin or end with a blank, got %q", name)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("must hold nothing that can't be seen, got %q", name)
	}
	return nil
}

// Validate checks what single keys don't tell.
func (s *CameraSettings) Validate() error {
	var errs []error
	if err := (&Picture{Region: s.Region}).Validate(); err != nil {
		errs = append(errs, err)
	}
	if s.AtEnd != AtEndWait && s.StallAfter > s.ReadTimeout {
		errs = append(errs, fmt.Errorf("stall_after: must not be above read_timeout (%v), got %v", s.ReadTimeout, s.StallAfter))
	}
	return errors.Join(errs...)
}

// defaultWatch are the settings of a plain flipmeter watch.
func defaultWatch(nats NATS) Watch {
	nats.URL = Embedded
	return Watch{
		Data: "flipmeter-data", Shutdown: 10 * time.Second, Reload: 5 * time.Second,
		Web:    Web{Listen: "127.0.0.1:8377", Pictures: true},
		NATS:   WatchNATS{NATS: nats, Listen: defaultListen},
		Alerts: defaultAlerting(), History: defaultHistory(),
	}
}

func defaultCamera(model Model, measures Measures) CameraSettings {
	measures.Windows = []time.Duration{10 * time.Second, time.Minute, 10 * time.Minute}
	return CameraSettings{
		Model: model, Measures: measures, Messages: defaultMessages(),
		Stride: 1, ColorMatrix: "auto", Deinterlace: "off", Cuts: "content",
		Transport: "tcp", AtEnd: "loop", Settled: 2 * time.Second, Speed: "real", Queue: "auto", QueueSize: 2,
		OpenTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, StallAfter: 3 * time.Second, FrozenAfter: 10 * time.Second,
	}
}
