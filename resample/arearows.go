package resample

// output says what becomes of a result pixel.
type output uint8

const (
	asIs    output = iota // the channels in the source's order
	swapped               // first and third channel exchanged
	asLuma                // BGR to one byte
)

func (o output) bytes(channels int) int {
	if o == asLuma {
		return 1
	}
	return channels
}

// resize computes row after row: the source rows that a result row covers
// are blended first, because that runs along memory, then the columns.
func (a *Area) resize(dst, src []byte, stride int, o output) {
	if stride < a.srcW*a.channels || len(src) < (a.srcH-1)*stride+a.srcW*a.channels {
		panic("BUG: resample: the source is smaller than the plan")
	}
	n := a.crop.Dx() * o.bytes(a.channels)
	for y := range a.crop.Dy() {
		row := dst[y*n : (y+1)*n]
		if a.narrow {
			a.narrowRow(row, src, stride, y, o)
			continue
		}
		a.blend(src, stride, y)
		switch {
		case a.channels == 1:
			a.greyRow(row, src, stride, y)
		case a.wide:
			a.colourRowWide(row, src, stride, y, o)
		case a.x.most == 4:
			a.colourRow4(row, src, stride, y, o)
		default:
			a.colourRow(row, src, stride, y, o)
		}
	}
}

// narrowRow computes result row y sample by sample.
func (a *Area) narrowRow(dst, src []byte, stride, y int, o output) {
	for x := range a.crop.Dx() {
		if a.channels == 1 {
			dst[x] = a.sample(src, stride, x, y, 0)
		} else {
			a.exactPixel(dst, src, stride, x, y, o)
		}
	}
}

// exactPixel computes pixel x of result row y in OpenCV's order.
func (a *Area) exactPixel(dst, src []byte, stride, x, y int, o output) {
	put(dst, x, a.sample(src, stride, x, y, 0), a.sample(src, stride, x, y, 1), a.sample(src, stride, x, y, 2), o)
}

// put writes the pixel whose channels are c0, c1, c2 in the source to place
// x of a result row.
func put(dst []byte, x int, c0, c1, c2 byte, o output) {
	if o == asLuma {
		dst[x] = luma(c2, c1, c0)
		return
	}
	if o == swapped {
		c0, c2 = c2, c0
	}
	p := dst[3*x : 3*x+3 : 3*x+3]
	p[0], p[1], p[2] = c0, c1, c2
}

// blend fills a.blended with the sum of the source rows that result row y
// covers, each times its share. Kernels go through a row eight samples at a
// time; what is left over is done by one more step that ends with the row.
func (a *Area) blend(src []byte, stride, y int) {
	taps := a.y.of(y)
	row := func(i int) ([]byte, uint64) {
		var share uint64 // a row too many has no share
		if i < len(taps) {
			share = taps[i].share
		} else {
			i = 0
		}
		at := taps[i].src*stride + a.from
		return src[at : at+a.width : at+a.width], share
	}
	tail := a.width - 8
	small := 255*a.y.unit <= 0xFFFF
	switch r0, w0 := row(0); {
	case small && len(taps) <= 3:
		r1, w1 := row(1)
		r2, w2 := row(2)
		blend3(a.blended, r0, r1, r2, w0, w1, w2)
		blend3(a.blended[4*tail:], r0[tail:], r1[tail:], r2[tail:], w0, w1, w2)
	case small && len(taps) == 4:
		r1, w1 := row(1)
		r2, w2 := row(2)
		r3, w3 := row(3)
		blend4(a.blended, r0, r1, r2, r3, w0, w1, w2, w3)
		blend4(a.blended[4*tail:], r0[tail:], r1[tail:], r2[tail:], r3[tail:], w0, w1, w2, w3)
	default:
		add, spread, words := add16, spread16, 2
		if !small {
			add, spread, words = add32, spread32, 4
		}
		carry := a.carry[:a.width/8*words]
		end := a.carry[len(carry) : len(carry)+words]
		clear(a.carry)
		for i := 0; i < len(taps); i += 2 {
			r0, w0 := row(i)
			r1, w1 := row(i + 1)
			add(carry, r0, r1, w0, w1)
			add(end, r0[tail:], r1[tail:], w0, w1)
		}
		spread(a.blended, carry)
		spread(a.blended[4*tail:], end)
	}
}
