package container

// h264NALSPS is the NAL unit type of a sequence parameter set.
const h264NALSPS = 7

// h264SPS reads a sequence parameter set of ITU-T H.264, 7.3.2.1, with its
// NAL header.
func h264SPS(nal []byte) video {
	if len(nal) < 4 || nal[0]&0x9f != h264NALSPS {
		return video{}
	}
	r := newBitReader(nal[1:])
	profile := r.bits(8)
	r.skip(16)
	r.ue() // seq_parameter_set_id
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		chroma := r.ue()
		if chroma == 3 {
			r.skip(1)
		}
		r.ue()
		r.ue()
		r.skip(1)
		if r.flag() {
			h264ScalingLists(r, chroma)
		}
	case 66, 77, 88:
	default:
		return video{}
	}
	r.ue() // log2_max_frame_num
	switch r.ue() {
	case 0:
		r.ue()
	case 1:
		r.skip(1)
		r.se()
		r.se()
		for n := min(r.ue(), 255); n > 0; n-- {
			r.se()
		}
	}
	r.ue() // max_num_ref_frames
	r.skip(1)
	r.ue()
	r.ue()
	v := video{codec: "h264"}
	if r.flag() { // frame_mbs_only_flag
		v.interlaced = No
	} else {
		v.interlaced = Maybe
		r.skip(1)
	}
	r.skip(1)
	if r.flag() { // frame_cropping_flag
		for range 4 {
			r.ue()
		}
	}
	if r.flag() {
		vui(r, &v)
	}
	if r.bad {
		return video{}
	}
	return v
}

func h264ScalingLists(r *bitReader, chroma uint) {
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if !r.flag() {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		last, next := 8, 8
		for range size {
			if next != 0 {
				next = (last + r.se() + 256) % 256
			}
			if next != 0 {
				last = next
			}
		}
	}
}

// vui reads the beginning of the video usability information, which H.264
// (E.1.1) and H.265 (E.2.1) share, up to the colour description.
func vui(r *bitReader, v *video) {
	if r.flag() && r.bits(8) == 255 { // aspect_ratio_idc: Extended_SAR
		r.skip(32)
	}
	if r.flag() { // overscan_info_present_flag
		r.skip(1)
	}
	if !r.flag() { // video_signal_type_present_flag
		return
	}
	r.skip(3)
	full := r.flag()
	matrix := 2
	if r.flag() { // colour_description_present_flag
		r.skip(16)
		matrix = int(r.bits(8))
	}
	if !r.bad {
		v.fullRange, v.matrix = answer(full), matrixOf(matrix)
	}
}
