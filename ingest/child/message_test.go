package child

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/ingesttest"
)

func encodeFrame(width, height int) []byte {
	var f frame.Frame
	f.Prepare(new(frame.Pool), ingesttest.Wants(), width, height)
	f.Seq, f.PTS, f.Break, f.Repeat, f.Behind = 7, 280*time.Millisecond, frame.BreakGap, true, true
	b := appendFrame(nil, &f, width, height, time.Millisecond)
	for i, p := range f.Pictures {
		for j := range p.Pix {
			p.Pix[j] = byte(i + j)
		}
		b = append(b, p.Pix...)
	}
	return b
}

func TestFrameThereAndBack(t *testing.T) {
	b := encodeFrame(96, 64)
	r := bytes.NewReader(b)
	k, n, err := readHead(r)
	if k != kindFrame || err != nil {
		t.Fatal(k, err)
	}
	var f frame.Frame
	age, err := readFrame(r, n, &f, new(frame.Pool), ingesttest.Wants())
	if err != nil || age != time.Millisecond || r.Len() != 0 {
		t.Fatal(err, age, r.Len())
	}
	if f.Seq != 7 || f.PTS != 280*time.Millisecond || f.Break != frame.BreakGap || !f.Repeat || !f.Behind || f.PTSEstimated || f.Width != 96 ||
		len(f.Pictures) != 3 || f.Pictures[2].Pix[5] != 7 || f.Pictures[2].Height != 21 {
		t.Errorf("%+v", f)
	}
}

func TestEndingThereAndBack(t *testing.T) {
	for _, err := range []error{
		ingest.ErrEndOfStream,
		fmt.Errorf("cut: %w: %w", ingest.ErrTruncated, ingest.ErrEndOfStream),
		fmt.Errorf("no filter: %w", ingest.ErrPermanent),
		ingest.WithCause(ingest.CauseTimeout, errors.New("silence")),
		errors.New("lost"),
	} {
		got := endingOf(err).err()
		for _, kind := range []error{ingest.ErrEndOfStream, ingest.ErrTruncated, ingest.ErrPermanent} {
			if errors.Is(got, kind) != errors.Is(err, kind) {
				t.Errorf("%v: is %v: %v", err, kind, errors.Is(got, kind))
			}
		}
		if got.Error() != err.Error() || ingest.CauseOf(got, "") != ingest.CauseOf(err, ingest.CauseLost) {
			t.Errorf("%v became %v (%s)", err, got, ingest.CauseOf(got, ""))
		}
	}
}

// Whatever a child sends, the parent neither panics nor believes a picture
// that it did not ask for, and keeps no buffer.
func FuzzMessages(f *testing.F) {
	f.Add(encodeFrame(96, 64))
	f.Add(append([]byte{'A', 0, 0, 0, 0}, encodeFrame(40, 40)...))
	f.Add([]byte("E\x02\x00\x00\x00{}"))
	f.Add([]byte{'F', 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		pool := new(frame.Pool)
		r := bufio.NewReader(bytes.NewReader(data))
		for range 10 {
			k, n, err := readHead(r)
			if err != nil {
				return
			}
			if k != kindFrame {
				var e ending
				if readJSON(r, n, &e) == nil {
					_ = e.err().Error()
				}
				continue
			}
			var fr frame.Frame
			_, err = readFrame(r, n, &fr, pool, ingesttest.Wants())
			if err != nil && len(fr.Pictures) != 0 {
				t.Fatal("pictures after an error")
			}
			for i, p := range fr.Pictures {
				w := ingesttest.Wants()[i]
				if p.Width != w.Width || len(p.Pix) != p.Width*p.Height*p.Channels || p.Channels != w.Format.Channels() {
					t.Fatalf("picture %d: %+v", i, p)
				}
			}
			fr.Release()
			if pool.Outstanding() != 0 {
				t.Fatal("a buffer was kept")
			}
			if err != nil && !errors.Is(err, errProtocol) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
		}
	})
}

// Serve says in words that it is not for people.
func TestServeWithoutARequest(t *testing.T) {
	err := Serve(t.Context(), bytes.NewReader([]byte("hello\n")), io.Discard, nil)
	if err == nil || !errors.Is(err, errProtocol) {
		t.Error(err)
	}
}
