package container

import (
	"bytes"
	"unicode/utf8"
)

func isRIFF(head []byte, form string) bool {
	return len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == form
}

func isGIF(head []byte) bool {
	return bytes.HasPrefix(head, []byte("GIF87a")) || bytes.HasPrefix(head, []byte("GIF89a"))
}

// signatures are the first bytes of files that are often mistaken for video.
var signatures = []struct {
	prefix string
	kind   Kind
}{
	{"#EXTM3U", KindPlaylist},
	{"\xff\xd8\xff", KindPicture},
	{"\x89PNG\r\n\x1a\n", KindPicture},
	{"BM", KindPicture},
	{"II*\x00", KindPicture},
	{"MM\x00*", KindPicture},
	{"ID3", KindSound},
	{"fLaC", KindSound},
	{"PK\x03\x04", KindArchive},
	{"\x1f\x8b", KindArchive},
	{"7z\xbc\xaf", KindArchive},
	{"Rar!", KindArchive},
	{"%PDF-", KindDocument},
}

// sniff says what a file is that is no known container.
func sniff(head []byte) Kind {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.prefix)) && (s.prefix != "BM" || !isText(head)) {
			return s.kind
		}
	}
	switch {
	case isRIFF(head, "WAVE"):
		return KindSound
	case isRIFF(head, "WEBP"):
		return KindPicture
	case isText(head):
		return KindText
	}
	return KindUnknown
}

// isText says that the bytes are printable UTF-8, but for a rune that the
// end cuts in two.
func isText(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			return len(b) < utf8.UTFMax && !utf8.FullRune(b)
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' || r == 0x7f {
			return false
		}
		b = b[n:]
	}
	return true
}
