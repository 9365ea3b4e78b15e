package container

import (
	"bytes"
	"fmt"
	"math/bits"
)

// Element ids of Matroska (RFC 9559).
const (
	ebmlHeader     = 0x1a45dfa3
	mkvSegment     = 0x18538067
	mkvCluster     = 0x1f43b675
	mkvTracks      = 0x1654ae6b
	mkvTrackEntry  = 0xae
	mkvTrackType   = 0x83
	mkvCodecID     = 0x86
	mkvPrivate     = 0x63a2
	mkvVideo       = 0xe0
	mkvInterlaced  = 0x9a
	mkvColour      = 0x55b0
	mkvMatrix      = 0x55b1
	mkvColourRange = 0x55b9
)

func isMatroska(head []byte) bool { return bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}) }

// element is an EBML element (RFC 8794).
type element struct {
	id         uint64
	start, end int64 // of the payload
	declared   int64 // where the header says that it ends
	unbounded  bool  // the header does not say
}

// nextElement reads the element header at off, inside a parent that ends at
// end.
func nextElement(in *input, off, end int64) (e element, ok bool) {
	h := in.bytes(off, 12)
	idLen := vintLength(h)
	if idLen == 0 || idLen > 4 || len(h) < idLen+1 {
		return element{}, false
	}
	for _, c := range h[:idLen] {
		e.id = e.id<<8 | uint64(c)
	}
	h = h[idLen:]
	n := vintLength(h)
	if n == 0 || len(h) < n {
		return element{}, false
	}
	size := uint64(h[0]) & (1<<(8-n) - 1)
	for _, c := range h[1:n] {
		size = size<<8 | uint64(c)
	}
	e.start = off + int64(idLen+n)
	if size == 1<<(7*n)-1 {
		e.unbounded, e.declared, e.end = true, end, end
	} else {
		e.declared = e.start + int64(size) // size < 2^56
		e.end = min(e.declared, end)
	}
	return e, e.start <= end
}

// vintLength is the number of bytes of the variable-size integer that b
// begins with, 0 where it is none.
func vintLength(b []byte) int {
	if len(b) == 0 || b[0] == 0 {
		return 0
	}
	return bits.LeadingZeros8(b[0]) + 1
}

func readMatroska(in *input, f *Facts) {
	f.Format = Matroska
	m := mkv{in: in, facts: f, left: maxBoxes}
	for off := int64(0); off < in.size; {
		e, ok := nextElement(in, off, in.size)
		if !ok {
			break
		}
		if e.id == mkvSegment {
			if e.declared > in.size {
				f.CutOff = fmt.Sprintf("its segment lacks %d of %d bytes", e.declared-in.size, e.declared-e.start)
			}
			m.each(e, func(c element) bool {
				if c.id == mkvTracks {
					m.tracks(c)
				}
				// What follows the first cluster are pictures.
				return c.id != mkvCluster && c.id != mkvTracks
			})
			break
		}
		off = e.declared
	}
}

// mkv walks through the elements of one file.
type mkv struct {
	in    *input
	facts *Facts
	left  int // elements left to look at
}

// each visits the children of an element until visit returns false.
func (m *mkv) each(parent element, visit func(element) bool) {
	for off := parent.start; off < parent.end; {
		e, ok := nextElement(m.in, off, parent.end)
		if m.left--; !ok || m.left < 0 || e.declared <= off || !visit(e) {
			return
		}
		off = e.declared
	}
}

func (m *mkv) number(e element) (v int) {
	for _, c := range m.in.bytes(e.start, int(min(e.end-e.start, 4))) {
		v = v<<8 | int(c)
	}
	return v
}

func (m *mkv) tracks(tracks element) {
	m.facts.HasVideo, m.facts.HasAudio = No, No
	m.each(tracks, func(track element) bool {
		if track.id == mkvTrackEntry {
			m.track(track)
		}
		return true
	})
}

func (m *mkv) track(track element) {
	var kind int
	var codec string
	var private, picture element
	m.each(track, func(e element) bool {
		switch e.id {
		case mkvTrackType:
			kind = m.number(e)
		case mkvCodecID:
			codec = string(bytes.TrimRight(m.in.bytes(e.start, int(min(e.end-e.start, 64))), "\x00"))
		case mkvPrivate:
			private = e
		case mkvVideo:
			picture = e
		}
		return true
	})
	switch {
	case kind == 2:
		m.facts.HasAudio = Yes
	case kind == 1 && m.facts.HasVideo != Yes: // the first is decoded
		m.facts.HasVideo = Yes
		m.picture(picture)
		p := m.in.bytes(private.start, int(min(private.end-private.start, 1<<16)))
		switch codec {
		case "V_MPEG4/ISO/AVC":
			m.facts.merge(avcRecord(p))
		case "V_MPEGH/ISO/HEVC":
			m.facts.merge(hevcRecord(p))
		case "V_AV1":
			m.facts.merge(av1Record(p))
		case "V_MPEG1", "V_MPEG2":
			m.facts.merge(scanMPEG(p))
		}
		if m.facts.Codec == "" {
			m.facts.Codec = text([]byte(codec))
		}
	}
}

func (m *mkv) picture(picture element) {
	m.each(picture, func(e element) bool {
		switch e.id {
		case mkvInterlaced:
			if n := m.number(e); n == 1 || n == 2 {
				m.facts.Interlaced = answer(n == 1)
			}
		case mkvColour:
			m.each(e, func(c element) bool {
				switch c.id {
				case mkvMatrix:
					m.facts.Matrix = matrixOf(m.number(c))
				case mkvColourRange:
					if n := m.number(c); n == 1 || n == 2 {
						m.facts.FullRange = answer(n == 2)
					}
				}
				return true
			})
		}
		return true
	})
}
