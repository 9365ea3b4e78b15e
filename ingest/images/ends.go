package images

import (
	"bytes"
	"encoding/binary"
	"errors"
)

var errCutOff = errors.New("the file ends in the middle of the picture: it was cut off")

// ends says whether a JPEG or PNG file is cut off. Decoders paint what is
// missing in grey and say nothing, and a picture that is half grey is another
// picture. What is no such file, or oddly made, is left to the decoder.
func ends(content []byte) error {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		return jpegEnds(content)
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return pngEnds(content)
	}
	return nil
}

// jpegEnds walks over the segments, a thumbnail within them included, to the
// first scan. In a scan a byte 0xff that is no marker is followed by 0, so that
// the end's marker can't be anything else.
func jpegEnds(b []byte) error {
	const startOfScan, endOfImage = 0xda, 0xd9
	for at := 2; ; {
		if at+4 > len(b) {
			return errCutOff
		}
		if b[at] != 0xff {
			return nil
		}
		switch marker := b[at+1]; {
		case marker == 0xff: // padding
			at++
		case marker == startOfScan:
			if !bytes.Contains(b[at:], []byte{0xff, endOfImage}) {
				return errCutOff
			}
			return nil
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd9: // nothing follows
			at += 2
		default:
			at += 2 + int(binary.BigEndian.Uint16(b[at+2:]))
		}
	}
}

// pngEnds walks over the chunks to the last one.
func pngEnds(b []byte) error {
	for at := 8; ; {
		if at+8 > len(b) {
			return errCutOff
		}
		n := uint64(binary.BigEndian.Uint32(b[at:]))
		end := uint64(at) + 8 + n
		switch {
		case end > uint64(len(b)):
			return errCutOff
		case string(b[at+4:at+8]) == "IEND":
			return nil
		}
		at = int(end) + 4 // and the checksum
	}
}
