package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestRedactURL(t *testing.T) {
	for s, want := range map[string]string{
		"rtsp://camera/stream":                    "rtsp://camera/stream",
		"rtsp://me:canary@camera:554/stream":      "rtsp://camera:554/stream",
		"rtsp://me:canary@camera/s?token=canary":  "rtsp://camera/s",
		"rtsp://me:can/ary@camera/s":              "rtsp://camera/s",
		"rtsp://me:can@ary?x#y@camera/s":          "rtsp://camera/s",
		"http://camera/mjpg?user=me&pwd=canary":   "http://camera/mjpg",
		"https://camera/live#canary":              "https://camera/live",
		"film.mp4":                                "film.mp4",
		"folder/odd@name?.mp4":                    "folder/odd@name?.mp4",
		"synth:square?frames=2":                   "synth:square?frames=2",
		"rtsp://me:canary%2F%zz@camera/bad%escap": "rtsp://camera/bad%escap",
	} {
		if got := RedactURL(s); got != want {
			t.Errorf("%s becomes %s, want %s", s, got, want)
		}
	}
}

func TestRedactError(t *testing.T) {
	const address = "rtsp://me:can%2Fary@camera/s"
	err := RedactError(fmt.Errorf("open %s: password can/ary refused: %w", address, io.EOF), address)
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprint(errors.Unwrap(err))} {
		if strings.Contains(text, "ary") || strings.Contains(text, "me:") {
			t.Errorf("credentials in %q", text)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the sentinel is gone")
	}
	if plain := errors.New("x"); RedactError(plain, "film.mp4") != plain || RedactError(nil, address) != nil {
		t.Error("what needs no redaction was changed")
	}
}

func FuzzRedactURL(f *testing.F) {
	f.Add("rtsp", "me", "canary", "camera/stream")
	f.Add("http", "", "a@b:c/d", "h?q=1#f")
	f.Fuzz(func(t *testing.T, scheme, user, password, rest string) {
		if strings.ContainsAny(scheme, "/\\ :@") || scheme == "" || strings.Contains(rest, "@") {
			return
		}
		got := RedactURL(scheme + "://" + user + ":" + password + "@" + rest)
		if !strings.HasPrefix(scheme+"://"+rest, got) {
			t.Errorf("%q is left of user %q, password %q at %q", got, user, password, rest)
		}
	})
}

func TestRedactErrorKeepsTheCause(t *testing.T) {
	const address = "rtsp://user:kanarienvogel@host/path"
	err := RedactError(fmt.Errorf("open %s: %w", address, WithCause(CauseTimeout, ErrNotConnected)), address)
	if CauseOf(err, CauseNone) != CauseTimeout || !errors.Is(err, ErrNotConnected) || strings.Contains(err.Error(), "kanarienvogel") {
		t.Errorf("%v, cause %q", err, CauseOf(err, CauseNone))
	}
}
