package container

import (
	"encoding/binary"
	"fmt"
)

// maxBoxes bounds how many boxes of a file are looked at.
const maxBoxes = 20_000

// box is a box of ISO/IEC 14496-12, or an atom of QuickTime.
type box struct {
	kind       string
	start, end int64 // of the payload
	declared   int64 // where the header says that it ends
}

// nextBox reads the box header at off, inside a parent that ends at end.
func nextBox(in *input, off, end int64) (b box, ok bool) {
	h := in.bytes(off, 16)
	if len(h) < 8 || off+8 > end {
		return box{}, false
	}
	size := int64(binary.BigEndian.Uint32(h))
	b = box{kind: string(h[4:8]), start: off + 8}
	switch size {
	case 0: // to the end
		size = end - off
	case 1:
		if len(h) < 16 {
			return box{}, false
		}
		v := binary.BigEndian.Uint64(h[8:])
		if v > 1<<62 {
			return box{}, false
		}
		size, b.start = int64(v), off+16
	}
	b.declared = off + size
	b.end = min(b.declared, end)
	if b.declared < b.start || b.start > end {
		return box{}, false
	}
	for _, c := range []byte(b.kind) {
		// Names are text; QuickTime has a copyright sign (0xa9) in some.
		if c < 0x20 || c > 0x7e && c != 0xa9 {
			return box{}, false
		}
	}
	return b, true
}

// isMP4 says that the file begins with a box that such files begin with.
func isMP4(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch string(head[4:8]) {
	case "ftyp", "moov", "mdat", "free", "skip", "wide", "pnot", "styp":
		return true
	}
	return false
}

func readMP4(in *input, f *Facts) {
	f.Format = MP4
	m := mp4{in: in, facts: f, boxes: maxBoxes}
	moov, media := false, false
	for off := int64(0); off < in.size; {
		b, ok := nextBox(in, off, in.size)
		if !ok || m.spent() {
			break
		}
		switch b.kind {
		case "moov":
			moov = true
			m.children(b, "", 0)
		case "mdat", "moof":
			media = true
		}
		if b.declared > in.size {
			f.CutOff = fmt.Sprintf("its %s part lacks %d of %d bytes", b.kind, b.declared-in.size, b.declared-off)
		}
		off = b.declared
	}
	switch {
	case f.CutOff != "" || m.boxes < 0:
	case !moov:
		f.CutOff = "it has no index (moov)"
	case !media:
		f.CutOff = "it has no media data (mdat)"
	}
	if moov {
		f.HasVideo, f.HasAudio = answer(m.video), answer(m.audio)
	}
}

// mp4 walks through the boxes of one file.
type mp4 struct {
	in    *input
	facts *Facts
	boxes int // left to look at
	// handler is the kind of the track at hand ("vide", "soun").
	handler      string
	video, audio bool
}

func (m *mp4) spent() bool {
	m.boxes--
	return m.boxes < 0
}

// children walks through the boxes inside a box. Only the way to a video
// track's description is followed.
func (m *mp4) children(parent box, path string, header int64) {
	for off := parent.start + header; off < parent.end; {
		b, ok := nextBox(m.in, off, parent.end)
		if !ok || m.spent() {
			return
		}
		m.visit(b, path+"/"+b.kind)
		if b.declared <= off {
			return
		}
		off = b.declared
	}
}

func (m *mp4) visit(b box, path string) {
	switch path {
	case "/trak":
		m.handler = ""
		m.children(b, path, 0)
	case "/trak/mdia", "/trak/mdia/minf", "/trak/mdia/minf/stbl":
		m.children(b, path, 0)
	case "/trak/mdia/hdlr":
		if p := m.in.bytes(b.start, 12); len(p) == 12 {
			m.handler = string(p[8:12])
			m.video = m.video || m.handler == "vide"
			m.audio = m.audio || m.handler == "soun"
		}
	case "/trak/mdia/minf/stbl/stsd":
		// The first video track is the one that is decoded.
		if m.handler == "vide" && m.facts.Codec == "" {
			m.description(b)
		}
	}
}

// description reads the first sample entry of an stsd box.
func (m *mp4) description(stsd box) {
	entry, ok := nextBox(m.in, stsd.start+8, stsd.end)
	if !ok {
		return
	}
	m.facts.Codec = entry.kind
	// A VisualSampleEntry has 78 bytes before its boxes.
	for off := entry.start + 78; off < entry.end; {
		b, ok := nextBox(m.in, off, entry.end)
		if !ok || m.spent() || b.declared <= off {
			return
		}
		m.property(b)
		off = b.declared
	}
}

func (m *mp4) property(b box) {
	p := m.in.bytes(b.start, int(min(b.end-b.start, 1<<16)))
	switch b.kind {
	case "colr":
		if len(p) >= 10 && (string(p[:4]) == "nclx" || string(p[:4]) == "nclc") {
			// The container's word counts before the stream's own.
			if x := matrixOf(int(binary.BigEndian.Uint16(p[8:]))); x != MatrixUnknown {
				m.facts.Matrix = x
			}
			if string(p[:4]) == "nclx" && len(p) >= 11 {
				m.facts.FullRange = answer(p[10]&0x80 != 0)
			}
		}
	case "fiel":
		if len(p) >= 1 && (p[0] == 1 || p[0] == 2) {
			m.facts.Interlaced = answer(p[0] == 2)
		}
	case "avcC":
		m.facts.merge(avcRecord(p))
	case "hvcC":
		m.facts.merge(hevcRecord(p))
	case "av1C":
		m.facts.merge(av1Record(p))
	case "vpcC":
		m.facts.merge(vpRecord(p))
	}
}

// vpRecord reads a VPCodecConfigurationRecord (a full box, version 1).
func vpRecord(p []byte) video {
	if len(p) < 10 || p[0] != 1 {
		return video{}
	}
	return video{matrix: matrixOf(int(p[9])), fullRange: answer(p[6]&1 != 0)}
}
