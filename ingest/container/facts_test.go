package container

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The clips of testdata were made by testdata/make.sh.
var clips = map[string]Facts{
	"h264.mp4":                {Format: MP4, Matrix: BT709, FullRange: No, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "avc1"},
	"h264-full-faststart.mp4": {Format: MP4, Matrix: BT709, FullRange: Yes, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "avc1"},
	"h264-interlaced.ts":      {Format: MPEGTS, Interlaced: Maybe, HasVideo: Yes, Codec: "h264"},
	"h264.mkv":                {Format: Matroska, Matrix: BT709, FullRange: No, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "h264"},
	"h264-444.mkv":            {Format: Matroska, Matrix: BT709, FullRange: No, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "h264"},
	"h264.264":                {Format: ElementaryMPEG, Interlaced: No, HasVideo: Yes, Codec: "h264"},
	"h264.avi":                {Format: AVI, HasVideo: Yes, HasAudio: No, Codec: "H264"},
	"h265.mp4":                {Format: MP4, Matrix: BT709, FullRange: No, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "hvc1"},
	"h265.ts":                 {Format: MPEGTS, Matrix: BT709, FullRange: Yes, Interlaced: No, HasVideo: Yes, Codec: "hevc"},
	"vp9.webm":                {Format: Matroska, Matrix: BT709, FullRange: Yes, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "V_VP9"},
	"vp9.mp4":                 {Format: MP4, Matrix: BT709, FullRange: No, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "vp09"},
	"av1.mp4":                 {Format: MP4, Matrix: BT709, FullRange: No, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "av01"},
	"mpeg2.ts":                {Format: MPEGTS, Interlaced: Yes, HasVideo: Yes, Codec: "mpeg2video"},
	"mpeg2.mpg":               {Format: MPEGPS, Matrix: BT709, Interlaced: No, Codec: "mpeg2video"},
	"prores.mov":              {Format: MP4, Matrix: BT709, Interlaced: Yes, HasVideo: Yes, HasAudio: No, Codec: "apco"},
	"still.gif":               {Format: GIF, Matrix: RGB, Interlaced: No, HasVideo: Yes, HasAudio: No, Codec: "gif"},
	"mjpeg.avi":               {Format: AVI, HasVideo: Yes, HasAudio: No, Codec: "MJPG"},
	"sound.mp4":               {Format: MP4, HasVideo: No, HasAudio: Yes},
	"sound.mkv":               {Format: Matroska, HasVideo: No, HasAudio: Yes},
}

func load(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFacts(t *testing.T) {
	for name, want := range clips {
		got, err := ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
	if _, err := ReadFile("testdata/missing.mp4"); err == nil {
		t.Error("a missing file was read")
	}
}

// TestStreamTags takes the containers' own tags away: the streams' tags are
// found then.
func TestStreamTags(t *testing.T) {
	for _, name := range []string{"h264.mp4", "h265.mp4", "av1.mp4", "h264.mkv", "vp9.mp4"} {
		b := bytes.Replace(load(t, name), []byte("colr"), []byte("free"), 1)
		b = bytes.Replace(b, []byte{0x55, 0xb0}, []byte{0x55, 0xaa}, 1) // Matroska's Colour
		got := Read(bytes.NewReader(b), int64(len(b)))
		if got.Matrix != BT709 || got.FullRange != No {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestCutOff cuts every clip everywhere: nothing whole counts as cut, and
// where the format can tell, nothing cut counts as whole.
func TestCutOff(t *testing.T) {
	tells := map[Format]int{MP4: 32, Matroska: 200, AVI: 250, GIF: 8, MPEGTS: -1, MPEGPS: -1, ElementaryMPEG: -1}
	for name, whole := range clips {
		b := load(t, name)
		from := tells[whole.Format]
		end := len(b)
		if i := bytes.Index(b, []byte("idx1")); i > 0 {
			end = i // the pictures are complete without the index
		}
		for n := range end {
			f := Read(bytes.NewReader(b[:n]), int64(n))
			if from >= 0 && n >= from && f.CutOff == "" && !bytes.HasSuffix(b[:n], []byte{0x3b}) {
				t.Errorf("%s cut to %d of %d bytes counts as whole", name, n, len(b))
				break
			}
			if strings.ContainsRune(f.CutOff, '\n') {
				t.Errorf("%s: %q", name, f.CutOff)
			}
		}
	}
	b := load(t, "mpeg2.ts")
	if f := Read(bytes.NewReader(b[:700]), 700); f.CutOff != "its last packet has 136 of 188 bytes" {
		t.Errorf("cut transport stream: %+v", f)
	}
}

func TestSniff(t *testing.T) {
	for content, want := range map[string]Kind{
		"hello world\n":               KindText,
		"BM is text, too":             KindText,
		"naïve — текст":               KindText,
		"cut in a rune \xe2\x80":      KindText,
		"#EXTM3U\n":                   KindPlaylist,
		"\xff\xd8\xff\xe0JFIF":        KindPicture,
		"\x89PNG\r\n\x1a\n":           KindPicture,
		"BM\x00\x00\x00":              KindPicture,
		"RIFF\x00\x00\x00\x00WEBPVP8": KindPicture,
		"RIFF\x00\x00\x00\x00WAVEfmt": KindSound,
		"ID3\x03":                     KindSound,
		"PK\x03\x04":                  KindArchive,
		"%PDF-1.7":                    KindDocument,
		"\x00\x01\x02\x03":            KindUnknown,
		"":                            KindUnknown,
	} {
		if got := Read(strings.NewReader(content), int64(len(content))); got.Kind != want {
			t.Errorf("%q is %q, want %q", content, got.Kind, want)
		}
	}
}

// counting counts what is read.
type counting struct {
	r *bytes.Reader
	n int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += n
	return n, err
}

func FuzzRead(f *testing.F) {
	for name := range clips {
		f.Add(load(f, name))
	}
	f.Add([]byte("#EXTM3U"))
	f.Add([]byte{0, 0, 1, 0, 0, 1})
	f.Add([]byte{0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80, 0x67, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &counting{r: bytes.NewReader(b)}
		got := Read(c, int64(len(b)))
		if c.n > maxRead {
			t.Errorf("%d bytes read of %d", c.n, len(b))
		}
		if again := Read(bytes.NewReader(b), int64(len(b))); again != got {
			t.Errorf("%+v, then %+v", got, again)
		}
		for _, s := range []string{got.CutOff, got.Codec} {
			for _, r := range s {
				if r < ' ' || r == 0x7f {
					t.Errorf("control character in %q", s)
				}
			}
		}
	})
}

func FuzzParameterSets(f *testing.F) {
	f.Add([]byte{0x67, 0x64, 0, 10, 0xac, 0xd9, 0x44, 0x26, 0x84})
	f.Add([]byte{0x42, 0x01, 0x01, 0x01, 0x60})
	f.Add([]byte{0x0a, 0x0b, 0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		h264SPS(b)
		h265SPS(b)
		av1OBUs(b)
		av1Record(b)
		avcRecord(b)
		hevcRecord(b)
		vpRecord(b)
		scanVideo(b)
	})
}
