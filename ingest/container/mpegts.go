package container

import "fmt"

// scanned is how much of a stream without an index is looked at.
const scanned = 4 << 20

// packetSize is the size of the packets of a transport stream, plain (188),
// with time codes (192) or with error correction (204); 0 where the bytes
// are none.
func packetSize(head []byte) int {
	for _, size := range []int{188, 192, 204} {
		at := 0
		if size == 192 {
			at = 4
		}
		n := 0
		for ; at < len(head) && head[at] == 0x47; at += size {
			n++
		}
		if at >= len(head) && n >= 4 {
			return size
		}
	}
	return 0
}

func readTS(in *input, f *Facts) {
	f.Format = MPEGTS
	size := packetSize(in.bytes(0, 2048))
	if size == 188 && in.size%188 != 0 {
		f.CutOff = fmt.Sprintf("its last packet has %d of 188 bytes", in.size%188)
	}
	b := in.bytes(0, scanned)
	skip := 0
	if size == 192 {
		skip = 4
	}
	streams := map[int][]byte{} // video by packet id
	first := -1
	for ; len(b) >= size; b = b[size:] {
		p := b[skip : skip+188]
		if p[0] != 0x47 {
			break
		}
		pid := int(p[1]&31)<<8 | int(p[2])
		start := p[1]&0x40 != 0
		payload := tsPayload(p)
		if start && len(payload) > 9 && payload[0] == 0 && payload[1] == 0 && payload[2] == 1 {
			switch id := payload[3]; {
			case id >= 0xe0 && id <= 0xef:
				f.HasVideo = Yes
				if first < 0 {
					first = pid
				}
			case id >= 0xc0 && id <= 0xdf:
				f.HasAudio = Yes
			}
			payload = payload[min(9+int(payload[8]), len(payload)):]
		}
		if pid == first {
			streams[pid] = append(streams[pid], payload...)
		}
	}
	f.merge(scanVideo(streams[first]))
}

// tsPayload is what a transport packet carries.
func tsPayload(p []byte) []byte {
	switch p[3] >> 4 & 3 {
	case 1:
		return p[4:]
	case 3:
		if n := 5 + int(p[4]); n <= len(p) {
			return p[n:]
		}
	}
	return nil
}

// isStartCode says that the bytes begin with an MPEG start code.
func isStartCode(head []byte, code byte) bool {
	return len(head) >= 4 && head[0] == 0 && head[1] == 0 && head[2] == 1 && head[3] == code
}

// readPS reads a program stream. Its packets are not taken apart: the
// headers that are looked for stand at the beginning of the first one.
func readPS(in *input, f *Facts) {
	f.Format = MPEGPS
	f.merge(scanMPEG(in.bytes(0, 1<<18)))
}

// scanMPEG is scanVideo without a claim where nothing was found.
func scanMPEG(b []byte) video {
	v := scanVideo(b)
	if v.codec == "" {
		return video{}
	}
	return v
}

// readElementary reads a stream without a container.
func readElementary(in *input, f *Facts) {
	head := in.bytes(0, 64)
	at := 0
	for at < len(head) && head[at] == 0 {
		at++
	}
	if at < 2 || at >= len(head) || head[at] != 1 {
		return
	}
	if v := scanMPEG(in.bytes(0, 1<<20)); v != (video{}) {
		f.Format, f.HasVideo = ElementaryMPEG, Yes
		f.merge(v)
	}
}
