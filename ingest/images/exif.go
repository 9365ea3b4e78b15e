package images

import (
	"encoding/binary"
	"strings"
)

// orientation is the EXIF tag 0x0112: how the stored picture is turned.
type orientation int

const (
	upright orientation = 1

	exifTagOrientation = 0x0112
	maxEXIFEntries     = 512
)

// sideways says that width and height change places.
func (o orientation) sideways() bool { return o >= 5 }

// place is where pixel x, y of a stored w×h picture belongs.
func (o orientation) place(x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}

// exifOrientation finds the orientation in a JPEG file; upright where there
// is none, or none that makes sense.
func exifOrientation(jpeg []byte) orientation {
	if len(jpeg) < 4 || jpeg[0] != 0xff || jpeg[1] != 0xd8 {
		return upright
	}
	for p := jpeg[2:]; len(p) >= 4 && p[0] == 0xff; {
		marker, n := p[1], int(p[2])<<8|int(p[3])
		if marker == 0xff { // padding
			p = p[1:]
			continue
		}
		if marker == 0xda || n < 2 || 2+n > len(p) { // pictures begin
			return upright
		}
		if body := string(p[4 : 2+n]); marker == 0xe1 && strings.HasPrefix(body, "Exif\x00\x00") {
			return tiffOrientation([]byte(body[6:]))
		}
		p = p[2+n:]
	}
	return upright
}

// tiffOrientation looks through the first directory of a TIFF structure.
func tiffOrientation(p []byte) orientation {
	if len(p) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(p[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := int64(order.Uint32(p[4:]))
	if at+2 > int64(len(p)) {
		return upright
	}
	p = p[at:]
	n := min(int(order.Uint16(p)), maxEXIFEntries)
	for p = p[2:]; n > 0 && len(p) >= 12; n, p = n-1, p[12:] {
		if order.Uint16(p) == exifTagOrientation {
			if o := orientation(order.Uint16(p[8:])); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return upright
}
