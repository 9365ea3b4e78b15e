package container

// hevcNALSPS is the NAL unit type of a sequence parameter set.
const hevcNALSPS = 33

// h265SPS reads a sequence parameter set of ITU-T H.265, 7.3.2.2, with its
// NAL header.
func h265SPS(nal []byte) video {
	if len(nal) < 4 || nal[0]>>1&63 != hevcNALSPS || nal[0]&0x80 != 0 {
		return video{}
	}
	r := newBitReader(nal[2:])
	r.skip(4)
	layers := int(r.bits(3)) // sps_max_sub_layers_minus1
	r.skip(1)
	v := video{codec: "hevc"}
	h265Profile(r, layers, &v)
	r.ue()           // sps_seq_parameter_set_id
	if r.ue() == 3 { // chroma_format_idc
		r.skip(1)
	}
	r.ue()
	r.ue()
	if r.flag() { // conformance_window_flag
		for range 4 {
			r.ue()
		}
	}
	r.ue()
	r.ue()
	pocBits := r.ue() + 4 // log2_max_pic_order_cnt_lsb
	from := layers
	if r.flag() {
		from = 0
	}
	for i := from; i <= layers; i++ {
		r.ue()
		r.ue()
		r.ue()
	}
	for range 6 {
		r.ue()
	}
	if r.flag() && r.flag() { //nolint:staticcheck // two flags in a row: scaling lists, given here
		h265ScalingLists(r)
	}
	r.skip(2)
	if r.flag() { // pcm_enabled_flag
		r.skip(8)
		r.ue()
		r.ue()
		r.skip(1)
	}
	h265RefPicSets(r)
	if r.flag() { // long_term_ref_pics_present_flag
		for n := min(r.ue(), 32); n > 0; n-- {
			r.skip(int(min(pocBits, 16)) + 1)
		}
	}
	r.skip(2)
	if r.flag() {
		h265VUI(r, &v)
	}
	if r.bad {
		return video{}
	}
	return v
}

// h265Profile reads profile_tier_level, 7.3.3.
func h265Profile(r *bitReader, layers int, v *video) {
	r.skip(8 + 32)
	progressive, interlaced := r.flag(), r.flag()
	switch {
	case progressive && !interlaced:
		v.interlaced = No
	case interlaced && !progressive:
		v.interlaced = Maybe
	}
	r.skip(46 + 8)
	var profile, level [8]bool
	for i := range layers {
		profile[i], level[i] = r.flag(), r.flag()
	}
	if layers > 0 {
		r.skip(2 * (8 - layers))
	}
	for i := range layers {
		if profile[i] {
			r.skip(88)
		}
		if level[i] {
			r.skip(8)
		}
	}
}

func h265ScalingLists(r *bitReader) {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for m := 0; m < 6; m += step {
			if !r.flag() {
				r.ue()
				continue
			}
			if size > 1 {
				r.se()
			}
			for range min(64, 1<<(4+2*size)) {
				r.se()
			}
		}
	}
}

// h265RefPicSets passes over the short-term reference picture sets, 7.3.7.
func h265RefPicSets(r *bitReader) {
	sets := min(r.ue(), 64)
	before := uint(0) // number of pictures in the set before
	for i := uint(0); i < sets && !r.bad; i++ {
		if i > 0 && r.flag() { // inter_ref_pic_set_prediction_flag
			r.skip(1)
			r.ue()
			n := uint(0)
			for range before + 1 {
				used := r.flag()
				if used || r.flag() { // use_delta_flag is read where not used
					n++
				}
			}
			before = min(n, 64)
			continue
		}
		n := min(r.ue(), 16) + min(r.ue(), 16)
		for range n {
			r.ue()
			r.skip(1)
		}
		before = n
	}
}

func h265VUI(r *bitReader, v *video) {
	vui(r, v)
	// video_signal_type ends where vui stops reading; then:
	if r.flag() { // chroma_loc_info_present_flag
		r.ue()
		r.ue()
	}
	r.skip(1)
	if r.flag() { // field_seq_flag: fields are pictures of their own
		v.interlaced = Yes
	}
}
