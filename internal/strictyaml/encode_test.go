package strictyaml

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func encode(t testing.TB, v any, o EncodeOptions) string {
	t.Helper()
	var b strings.Builder
	if err := Encode(&b, v, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEncode(t *testing.T) {
	quarter := 0.25
	v := outer{
		Score: 0.5, Count: 3, On: true, Mode: "off", Wait: 90 * time.Minute, Waits: []time.Duration{400 * time.Millisecond, 2 * time.Minute},
		Size: 256 << 20, Rules: []inner{{Name: "a b", Above: &quarter}, {Name: "c"}}, Counts: map[string]int{"dog": 2, "cat": 1}, Free: "s3cret",
	}
	want := `score: 0.5
count: 3
seed: 0
on: true
mode: "off"
wait: 1h30m
waits: [400ms, 2m]
size: 256MiB
rules:
  - for: 0s
    name: "a b"
    above: 0.25
  - for: 0s
    name: c
    above:
counts:
  cat: 1
  dog: 2
deep:
  text: ""
  special: 0
maybe:
free: "***"
`
	if got := encode(t, &v, EncodeOptions{}); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := encode(t, v, EncodeOptions{Secrets: true}); !strings.Contains(got, "free: s3cret\n") {
		t.Errorf("got\n%s", got)
	}
	if got := encode(t, v, EncodeOptions{Comments: true}); !strings.HasPrefix(got, "# a share\nscore: 0.5\n\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestAddressesLoseTheirCredentials(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"embedded":                        "embedded",
		"nats://host:4222":                "nats://host:4222",
		"nats://u:p@host:4222":            "nats://***@host:4222",
		"nats://t0ken@host,tls://a:b@c:1": "nats://***@host,tls://***@c:1",
		"u:p@host":                        "***",
		"nats://u:%zz@host":               "***",
		"nats://u:p@q@host":               "nats://***@host",
		"http://cam/mjpg?user=u&pwd=p":    "http://cam/mjpg?***",
		"rtsp://u:p@cam/1?a=b,c=p#x":      "rtsp://***@cam/1?***",
		"rtsp://u:p?q@cam/1":              "***",
		"http://cam/live#p":               "http://cam/live#***",
		"synth:number?frames=3":           "synth:number?frames=3",
	} {
		e := &encoder{}
		if got := e.masked(text, "url"); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

// What is written is read back as it was, whatever the texts hold.
func FuzzEncode(f *testing.F) {
	f.Add("cat", "n", int64(5), 0.5)
	f.Add("", "a: b", int64(-1), 1e-9)
	f.Add("\x00\n\u2028é", "#", int64(1)<<60, 0.1)
	f.Add(".5", "null", int64(1), 0.0)
	f.Fuzz(func(t *testing.T, a, b string, n int64, x float64) {
		if x < 0 || x > 1 || x != x || strings.ToValidUTF8(a, "") != a || strings.ToValidUTF8(b, "") != b || a == "bad" {
			return
		}
		wait := time.Duration(max(n, 0))
		v := outer{Score: x, Count: 1, Mode: "off", Free: b, Wait: time.Duration(n), Waits: []time.Duration{1}, Seed: uint64(wait),
			Rules: []inner{{Name: a, For: wait}}, Counts: map[string]int{b: 1}, Size: Bytes(max(n, 0) % (1 << 30))}
		v.Deep.Text = a
		text := encode(t, v, EncodeOptions{Secrets: true, Comments: true})
		var back outer
		if err := Decode("f.yaml", []byte(text), &back); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if !reflect.DeepEqual(v, back) {
			t.Fatalf("%+v\nwas written as\n%s\nand read as %+v", v, text, back)
		}
	})
}
