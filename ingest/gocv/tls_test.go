//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// TestLiveReadsOverTLS reads what is sent over TLS by servers that signed their
// certificates themselves, as cameras do.
func TestLiveReadsOverTLS(t *testing.T) {
	web := httptest.NewTLSServer(http.FileServer(http.Dir(filepath.Dir(footage(t, "bigbuckbunny.mp4")))))
	defer web.Close()
	camera := rtsptest.Start(t)
	publish(t, camera, "cam")
	for _, address := range []string{
		web.URL + "/bigbuckbunny.mp4",
		strings.Replace(camera.URL("cam"), "rtsp://"+camera.Addr(), "rtsps://"+throughTLS(t, camera.Addr(), web.TLS.Certificates), 1),
	} {
		src, err := OpenLive(t.Context(), liveConfig(address))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		var f frame.Frame
		for i := range uint64(20) {
			if err := src.Read(t.Context(), &f); err != nil || f.Seq != i || f.Break != frame.BreakNone {
				t.Errorf("%s: frame %d: %v, %d, %q", address, i, err, f.Seq, f.Break)
			}
		}
		f.Release()
		src.Close()
	}
}

// throughTLS passes TLS connections on to a server without.
func throughTLS(t *testing.T, addr string, certificates []tls.Certificate) (listens string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				to, err := net.Dial("tcp", addr)
				if err != nil {
					return
				}
				defer to.Close()
				go func() {
					_, _ = io.Copy(to, from)
					to.Close()
				}()
				_, _ = io.Copy(from, to)
			}()
		}
	}()
	return l.Addr().String()
}
