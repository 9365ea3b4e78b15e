package container

import (
	"encoding/binary"
	"fmt"
)

// readAVI walks through the chunks of an AVI file.
func readAVI(in *input, f *Facts) {
	f.Format = AVI
	f.HasVideo, f.HasAudio = No, No
	seen, pictures := false, false
	for off, n := int64(0), 0; off+12 <= in.size && n < maxBoxes; n++ {
		h := in.bytes(off, 12)
		if len(h) < 12 {
			break
		}
		id, size := string(h[:4]), int64(binary.LittleEndian.Uint32(h[4:]))
		end := off + 8 + size
		form := string(h[8:12])
		switch {
		case id == "RIFF", id == "LIST" && form == "hdrl", id == "LIST" && form == "strl":
			off += 12 // look inside
			continue
		case id == "LIST" && form == "movi":
			pictures = true
			if end > in.size {
				f.CutOff = fmt.Sprintf("its pictures lack %d of %d bytes", end-in.size, size)
			}
		case id == "strh":
			seen = true
			p := in.bytes(off+8, 8)
			if len(p) == 8 && string(p[:4]) == "vids" {
				f.HasVideo = Yes
				if f.Codec == "" {
					f.Codec = text(p[4:8])
				}
			}
			if len(p) == 8 && string(p[:4]) == "auds" {
				f.HasAudio = Yes
			}
		}
		off = end + size&1
	}
	if !pictures && f.CutOff == "" {
		f.CutOff = "it has no pictures (movi)"
	}
	if !seen {
		f.HasVideo, f.HasAudio = Unknown, Unknown
	}
}

// text is a four-character code, "" where it is not text.
func text(b []byte) string {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return ""
		}
	}
	return string(b)
}

// readGIF looks for the trailer that ends a GIF file.
func readGIF(in *input, f *Facts) {
	f.Format, f.Codec, f.Matrix = GIF, "gif", RGB
	f.HasVideo, f.HasAudio, f.Interlaced = Yes, No, No
	tail := in.bytes(max(0, in.size-64), 64)
	for len(tail) > 0 && tail[len(tail)-1] == 0 { // some writers pad
		tail = tail[:len(tail)-1]
	}
	if len(tail) == 0 || tail[len(tail)-1] != 0x3b {
		f.CutOff = "its trailer is missing"
	}
}
