package configs

import (
	"strings"
	"testing"
)

func TestAddressesOfCameras(t *testing.T) {
	for address, want := range map[string]string{
		"rtsp://10.0.0.7/main": "", "rtsps://[fe80::1]:322/a?b=c": "", "HTTP://host:80/x": "", "https://u:p%40@host/live.m3u8": "",
		"camera:0": "", "/dev/video0": "", "film.mp4": "", "/srv/a b/film.mp4": "", "synth:square?frames=5": "", "folder/odd://name.mp4": "",
		"nats:a.b": "", "nats:": "", "C:/film.mp4": "",
		"rtsp://":               "cameras[0].url: has no host, as rtsp://10.0.0.7/main has",
		"http://:80":            "cameras[0].url: has no host",
		"rtsp://h:99999/x":      "cameras[0].url: has a port that is none: 1 to 65535",
		"rtsp://h:0/x":          "cameras[0].url: has a port that is none",
		"ftp://h/kanarie":       "cameras[0].url: must be rtsp://, rtsps://, http://, https://, camera:0, or a file: ftp:// is not read",
		"rtmp://h/kanarie":      "rtmp:// is not read",
		"file:///etc/kanarie":   "file:// is not read",
		" rtsp://h/x":           "cameras[0].url: must not begin or end with a blank",
		"camera:front":          "cameras[0].url: must have a number behind camera:, as camera:0",
		"rtsp://u:kanarie/@h/x": "cameras[0].url: is no URL: escape what is special in its user and password",
		"rtsp://h/%zz":          "cameras[0].url: is no URL",
	} {
		for _, file := range []string{"cameras: [{name: a, url: '" + address + "'}]", "cameras: [{name: a, url: x, substream: '" + address + "'}]"} {
			if strings.HasPrefix(address, "nats:") && strings.Contains(file, "substream") {
				continue
			}
			_, err := Parse("f.yaml", []byte(file))
			want := want
			if strings.Contains(file, "substream") {
				want = strings.Replace(want, "[0].url", "[0].substream", 1)
			}
			if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "kanarie")) {
				t.Errorf("%s: %v, want %q", file, err, want)
			}
		}
	}
}
